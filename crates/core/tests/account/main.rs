//! The account as a whole: what it sends, books, guards and remembers, against a scripted venue.

mod chaos;
mod desk;
mod doubts;
mod durability;
mod equity;
mod exits;
mod fills;
mod growth;
mod guard;
mod journal;
mod kill;
mod listing;
mod netting;
mod orders;
mod protection;
mod recovery;
mod replay;
mod resumption;
mod settling;
mod sharing;
mod venue;
mod wishes;
