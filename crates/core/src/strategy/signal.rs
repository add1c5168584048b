//! What strategies share that hold one position at a time and trade at the market on a signal.
//!
//! Takes care of the position, the order that is out and its answer; knows no indicator.

use serde::{Deserialize, Serialize};

use super::answer::Doubt;
use super::exits::Exits;
use super::market_order::MarketOrder;
use super::{Effects, Subscription};
use crate::instrument::{Instrument, InstrumentId};
use crate::intent::{ExitReason, Intent, Protection, Sizing};
use crate::market::Candle;
use crate::money::{Amount, Price};
use crate::order::Side;
use crate::time::{Timeframe, Timestamp};
use crate::worker::{WorkerNotice, WorkerView};

/// The trading half of a signal strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignalTrader {
    instrument: InstrumentId,
    price_decimals: u8,
    timeframe: Timeframe,
    notional: Amount,
    leverage: u32,
    exits: Exits,
    order: MarketOrder,
    doubt: Doubt,
    /// Open time of the newest candle taken in.
    newest: Option<Timestamp>,
}

/// What a trader is made of.
pub(super) struct SignalTerms {
    pub(super) timeframe: Timeframe,
    pub(super) notional: Amount,
    pub(super) leverage: u32,
    pub(super) exits: Exits,
}

impl SignalTrader {
    pub(super) fn new(terms: &SignalTerms, instrument: &Instrument) -> Self {
        Self {
            instrument: instrument.id,
            price_decimals: instrument.price_decimals,
            timeframe: terms.timeframe,
            notional: terms.notional,
            leverage: terms.leverage,
            exits: terms.exits,
            order: MarketOrder::default(),
            doubt: Doubt::default(),
            newest: None,
        }
    }

    pub(super) fn subscription(&self, warm_up: usize) -> Subscription {
        Subscription {
            instruments: vec![self.instrument],
            candles: vec![(self.timeframe, warm_up)],
            trades: false,
            book_tops: false,
            funding: false,
        }
    }

    /// The close of a candle that is its own and newer than all before; each counts once, however
    /// often the past is told again.
    pub(super) fn close_of(
        &mut self,
        instrument: InstrumentId,
        timeframe: Timeframe,
        candle: &Candle,
    ) -> Option<f64> {
        let own = instrument == self.instrument && timeframe == self.timeframe;
        if !own || self.newest.is_some_and(|newest| candle.open_time <= newest) {
            return None;
        }
        self.newest = Some(candle.open_time);
        Some(candle.close.to_f64(self.price_decimals))
    }

    pub(super) fn started(&mut self, now: Timestamp, effects: &mut Effects) {
        self.order.restarted();
        self.doubt.begin(now, effects);
    }

    pub(super) fn hear(&mut self, notice: &WorkerNotice) {
        self.order.hear(notice, self.instrument);
    }

    /// Says whether an order of its own is still unanswered.
    pub(super) fn is_waiting(&mut self, now: Timestamp) -> bool {
        if self.doubt.is_over(now) {
            self.order.give_up();
        }
        self.order.is_pending()
    }

    /// The side of its own position.
    pub(super) fn held(&self, view: &WorkerView<'_>) -> Option<Side> {
        view.book.position(self.instrument).side()
    }

    /// Opens a position at the market, with stop and target as distances from the present price.
    /// Returns false when no price is known.
    pub(super) fn open(
        &mut self,
        side: Side,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) -> bool {
        let instrument = view.instruments.get(self.instrument);
        let price = view.markets.get(self.instrument).taking(side);
        let Some((instrument, price)) = instrument.zip(price) else {
            return false;
        };
        self.order.opens(side);
        effects.intents.push(Intent::Open {
            instrument: self.instrument,
            side,
            sizing: Sizing::Notional(self.notional),
            leverage: Some(self.leverage),
            protection: self.protection(side, price, instrument),
            confidence: None,
        });
        true
    }

    fn protection(&self, side: Side, price: Price, instrument: &Instrument) -> Protection {
        self.exits.protection(side, price, instrument)
    }

    /// Closes its own position, which an order of `held` opened.
    pub(super) fn close(&mut self, held: Side, effects: &mut Effects) {
        self.order.closes(held.opposite());
        effects.intents.push(Intent::Close {
            instrument: self.instrument,
            quantity: None,
            reason: ExitReason::ExitSignal,
        });
    }
}
