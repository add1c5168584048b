//! The store on real databases: what is written comes back, and nothing is lost or believed
//! wrongly.

mod foundation;
