//! Supervision: who died, of what, and what is done about it.
//!
//! actix does not restart an actor whose handler panicked: its address stays dead. So each child
//! owns a guard whose drop tells the parent, and the parent decides by a pure policy: restart with
//! growing, jittered pauses, or give up with a visible reason. Giving up on one child never touches
//! its siblings.

mod guard;
mod policy;

pub use guard::{ChildDied, ChildGuard};
pub use policy::{Decision, RestartPolicy, Restarts};
