//! Somebody who has an account at an exchange, and writes down what is heard.

use std::cell::RefCell;
use std::rc::Rc;

use actix::prelude::*;
use banyan::exchanges::{
    EmbeddedExchange, EmbeddedMarketplace, Inspect, MarketBatch, Marketplace, ProcessId, Venue,
    VenueDelivery,
};
use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::InstrumentId;
use banyan_core::market::MarketEvent;
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::symbol::Asset;
use banyan_core::time::Timestamp;
use banyan_core::venue::{Snapshot, VenueCommand, VenueMessage, VenueReport};
use banyan_matching::exchange::AccountSettings as VenueAccount;
use banyan_matching::world::World;

pub(crate) const START: Timestamp = Timestamp::from_milliseconds(1_767_225_600_000);
pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(7);
pub(crate) const BTC: InstrumentId = InstrumentId(0);

/// What was heard, in order.
#[derive(Default, Clone)]
pub(crate) struct Heard {
    pub(crate) messages: Rc<RefCell<Vec<VenueMessage>>>,
    pub(crate) events: Rc<RefCell<Vec<MarketEvent>>>,
}

struct Ear(Heard);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<VenueDelivery> for Ear {
    type Result = ();

    fn handle(&mut self, VenueDelivery(message): VenueDelivery, _: &mut Self::Context) {
        self.0.messages.borrow_mut().push(message);
    }
}

impl Handler<MarketBatch> for Ear {
    type Result = ();

    fn handle(&mut self, MarketBatch(events): MarketBatch, _: &mut Self::Context) {
        self.0.events.borrow_mut().extend(events.iter().cloned());
    }
}

/// The desk.
pub(crate) struct Desk {
    exchange: Addr<EmbeddedExchange>,
    venue: Box<dyn Venue>,
    pub(crate) heard: Heard,
    numbers: RefCell<u128>,
}

impl Desk {
    /// Opens the account if need be, and connects it and the feed.
    pub(crate) async fn open(exchange: Addr<EmbeddedExchange>, process: u64) -> Self {
        let desk = Self::connect(exchange, process).await;
        desk.marketplace(process).await.open_account(ACCOUNT, rich()).await.expect("it is there");
        desk
    }

    /// Connects the account and the feed.
    pub(crate) async fn connect(exchange: Addr<EmbeddedExchange>, process: u64) -> Self {
        let heard = Heard::default();
        let ear = Ear(heard.clone()).start();
        let market = EmbeddedMarketplace::enter(exchange.clone(), ProcessId(process)).await;
        let market = market.expect("the exchange is there");
        let venue = market.connect(ACCOUNT, ear.clone().recipient());
        market.connect_feed(ear.recipient());
        let numbers = RefCell::new(u128::from(process) << 32);
        Self { exchange, venue, heard, numbers }
    }

    async fn marketplace(&self, process: u64) -> EmbeddedMarketplace {
        let market = EmbeddedMarketplace::enter(self.exchange.clone(), ProcessId(process)).await;
        market.expect("the exchange is there")
    }

    pub(crate) fn call(&self, command: VenueCommand) {
        self.venue.call(command);
    }

    /// Sends an order for this many thousandths of a coin.
    pub(crate) fn submit(&self, side: Side, kind: OrderKind, quantity: Quantity) -> ClientOrderId {
        *self.numbers.borrow_mut() += 1;
        let client_id = ClientOrderId(*self.numbers.borrow());
        let time_in_force = match kind {
            OrderKind::Market => TimeInForce::ImmediateOrCancel,
            _ => TimeInForce::GoodTillCancelled,
        };
        let request = OrderRequest {
            client_id,
            instrument: BTC,
            side,
            position_side: PositionSide::Net,
            quantity,
            kind,
            time_in_force,
            reduce_only: false,
            close_position: false,
        };
        self.call(VenueCommand::SubmitOrder { request, expires: Timestamp(i64::MAX) });
        client_id
    }

    /// Looks into the exchange.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&World, Timestamp) -> T + Send + 'static,
    ) -> T {
        let (answer, seen) = tokio::sync::oneshot::channel();
        let look = move |world: &World, now| {
            let _ = answer.send(look(world, now));
        };
        self.exchange.send(Inspect(Box::new(look))).await.expect("the exchange is there");
        seen.await.expect("it was looked at")
    }

    pub(crate) async fn books(&self) -> Snapshot {
        let books = self.look(|world, now| world.exchange().snapshot(ACCOUNT, START, now)).await;
        books.expect("the account is open")
    }

    pub(crate) async fn price(&self) -> Price {
        let price = self.look(|world, _| world.exchange().views().get(BTC).valuation()).await;
        price.expect("somebody quotes")
    }

    /// Waits until something that was told is what is looked for.
    pub(crate) async fn wait_for(&self, is: impl Fn(&VenueReport) -> bool) {
        for _ in 0..400 {
            if self.heard.messages.borrow().iter().any(|message| is(&message.report)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("it was never told; told was {:?}", self.heard.messages.borrow());
    }
}

pub(crate) fn rich() -> VenueAccount {
    let usdt = Asset::new("USDT").expect("a code of letters");
    VenueAccount {
        balances: vec![(usdt, Amount::from_units(1_000_000))],
        default_leverage: 5,
        ..VenueAccount::default()
    }
}

pub(crate) fn is_fill(report: &VenueReport) -> bool {
    matches!(report, VenueReport::OrderFilled(_))
}
