//! The one market order that a strategy may have on its way.
//!
//! Market orders have no tag, so an answer is matched by its side; while one is out, the strategy
//! sends no other. Knows nothing of why it was sent.

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use crate::instrument::InstrumentId;
use crate::order::{OrderState, Side};
use crate::worker::WorkerNotice;

/// What a notice did to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing that ends it.
    Pending,
    /// It traded, and no longer blocks another.
    Filled,
    /// It was denied or ended without having traded.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    side: Side,
    closes: bool,
    filled: bool,
    answer: Answer,
}

/// At most one market order, from the wish to its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MarketOrder(Option<Sent>);

impl MarketOrder {
    /// Notes that a position is being opened or added to.
    pub(super) fn opens(&mut self, side: Side) {
        self.send(side, false);
    }

    /// Notes that a position is being closed by an order of `side`.
    pub(super) fn closes(&mut self, side: Side) {
        self.send(side, true);
    }

    fn send(&mut self, side: Side, closes: bool) {
        self.0 = Some(Sent { side, closes, filled: false, answer: Answer::Awaited });
    }

    pub(super) fn is_pending(&self) -> bool {
        self.0.is_some()
    }

    /// Takes in a notice of `instrument`'s worker; those of tagged orders change nothing.
    pub(super) fn hear(&mut self, notice: &WorkerNotice, instrument: InstrumentId) -> Outcome {
        let Some(sent) = &mut self.0 else {
            return Outcome::Pending;
        };
        let outcome = sent.hear(notice, instrument);
        if outcome != Outcome::Pending {
            self.0 = None;
        }
        outcome
    }

    /// A restart: an unanswered order is doubtful now.
    pub(super) fn restarted(&mut self) {
        if let Some(sent) = &mut self.0 {
            sent.answer.restarted();
        }
    }

    /// Forgets an order that never reached the account. Says whether there was one.
    pub(super) fn give_up(&mut self) -> bool {
        self.0.take_if(|sent| sent.answer == Answer::Doubtful).is_some()
    }
}

impl Sent {
    fn hear(&mut self, notice: &WorkerNotice, here: InstrumentId) -> Outcome {
        match notice {
            WorkerNotice::OrderFilled { tag: None, instrument, side, position, .. }
                if *instrument == here && *side == self.side =>
            {
                (self.filled, self.answer) = (true, Answer::Heard);
                self.end_when(!self.closes || position.is_flat(), Outcome::Filled)
            }
            WorkerNotice::OrderUpdated { tag: None, instrument, side, state, .. }
                if *instrument == here && *side == self.side =>
            {
                self.answer = Answer::Heard;
                // Its fills are told on their own, perhaps later.
                let filled = *state == OrderState::Filled;
                let failed = state.is_final() && !filled;
                self.end_when(failed || filled && self.filled, Outcome::Failed)
            }
            WorkerNotice::IntentDenied { tag: None, instrument, .. }
                if instrument.is_none_or(|instrument| instrument == here) =>
            {
                self.end_when(self.answer != Answer::Heard, Outcome::Failed)
            }
            _ => Outcome::Pending,
        }
    }

    fn end_when(&self, over: bool, outcome: Outcome) -> Outcome {
        if over { outcome } else { Outcome::Pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Amount, Price, Quantity};
    use crate::position::Position;

    const HERE: InstrumentId = InstrumentId(0);

    fn updated(side: Side, state: OrderState) -> WorkerNotice {
        let (remaining, price) = (Quantity(1), None);
        WorkerNotice::OrderUpdated { tag: None, instrument: HERE, side, state, remaining, price }
    }

    fn filled(side: Side, held: i64) -> WorkerNotice {
        WorkerNotice::OrderFilled {
            tag: None,
            instrument: HERE,
            side,
            price: Price(1),
            quantity: Quantity(1),
            fee: Amount::ZERO,
            realized: Amount::ZERO,
            exit: None,
            position: Position { quantity: Quantity(held), cost: Amount(i128::from(held)) },
        }
    }

    fn denied() -> WorkerNotice {
        let code = "STALE_FEED".to_owned();
        WorkerNotice::IntentDenied { tag: None, instrument: Some(HERE), code }
    }

    fn outcomes(closes: bool, notices: &[WorkerNotice]) -> Vec<Outcome> {
        let mut order = MarketOrder::default();
        order.send(Side::Sell, closes);
        let heard = notices.iter().map(|notice| order.hear(notice, HERE)).collect();
        let ended = heard != vec![Outcome::Pending; notices.len()];
        assert_eq!(order.is_pending(), !ended);
        heard
    }

    #[test]
    fn only_an_answer_to_it_ends_it() {
        use Outcome::{Failed, Filled, Pending};
        let (sell, buy) = (Side::Sell, Side::Buy);
        let planned = || updated(sell, OrderState::Planned);
        let cases = [
            (false, vec![denied()], vec![Failed]),
            // What is under way is not denied: that was another wish.
            (false, vec![planned(), denied()], vec![Pending, Pending]),
            (false, vec![planned(), updated(sell, OrderState::Rejected)], vec![Pending, Failed]),
            (false, vec![updated(buy, OrderState::Cancelled)], vec![Pending]),
            (false, vec![filled(buy, 1)], vec![Pending]),
            (false, vec![filled(sell, -1)], vec![Filled]),
            (
                false,
                vec![updated(sell, OrderState::Filled), filled(sell, -1)],
                vec![Pending, Filled],
            ),
            (true, vec![filled(sell, 1), filled(sell, 0)], vec![Pending, Filled]),
            (true, vec![filled(sell, 1), updated(sell, OrderState::Filled)], vec![Pending, Failed]),
        ];
        for (closes, notices, expected) in cases {
            assert_eq!(outcomes(closes, &notices), expected, "{notices:?}");
        }
    }

    #[test]
    fn only_what_was_never_heard_of_is_given_up_after_a_restart() {
        let mut order = MarketOrder::default();
        order.opens(Side::Sell);
        assert!(!order.give_up());
        order.hear(&updated(Side::Sell, OrderState::Planned), HERE);
        order.restarted();
        assert!(!order.give_up());
        order.opens(Side::Sell);
        order.restarted();
        assert!(order.give_up() && !order.is_pending());
    }
}
