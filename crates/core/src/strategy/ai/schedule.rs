//! When the next cycle begins: by interval, as a model asked, or because something happened.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::books::Books;
use crate::decision::Trigger;
use crate::instrument::InstrumentId;
use crate::intent::ExitReason;
use crate::market::Candle;
use crate::money::Price;
use crate::strategy::config::{AiConfig, EventTriggers};
use crate::time::{Span, Timestamp};

/// When to run next, and why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Schedule {
    next: Option<(Timestamp, Trigger)>,
    began: Option<Timestamp>,
    /// Prices when the last cycle began.
    prices: BTreeMap<InstrumentId, Price>,
}

impl Schedule {
    /// When the next cycle begins, and why; `None` before the first.
    pub(super) fn next(&self) -> Option<(Timestamp, Trigger)> {
        self.next
    }

    /// A cycle begins.
    pub(super) fn began(&mut self, now: Timestamp, prices: BTreeMap<InstrumentId, Price>) {
        (self.began, self.prices) = (Some(now), prices);
    }

    /// A cycle is over; the model may have asked for the time of the next, within bounds.
    pub(super) fn ended(&mut self, now: Timestamp, review: Option<u32>, config: &AiConfig) {
        let began = self.began.unwrap_or(now);
        let regular = began + Span::minutes(i64::from(config.interval_minutes));
        self.next = Some(match review {
            None => (regular.max(now), Trigger::Interval),
            Some(minutes) => (now + Span::minutes(i64::from(minutes)), Trigger::Review),
        });
    }

    /// Something happened that calls for a cycle before its time, as soon as the last is long
    /// enough ago.
    fn pull_forward(&mut self, trigger: Trigger, now: Timestamp, events: &EventTriggers) {
        let cooldown = Span::minutes(i64::from(events.cooldown_minutes));
        let at = self.began.map_or(now, |began| now.max(began + cooldown));
        if self.next.is_none_or(|(next, _)| at < next) {
            self.next = Some((at, trigger));
        }
    }

    /// Looks whether a closed candle calls for a cycle.
    pub(super) fn candle(
        &mut self,
        instrument: InstrumentId,
        candle: &Candle,
        books: &Books,
        now: Timestamp,
        events: &EventTriggers,
    ) {
        let moved = self
            .prices
            .get(&instrument)
            .is_some_and(|before| is_beyond(candle.close, *before, events.volatility_percent));
        if moved {
            self.pull_forward(Trigger::Volatility, now, events);
        }
        let stop = books.held.get(&instrument).and_then(|held| held.stop_loss);
        let near = events.stop_near_percent > Decimal::ZERO
            && stop.is_some_and(|stop| !is_beyond(stop, candle.close, events.stop_near_percent));
        if near {
            self.pull_forward(Trigger::StopNear, now, events);
        }
    }

    /// Looks whether a fill calls for a cycle: only one that the strategy did not ask for.
    pub(super) fn fill(
        &mut self,
        exit: Option<ExitReason>,
        now: Timestamp,
        events: &EventTriggers,
    ) {
        let surprise = matches!(
            exit,
            Some(
                ExitReason::TakeProfit
                    | ExitReason::StopLoss
                    | ExitReason::TrailingStopLoss
                    | ExitReason::Liquidation
                    | ExitReason::Adl
                    | ExitReason::ForceExit
            )
        );
        if events.on_fill && surprise {
            self.pull_forward(Trigger::Fill, now, events);
        }
    }
}

/// Says whether `price` is farther from `from` than so many percent; never for zero percent.
fn is_beyond(price: Price, from: Price, percent: Decimal) -> bool {
    let moved = Decimal::from((price - from).abs().0) * Decimal::ONE_HUNDRED;
    percent > Decimal::ZERO && moved >= Decimal::from(from.0) * percent
}

/// What a model asked for as its next review, within the bounds of the configuration.
pub(super) fn bounded_review(asked: Option<u32>, config: &AiConfig) -> Option<u32> {
    asked.map(|minutes| minutes.clamp(config.min_review_minutes, config.max_review_minutes))
}
