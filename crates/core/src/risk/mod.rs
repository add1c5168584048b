//! Risk: one pure function between a wish and an order.
//!
//! `review` turns an intent, a view of the account and limits into an approval (with every clamp
//! listed) or a denial with a code. The type of an order plan cannot be built without an approval.
//! Missing data denies. Making a position smaller is never blocked by confidence or exposure.

mod denial;
mod gates;
mod limits;
mod review;
mod sizing;
mod view;

pub use denial::{Clamp, ClampedField, Denial, DenialCode};
pub use limits::{Arming, LimitError, RiskLimits};
pub use review::{Approved, review};
pub use view::{KeptView, LiveLeave, RiskView};
