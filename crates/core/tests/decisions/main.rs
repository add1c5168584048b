//! Decisions of models: what is read out of their answers, how votes are counted, how claims are
//! checked, how records are sealed and replayed.

mod calibration;
mod claims;
mod corpus;
mod counterfactual;
mod debate;
mod generated;
mod reading;
mod repairs;
mod scene;
mod schema;
mod seal;
