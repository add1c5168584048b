//! Actors one by one, under paused time: the journal writer, channels, jobs,
//! the model desk, and what the notifier
//! hears of a worker that is given up. The tree as a whole is tested by the simulation.

mod channels;
mod jobs;
mod journal;
mod models;
mod stage;
