//! Decisions of models: what is read out of their answers, how votes are counted, how claims are
//! checked, how records are sealed and replayed.

mod claims;
mod debate;
mod reading;
mod repairs;
mod scene;
