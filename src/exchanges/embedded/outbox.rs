//! What the exchange has to say, and from when on it may.
//!
//! Everything leaves in the order in which it came. What follows from an input that could still be
//! lost waits until it cannot. Knows nothing of how inputs are kept.

use std::collections::VecDeque;

use banyan_core::ids::AccountId;
use banyan_core::market::MarketEvent;
use banyan_core::venue::VenueMessage;
use tokio::sync::oneshot;

use super::ProcessId;

/// How much may wait before the exchange lets its market stand still.
const LIMIT: usize = 65_536;

/// Something to be said.
pub(super) enum Saying {
    /// To everybody.
    Market(MarketEvent),
    /// To an account, over the connection that it had when this was said.
    Account { account: AccountId, process: Option<ProcessId>, message: VenueMessage },
    /// To somebody who asked for something and waits.
    Done(oneshot::Sender<()>),
}

/// What waits, each with the number of the input that must be durable before.
#[derive(Default)]
pub(super) struct Outbox(VecDeque<(u64, Saying)>);

impl Outbox {
    pub(super) fn push(&mut self, after: u64, saying: Saying) {
        self.0.push_back((after, saying));
    }

    /// The next that may leave when inputs up to `durable` are.
    pub(super) fn pop(&mut self, durable: u64) -> Option<Saying> {
        self.0.pop_front_if(|(after, _)| *after <= durable).map(|(_, saying)| saying)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overtakes_what_waits() {
        let mut outbox = Outbox::default();
        for after in [0, 2, 1] {
            outbox.push(after, Saying::Done(oneshot::channel().0));
        }
        assert!(outbox.pop(1).is_some());
        assert!(outbox.pop(1).is_none());
        assert!(outbox.pop(2).is_some() && outbox.pop(2).is_some());
        assert!(outbox.pop(u64::MAX).is_none());
    }
}
