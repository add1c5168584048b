//! Every code of refusal, by the one circumstance that causes it.

use std::collections::BTreeSet;

use banyan_core::instrument::{Instrument, InstrumentKind, TradingStatus};
use banyan_core::intent::{ExitReason, Intent, OrderTag, Protection};
use banyan_core::kill::KillLevel;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{Side, TimeInForce};
use banyan_core::risk::{DenialCode, LiveLeave, RiskLimits, RiskView};
use banyan_core::time::Span;

use crate::scene::{
    HERE, NO_LEAVE, NOW, buy, close, judge, leave, long, market, open, percent, place, price, units,
};

type Rules = fn(&mut Instrument, &mut RiskLimits);
type Circumstances = fn(&mut RiskView<'_>);
type Case = (DenialCode, Intent, Rules, Circumstances);

/// Codes that the account gives beside the review; its own tests cover them.
const BY_THE_ACCOUNT: [DenialCode; 5] = [
    DenialCode::StaleEpoch,
    DenialCode::UnknownInstrument,
    DenialCode::UnknownTag,
    DenialCode::DuplicateTag,
    DenialCode::AlreadyClosing,
];

fn stop_and_target(stop: i64, target: i64) -> Protection {
    Protection { stop_loss: Some(price(stop)), take_profit: Some(price(target)), trailing: None }
}

fn gates() -> Vec<Case> {
    use DenialCode as D;
    let none: Rules = |_, _| {};
    vec![
        (D::NotReady, buy(), none, |view| view.ready = false),
        (D::JournalUnavailable, buy(), none, |view| {
            view.journal_available = false;
        }),
        (D::KillLevel, buy(), none, |view| {
            view.kill_level = KillLevel::PauseEntries;
        }),
        (D::KillLevel, buy(), none, |view| {
            view.kill_level = KillLevel::Flatten;
        }),
        (D::KillLevel, close(None), none, |view| {
            view.kill_level = KillLevel::Freeze;
        }),
        (D::LiveNotAllowed, buy(), none, |view| view.live = Some(NO_LEAVE)),
        (D::LiveNotArmed, buy(), none, |view| {
            view.live = Some(LiveLeave { allowed: true, ..NO_LEAVE });
        }),
        (D::ArmedDailyLoss, buy(), none, |view| {
            view.live = Some(LiveLeave { lost_today: units(100), ..leave(1_000_000, 100) });
        }),
        // A tenth of a coin is worth 5,000.
        (D::ArmedNotional, buy(), none, |view| view.live = Some(leave(4_999, 100))),
        (D::ArmedNotional, buy(), none, |view| {
            view.live = Some(LiveLeave { notional: units(6_000), ..leave(10_000, 100) });
        }),
        (D::MarketClosed, buy(), |it, _| it.filters.status = TradingStatus::Halted, |_| {}),
        (
            D::MarketClosed,
            close(None),
            |it, _| it.filters.status = TradingStatus::Delisted,
            |view| {
                view.worker_position = long(100);
            },
        ),
        (D::NoPrice, buy(), none, |view| {
            view.market = Default::default();
        }),
        (D::StaleFeed, buy(), none, |view| {
            view.market.time = Some(NOW - Span(30_000_001));
        }),
        (D::StaleFeed, buy(), none, |view| view.market.time = None),
        (D::OrderRateExceeded, buy(), none, |view| {
            view.worker_recent_orders = 60;
        }),
        (D::TooManyOpenOrders, buy(), none, |view| {
            view.worker_open_orders = 200;
        }),
        (D::LowConfidence, buy(), |_, it| it.min_confidence = percent(81), |_| {}),
        (D::MaxPositions, buy(), none, |view| {
            view.worker_positions = 3;
        }),
        (D::MaxDrawdown, buy(), none, |view| {
            view.drawdown = percent(10);
        }),
        (D::MaxDailyLoss, buy(), none, |view| {
            view.daily_loss = percent(5);
        }),
    ]
}

fn sizes() -> Vec<Case> {
    use DenialCode as D;
    let none: Rules = |_, _| {};
    vec![
        (D::MaxPositionRatio, buy(), none, |view| {
            view.worker_equity = Amount::ZERO;
        }),
        (D::MaxPositionRatio, buy(), none, |view| {
            view.worker_position = long(2_000);
        }),
        (D::MaxTotalExposure, buy(), none, |view| {
            view.worker_margin = units(80_000);
        }),
        (D::MaxTotalExposure, buy(), none, |view| {
            view.account_margin = units(800_000);
        }),
        (D::MaxOrderNotional, buy(), |_, it| it.max_order_notional = units(4), |_| {}),
        (
            D::InsufficientMargin,
            buy(),
            |it, limits| {
                limits.max_total_exposure = Rate::ONE;
                it.fees.taker = percent(10);
            },
            |view| view.account_margin = units(999_980),
        ),
        (D::BelowMinimum, open(Side::Buy, 0, Protection::NONE), none, |_| {}),
        (D::BelowMinimum, open(Side::Buy, -5, Protection::NONE), none, |_| {}),
        (D::BelowMinimum, buy(), |it, _| it.filters.min_quantity = Quantity(101), |_| {}),
        (D::BelowMinimum, buy(), |it, _| it.filters.min_notional = units(6_000), |_| {}),
        (D::LiquidationTooClose, buy(), none, |view| {
            view.account_maintenance = units(999_800);
        }),
        (
            D::LiquidationTooClose,
            buy(),
            |_, it| it.min_liquidation_distance = Rate::ZERO,
            |view| {
                view.account_maintenance = units(999_975);
            },
        ),
    ]
}

/// Refused as it is wished.
fn always(code: DenialCode, intent: Intent) -> Case {
    (code, intent, |_, _| {}, |_| {})
}

/// Refused in some circumstance.
fn when(code: DenialCode, intent: Intent, circumstances: Circumstances) -> Case {
    (code, intent, |_, _| {}, circumstances)
}

fn stops() -> Vec<Case> {
    use DenialCode as D;
    let guarded = |side, stop, target| open(side, 100, stop_and_target(stop, target));
    let trail = Protection { trailing: Some(Rate::ZERO), ..Protection::NONE };
    vec![
        always(D::MinRiskReward, guarded(Side::Buy, 49_000, 51_900)),
        always(D::StopWrongSide, guarded(Side::Buy, 50_001, 60_000)),
        always(D::StopWrongSide, guarded(Side::Buy, 49_000, 50_000)),
        always(D::StopWrongSide, guarded(Side::Sell, 49_999, 40_000)),
        always(D::StopWrongSide, open(Side::Sell, 100, trail)),
    ]
}

fn prices() -> Vec<Case> {
    use DenialCode as D;
    let bid = |price| place(Side::Buy, 10, price);
    let offer = |price| place(Side::Sell, 10, price);
    vec![
        always(D::PriceCollar, bid(price(55_100))),
        always(D::PriceCollar, offer(price(44_900))),
        always(D::InvalidPrice, bid(Price(4_900_005))),
        always(D::InvalidPrice, bid(Price(0))),
        always(D::InvalidPrice, bid(Price(-10))),
        when(D::CrossesOwnOrder, buy(), |view| {
            view.own_best_ask = Some(price(50_000));
        }),
        when(D::CrossesOwnOrder, bid(price(49_000)), |view| {
            view.own_best_ask = Some(price(49_000));
        }),
        when(D::CrossesOwnOrder, offer(price(51_000)), |view| {
            view.own_best_bid = Some(price(51_000));
        }),
    ]
}

fn sides() -> Vec<Case> {
    use DenialCode as D;
    let sell = || open(Side::Sell, 10, Protection::NONE);
    let holds: Circumstances = |view| view.worker_position = long(100);
    vec![
        when(D::InvalidQuantity, close(Some(0)), holds),
        when(D::InvalidQuantity, place(Side::Sell, 10, price(51_000)), |view| {
            (view.worker_position, view.worker_exiting) = (long(100), Quantity(100));
        }),
        when(D::OppositePosition, buy(), |view| {
            view.others_side = Some(Side::Sell);
        }),
        when(D::OppositePosition, sell(), holds),
        when(D::OppositePosition, buy(), |view| {
            view.worker_pending = Quantity(-10);
        }),
        when(D::OppositePosition, resize(-10), holds),
        always(D::NothingToClose, close(None)),
        when(D::NothingToClose, reduce_only(Side::Buy), holds),
        (D::ShortNotPossible, sell(), |it, _| it.kind = InstrumentKind::Spot, |_| {}),
    ]
}

fn resize(target: i64) -> Intent {
    Intent::Resize {
        instrument: HERE,
        target: Quantity(target),
        protection: Protection::NONE,
        reason: ExitReason::ExitSignal,
    }
}

fn reduce_only(side: Side) -> Intent {
    Intent::Place {
        tag: OrderTag(1),
        instrument: HERE,
        side,
        quantity: Quantity(10),
        price: price(50_000),
        time_in_force: TimeInForce::PostOnly,
        reduce_only: true,
        leverage: None,
    }
}

#[test]
fn the_calm_scene_refuses_nothing() {
    assert!(judge(&buy(), |_, _| {}, |_| {}).is_ok());
    assert!(judge(&place(Side::Buy, 10, price(49_000)), |_, _| {}, |_| {}).is_ok());
    assert!(judge(&place(Side::Sell, 10, price(51_000)), |_, _| {}, |_| {}).is_ok());
    let held = judge(&close(None), |_, _| {}, |view| view.worker_position = long(100));
    assert!(held.is_ok());
}

#[test]
fn each_circumstance_is_refused_by_its_own_code() {
    for (index, (code, intent, rules, circumstances)) in
        [gates(), sizes(), stops(), prices(), sides()].into_iter().flatten().enumerate()
    {
        let denial = judge(&intent, rules, circumstances).expect_err(code.name());
        assert_eq!(denial.code, code, "case {index}: {denial}");
        assert!(!denial.detail.is_empty());
    }
}

#[test]
fn every_code_has_a_case() {
    let cases =
        [gates(), sizes(), stops(), prices(), sides()].into_iter().flatten().map(|(code, ..)| code);
    let covered: BTreeSet<_> = cases.chain(BY_THE_ACCOUNT).collect();
    let all: BTreeSet<_> = DenialCode::ALL.iter().copied().collect();
    assert_eq!(covered, all);
}

#[test]
fn the_first_gate_that_refuses_is_the_one_that_is_told() {
    let denial = judge(
        &buy(),
        |_, _| {},
        |view| {
            (view.ready, view.live) = (false, Some(NO_LEAVE));
            view.kill_level = KillLevel::PauseEntries;
            view.drawdown = Rate::ONE;
        },
    );
    assert_eq!(denial.unwrap_err().code, DenialCode::NotReady);
    let denial = judge(
        &buy(),
        |_, _| {},
        |view| {
            view.market = market();
            (view.drawdown, view.worker_recent_orders) = (Rate::ONE, 1_000);
        },
    );
    assert_eq!(denial.unwrap_err().code, DenialCode::OrderRateExceeded);
}

#[test]
fn limits_are_reached_only_at_their_bounds() {
    let allowed: [Circumstances; 7] = [
        |view| view.market.time = Some(NOW - Span::seconds(30)),
        |view| view.worker_recent_orders = 59,
        |view| view.worker_open_orders = 199,
        |view| view.worker_positions = 2,
        |view| view.drawdown = Rate(percent(10).0 - 1),
        |view| view.daily_loss = Rate(percent(5).0 - 1),
        |view| (view.worker_positions, view.worker_position) = (3, long(10)),
    ];
    for (index, circumstances) in allowed.into_iter().enumerate() {
        let outcome = judge(&buy(), |_, _| {}, circumstances);
        assert!(outcome.is_ok(), "case {index}: {outcome:?}");
    }
    let sure = judge(&buy(), |_, limits| limits.min_confidence = percent(80), |_| {});
    assert!(sure.is_ok());
}
