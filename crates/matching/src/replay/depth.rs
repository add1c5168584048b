//! Outsiders' orders around a price, where only the price was recorded.

use std::sync::Arc;

use banyan_core::instrument::Instrument;
use banyan_core::money::{Amount, Price, Quantity};

use crate::market::{Level, MarketChange};

/// Makes the same book around every price: levels one tick apart, each of the same value.
#[derive(Debug, Clone)]
pub(super) struct SyntheticDepth {
    instrument: Arc<Instrument>,
    half_spread: i64,
    levels: usize,
    notional: Amount,
    /// The quantity of a level, and the price at which it was computed.
    sized: (Price, Quantity),
}

impl SyntheticDepth {
    /// `half_spread` in ticks (at least one), `notional` of one level in the settle asset.
    pub(super) fn new(
        instrument: Arc<Instrument>,
        half_spread: u32,
        levels: usize,
        notional: Amount,
    ) -> Self {
        let half_spread = i64::from(half_spread.max(1));
        Self { instrument, half_spread, levels, notional, sized: (Price::ZERO, Quantity::ZERO) }
    }

    /// The book around `price`.
    pub(super) fn around(&mut self, price: Price) -> MarketChange {
        let quantity = self.quantity(price);
        let tick = self.instrument.filters.tick.0;
        let first = self.half_spread * tick;
        let level = |price: i64| Level { price: Price(price), quantity };
        let distances = (0..self.levels as i64).map(|index| first + index * tick);
        let asks = distances.clone().map(|distance| level(price.0 + distance)).collect();
        let bids = distances
            .map(|distance| level(price.0 - distance))
            .take_while(|level| level.price.is_positive())
            .collect();
        MarketChange::Depth { bids, asks }
    }

    /// Sizes a level anew when the price has moved by more than a sixty-fourth: wide divisions are
    /// dear, and a recorded market is replayed millions of points long.
    fn quantity(&mut self, price: Price) -> Quantity {
        let (reference, quantity) = self.sized;
        if (price - reference).abs().0 <= reference.0 / 64 && quantity.is_positive() {
            return quantity;
        }
        let filters = &self.instrument.filters;
        let quantity = self.instrument.quantity_for(self.notional, price);
        let quantity = quantity.min(filters.max_quantity).max(filters.step);
        self.sized = (price, quantity);
        quantity
    }
}

#[cfg(test)]
mod tests {
    use banyan_core::instrument::InstrumentId;

    use super::*;
    use crate::listing::well_known;

    fn around(price: Price) -> (Vec<Level>, Vec<Level>) {
        let btc = well_known(InstrumentId(0), &"BTC/USDT:USDT".parse().unwrap()).unwrap();
        let mut depth = SyntheticDepth::new(Arc::new(btc), 2, 5, Amount::from_units(40_000));
        match depth.around(price) {
            MarketChange::Depth { bids, asks } => (bids, asks),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn levels_stand_a_tick_apart_around_the_price() {
        let (bids, asks) = around(Price(4_000_000));
        let prices = |levels: &[Level]| levels.iter().map(|it| it.price.0).collect::<Vec<_>>();
        assert_eq!(prices(&bids), [3_999_980, 3_999_970, 3_999_960, 3_999_950, 3_999_940]);
        assert_eq!(prices(&asks), [4_000_020, 4_000_030, 4_000_040, 4_000_050, 4_000_060]);
        assert!(bids.iter().chain(&asks).all(|level| level.quantity == Quantity(1_000)));
    }

    #[test]
    fn no_bid_stands_at_zero_or_below() {
        let (bids, asks) = around(Price(40));
        assert_eq!((bids.len(), asks.len()), (2, 5));
    }
}
