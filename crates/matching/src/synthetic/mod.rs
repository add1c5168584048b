//! A market that is made up: seeded, endless, and born with a past of ninety days.
//!
//! Everything follows from the seed. Floats serve as statistics inside the generator and are
//! rounded to ticks and steps before they leave it; only the four operations and square roots are
//! used, so that every machine makes the same market.

mod fair;
mod flow;
mod lane;
mod market;
mod noise;
mod past;
mod profile;
mod regime;
mod settings;

pub use market::SyntheticMarket;
pub use regime::Regime;
pub use settings::SyntheticSettings;
