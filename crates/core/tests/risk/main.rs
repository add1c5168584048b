//! Risk review: every refusal, every clamp, what is never refused, and what is never exceeded.

mod clamps;
mod denials;
mod documentation;
mod exits;
mod limits;
mod scene;
