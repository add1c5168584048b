//! Random commands and market steps.

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{InstrumentId, TradingStatus};
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::time::Timestamp;
use banyan_core::venue::{MarginMode, VenueCommand};
use banyan_matching::market::{Level, MarketChange};
use proptest::prelude::*;

use crate::desk::{ANNA, BEN, CLARA, SPOT};

/// Who acts.
pub(crate) const ACCOUNTS: [AccountId; 3] = [ANNA, BEN, CLARA];

/// What may happen.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Command(AccountId, VenueCommand),
    Step(InstrumentId, MarketChange),
    Status(InstrumentId, TradingStatus),
    Pass,
}

fn price() -> impl Strategy<Value = Price> {
    (7_000_i64..13_000).prop_map(Price)
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn listed_id() -> impl Strategy<Value = InstrumentId> {
    (0_u32..3).prop_map(InstrumentId)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![(1_i64..30).prop_map(Quantity), (1_i64..60_000).prop_map(Quantity)]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    let trailing = (1_i64..2_000, prop::option::of(price())).prop_map(|(points, activation)| {
        OrderKind::TrailingStop { callback: Rate::from_basis_points(points), activation }
    });
    prop_oneof![
        6 => price().prop_map(|price| OrderKind::Limit { price }),
        4 => Just(OrderKind::Market),
        1 => price().prop_map(|trigger| OrderKind::StopMarket { trigger }),
        1 => price().prop_map(|trigger| OrderKind::TakeProfitMarket { trigger }),
        1 => trailing,
    ]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        6 => Just(TimeInForce::GoodTillCancelled),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
        1 => Just(TimeInForce::PostOnly),
        1 => (1_i64..300).prop_map(|at| TimeInForce::GoodTillDate(Timestamp(at))),
    ]
}

fn request() -> impl Strategy<Value = OrderRequest> {
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.1), 0..2_u8);
    let shape = (0_u128..12, listed_id(), side(), quantity(), kind(), time_in_force(), flags);
    shape.prop_map(|(id, instrument, side, quantity, kind, time_in_force, flags)| OrderRequest {
        client_id: ClientOrderId(id),
        instrument,
        side,
        position_side: if flags.2 == 0 { PositionSide::Long } else { PositionSide::Short },
        quantity,
        kind,
        time_in_force,
        reduce_only: flags.0,
        close_position: flags.1 && kind.is_conditional(),
    })
}

/// Makes an order fit the mode of its account, so that most are not refused for that alone.
fn fitting(account: AccountId, mut request: OrderRequest) -> OrderRequest {
    if account != BEN || request.instrument == SPOT {
        request.position_side = PositionSide::Net;
    }
    if request.instrument == SPOT {
        (request.reduce_only, request.close_position) = (false, false);
    }
    request
}

fn account() -> impl Strategy<Value = AccountId> {
    (0_usize..3).prop_map(|index| ACCOUNTS[index])
}

fn command() -> impl Strategy<Value = Action> {
    let submit = (account(), request()).prop_map(|(account, request)| {
        let expires = Timestamp(i64::MAX);
        let request = fitting(account, request);
        Action::Command(account, VenueCommand::SubmitOrder { request, expires })
    });
    let cancel = (account(), listed_id(), 0_u128..12).prop_map(|(account, instrument, id)| {
        let client_id = ClientOrderId(id);
        Action::Command(account, VenueCommand::CancelOrder { instrument, client_id })
    });
    // Anna keeps her leverage and her mode: her funds are checked against a naive sum.
    let leverage = (1_usize..3, listed_id(), 1_u32..60, any::<bool>()).prop_map(
        |(account, instrument, leverage, cross)| {
            let margin_mode = if cross { MarginMode::Cross } else { MarginMode::Isolated };
            let command = VenueCommand::SetLeverage { instrument, leverage, margin_mode };
            Action::Command(ACCOUNTS[account], command)
        },
    );
    prop_oneof![12 => submit, 2 => cancel, 1 => leverage]
}

fn depth() -> impl Strategy<Value = MarketChange> {
    let sizes = || prop::collection::vec(1_i64..40_000, 0..5);
    (price(), 1_i64..300, sizes(), sizes()).prop_map(|(middle, gap, bids, asks)| {
        let levels = |sizes: Vec<i64>, sign: i64| {
            let level = |(n, size): (usize, i64)| Level {
                price: Price(middle.0 + sign * gap * (n as i64 + 1)),
                quantity: Quantity(size),
            };
            sizes.into_iter().enumerate().map(level).collect()
        };
        MarketChange::Depth { bids: levels(bids, -1), asks: levels(asks, 1) }
    })
}

fn market_step() -> impl Strategy<Value = Action> {
    let print =
        (price(), prop::option::of(quantity()), side()).prop_map(|(price, quantity, aggressor)| {
            MarketChange::Print { price, quantity, aggressor }
        });
    let taker = (side(), quantity(), price())
        .prop_map(|(side, quantity, limit)| MarketChange::Taker { side, quantity, limit });
    let funding =
        (-100_000_000_i64..100_000_000).prop_map(|rate| MarketChange::Funding(Rate(rate)));
    let change = prop_oneof![
        4 => depth(),
        2 => print,
        2 => taker,
        3 => price().prop_map(MarketChange::Mark),
        1 => funding,
    ];
    (listed_id(), change).prop_map(|(id, change)| Action::Step(id, change))
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    let status = prop_oneof![
        8 => Just(TradingStatus::Trading),
        4 => Just(TradingStatus::Halted),
        1 => Just(TradingStatus::Delisted),
    ];
    let status = (listed_id(), status).prop_map(|(id, status)| Action::Status(id, status));
    prop_oneof![20 => command(), 14 => market_step(), 1 => status, 2 => Just(Action::Pass)]
}
