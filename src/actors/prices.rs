//! The latest prices, for whoever shows or checks something; never asked on the tick path.

use actix::prelude::*;
use banyan_core::market::MarketViews;

use crate::exchanges::MarketBatch;

/// Keeps the latest prices of every instrument.
#[derive(Default)]
pub(super) struct PriceBoard(MarketViews);

/// Asks for them.
#[derive(Message)]
#[rtype(result = "MarketViews")]
pub(super) struct GetPrices;

impl Actor for PriceBoard {
    type Context = Context<Self>;
}

impl Handler<MarketBatch> for PriceBoard {
    type Result = ();
    fn handle(&mut self, MarketBatch(events): MarketBatch, _: &mut Self::Context) {
        for event in events.iter() {
            self.0.apply(event);
        }
    }
}

impl Handler<GetPrices> for PriceBoard {
    type Result = MessageResult<GetPrices>;
    fn handle(&mut self, _: GetPrices, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.0.clone())
    }
}
