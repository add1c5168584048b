//! The half of the desk that stands in for account and venue: it carries out intents, answers them,
//! and insists that no two orders share a name and that no more is sold than is held.

use banyan_core::intent::Protection;
use banyan_core::intent::{ExitReason, Intent, OrderTag, Sizing};
use banyan_core::money::Price;
use banyan_core::money::{Quantity, Rate, Rounding};
use banyan_core::order::{OrderState, Side, TimeInForce};
use banyan_core::strategy::Strategy;
use banyan_core::worker::{WorkerEvent, WorkerNotice};

use crate::fixtures::HERE;
use crate::harness::{Desk, Resting};

impl<S: Strategy> Desk<S> {
    pub(crate) fn notice(&mut self, notice: WorkerNotice) {
        self.told = self.told.next();
        let (sequence, time) = (self.told, self.now);
        self.inbox.push_back(WorkerEvent { sequence, time, notice });
    }

    pub(crate) fn carry_out(&mut self, intent: Intent) {
        self.log.push(intent.clone());
        let enters = matches!(intent, Intent::Open { .. } | Intent::Place { .. });
        let cancels = matches!(intent, Intent::Cancel { .. });
        if self.denies && enters || self.keeps && cancels {
            let tag = match intent {
                Intent::Place { tag, .. } | Intent::Cancel { tag } => Some(tag),
                _ => None,
            };
            let code = "STALE_FEED".to_owned();
            return self.notice(WorkerNotice::IntentDenied { tag, instrument: Some(HERE), code });
        }
        match intent {
            Intent::Place { tag, side, quantity, price, time_in_force, reduce_only, .. } => {
                let order = Resting { side, price, remaining: quantity, reduce_only };
                self.place(tag, order, time_in_force == TimeInForce::PostOnly);
            }
            Intent::Cancel { tag } => self.end(tag, OrderState::Cancelled),
            Intent::CancelAll { .. } => {
                for tag in self.orders.keys().copied().collect::<Vec<_>>() {
                    self.end(tag, OrderState::Cancelled);
                }
            }
            Intent::Open { side, sizing, protection, .. } => {
                let quantity = match sizing {
                    Sizing::Quantity(quantity) => quantity,
                    Sizing::Notional(value) => self.instrument.quantity_for(value, self.last),
                };
                self.protection = protection;
                self.trade_at_market(side, quantity, None);
            }
            Intent::Close { reason, .. } => {
                let side = self.position.side().expect("there is something to close").opposite();
                self.trade_at_market(side, self.position.quantity.abs(), Some(reason));
            }
            Intent::Protect { protection, .. } => self.protection = protection,
            Intent::Resize { .. } => unreachable!("no rule strategy resizes"),
        }
    }

    fn place(&mut self, tag: OrderTag, order: Resting, post_only: bool) {
        assert!(!self.orders.contains_key(&tag), "two orders are called {tag:?}");
        assert!(order.remaining.is_positive() && self.instrument.accepts_price(order.price));
        if order.reduce_only {
            let sells = self.orders.values().filter(|other| other.side == Side::Sell);
            let sum: Quantity = sells.map(|other| other.remaining).sum();
            let held = self.position.quantity;
            assert!(sum + order.remaining <= held, "{sum:?} + {order:?} with {held:?} held");
        }
        let crosses = match order.side {
            Side::Buy => order.price >= self.last,
            Side::Sell => order.price <= self.last,
        };
        self.update(Some(tag), &order, OrderState::Planned);
        if post_only && crosses {
            return self.update(Some(tag), &order, OrderState::Rejected);
        }
        self.update(Some(tag), &order, OrderState::Open);
        self.orders.insert(tag, order);
        if crosses {
            self.fill(tag, order.remaining);
        }
    }

    fn update(&mut self, tag: Option<OrderTag>, order: &Resting, state: OrderState) {
        self.notice(WorkerNotice::OrderUpdated {
            tag,
            instrument: HERE,
            side: order.side,
            state,
            remaining: order.remaining,
            price: Some(order.price),
        });
    }

    /// Tells where a resting order is.
    pub(crate) fn tell_update(&mut self, tag: OrderTag, state: OrderState) {
        let order = self.orders[&tag];
        self.update(Some(tag), &order, state);
        self.deliver();
    }

    /// Ends a resting order without a fill; one that is gone already is left as it is.
    pub(crate) fn end(&mut self, tag: OrderTag, state: OrderState) {
        if let Some(order) = self.orders.shift_remove(&tag) {
            self.update(Some(tag), &order, state);
        }
    }

    /// Fills a resting order in part or completely at its own price.
    pub(crate) fn fill(&mut self, tag: OrderTag, quantity: Quantity) {
        let order = self.orders.get_mut(&tag).expect("it rests");
        order.remaining -= quantity;
        let order = *order;
        let maker = self.instrument.fees.maker;
        self.trade(Some(tag), order.side, order.price, quantity, maker, None);
        if order.remaining.is_zero() {
            self.orders.shift_remove(&tag);
            self.update(Some(tag), &order, OrderState::Filled);
        } else {
            self.update(Some(tag), &order, OrderState::PartiallyFilled);
        }
    }

    fn trade_at_market(&mut self, side: Side, quantity: Quantity, exit: Option<ExitReason>) {
        let order = Resting { side, price: self.last, remaining: quantity, reduce_only: false };
        self.update(None, &order, OrderState::Planned);
        if quantity.is_zero() {
            return self.update(None, &order, OrderState::Rejected);
        }
        self.trade(None, side, self.last, quantity, self.instrument.fees.taker, exit);
        let done = Resting { remaining: Quantity::ZERO, ..order };
        self.update(None, &done, OrderState::Filled);
    }

    /// Sells `quantity` for a reason of the venue's or the account's own.
    pub(crate) fn sell_outside(&mut self, quantity: Quantity, reason: ExitReason) {
        self.trade(None, Side::Sell, self.last, quantity, self.instrument.fees.taker, Some(reason));
        self.deliver();
    }

    /// Sells all that is held.
    pub(crate) fn sell_outside_if_held(&mut self) {
        if self.position.quantity.is_positive() {
            self.sell_outside(self.position.quantity, ExitReason::ForceExit);
        }
    }

    fn trade(
        &mut self,
        tag: Option<OrderTag>,
        side: Side,
        price: Price,
        quantity: Quantity,
        rate: Rate,
        exit: Option<ExitReason>,
    ) {
        let value = self.instrument.notional(price, quantity);
        let fee = value.times(rate, Rounding::Up);
        let realized = self.position.fill(self.instrument.kind, side, quantity, value).realized;
        self.ledger += realized - fee;
        self.fills += 1;
        if self.position.is_flat() {
            self.protection = Protection::NONE;
        }
        self.notice(WorkerNotice::OrderFilled {
            tag,
            instrument: HERE,
            side,
            price,
            quantity,
            fee,
            realized,
            exit,
            position: self.position,
        });
    }
}
