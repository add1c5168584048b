//! The embedded exchange and its memory: what it tells, what it keeps, and how it goes on after its
//! process died.

mod desk;
mod durability;
mod restart;
