//! A worker's own standing, as a model is told it.
//!
//! All from what the worker itself has and what prices are now; knows nothing of the account.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::exact;
use crate::decision::{AccountSnapshot, PositionSnapshot};
use crate::instrument::{Instrument, InstrumentId};
use crate::margin::liquidation_price;
use crate::money::{Amount, Price, Rate, Rounding};
use crate::position::Position;
use crate::time::Timestamp;
use crate::worker::WorkerView;

/// What a strategy remembers of a position that it wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The leverage that it was wished with.
    pub leverage: u32,
    /// Where it is to be left.
    pub stop_loss: Option<Price>,
    /// See `stop_loss`.
    pub take_profit: Option<Price>,
    /// When it was opened, as far as is known.
    pub opened_at: Option<Timestamp>,
}

/// What is not known of a position: that it was margined at all.
const UNKNOWN: Held = Held { leverage: 1, stop_loss: None, take_profit: None, opened_at: None };

/// A position with what is needed to value it.
struct Valued<'a> {
    instrument: &'a Instrument,
    position: Position,
    mark: Price,
    held: Held,
}

/// The worker's standing and its positions, in the order of their instruments.
///
/// `realized` is what it earned so far, with `fees` and funding already taken off. Positions that
/// `held` does not know count with leverage 1; a position whose market has no price is valued at
/// its entry.
#[must_use]
pub fn standing(
    view: &WorkerView<'_>,
    realized: Amount,
    fees: Amount,
    held: &BTreeMap<InstrumentId, Held>,
) -> (AccountSnapshot, Vec<PositionSnapshot>) {
    let mut valued: Vec<_> = valued(view, held).collect();
    valued.sort_by_key(|it| it.instrument.id);
    let unrealized: Amount = valued.iter().map(Valued::unrealized).sum();
    let margin_used: Amount = valued.iter().map(|it| it.margin(it.notional())).sum();
    let wallet = view.capital + realized;
    let equity = wallet + unrealized;
    let account = AccountSnapshot {
        capital: view.capital,
        equity,
        available: (equity - margin_used).max(Amount::ZERO),
        margin_used,
        unrealized,
        realized,
        fees,
    };
    (account, valued.iter().map(|it| it.snapshot(wallet)).collect())
}

fn valued<'a>(
    view: &WorkerView<'a>,
    held: &BTreeMap<InstrumentId, Held>,
) -> impl Iterator<Item = Valued<'a>> {
    let view = *view;
    view.book.positions.iter().filter_map(move |(id, position)| {
        let instrument = view.instruments.get(*id)?;
        let mark = view.markets.get(*id).valuation();
        let mark = mark.or_else(|| position.average_entry(instrument))?;
        let held = held.get(id).copied().unwrap_or(UNKNOWN);
        Some(Valued { instrument, position: *position, mark, held })
    })
}

impl Valued<'_> {
    fn unrealized(&self) -> Amount {
        self.position.unrealized(self.instrument, self.mark)
    }

    fn notional(&self) -> Amount {
        self.position.notional(self.instrument, self.mark)
    }

    /// What backs a value at the position's leverage.
    fn margin(&self, value: Amount) -> Amount {
        value.share(1, i128::from(self.held.leverage.max(1)), Rounding::Up)
    }

    fn snapshot(&self, wallet: Amount) -> PositionSnapshot {
        let Self { instrument, position, mark, held } = self;
        let price = |price: Price| exact::price(instrument, price);
        let entered_with = self.margin(position.cost.abs());
        PositionSnapshot {
            instrument: instrument.id,
            symbol: instrument.symbol.clone(),
            side: position.side().unwrap_or(crate::order::Side::Buy),
            quantity: exact::size(instrument, position.quantity.abs()),
            notional: self.notional(),
            entry_price: price(position.average_entry(instrument).unwrap_or(*mark)),
            mark_price: price(*mark),
            leverage: held.leverage.max(1),
            unrealized: self.unrealized(),
            unrealized_percent: {
                self.unrealized().ratio(entered_with, Rounding::Nearest).unwrap_or_default()
            },
            liquidation: self.liquidation(wallet),
            stop_loss: held.stop_loss.map(price),
            take_profit: held.take_profit.map(price),
            opened_at: held.opened_at,
        }
    }

    /// Where the position would be liquidated if it were the only one, and how far that is.
    fn liquidation(&self, wallet: Amount) -> Option<(Decimal, Rate)> {
        let at = liquidation_price(self.instrument, &self.position, wallet)?;
        let (mark, due) = (i128::from(self.mark.0), i128::from(at.0));
        let distance = Amount((mark - due).abs()).ratio(Amount(mark), Rounding::Floor)?;
        Some((exact::price(self.instrument, at), distance))
    }
}
