//! Leaving is never refused for what stops entries.

use banyan_core::instrument::Instrument;
use banyan_core::intent::{ExitReason, Intent, OrderTag, Protection};
use banyan_core::kill::KillLevel;
use banyan_core::market::MarketView;
use banyan_core::money::{Amount, Quantity, Rate};
use banyan_core::order::{OrderKind, Side, TimeInForce};
use banyan_core::risk::{RiskLimits, RiskView};

use crate::scene::{HERE, NO_LEAVE, close, judge, long, place, price, units};

/// Everything that stops an entry, at once.
fn dire(view: &mut RiskView<'_>) {
    view.worker_position = long(100);
    (view.ready, view.journal_available, view.live) = (false, false, Some(NO_LEAVE));
    view.kill_level = KillLevel::Flatten;
    (view.drawdown, view.daily_loss) = (Rate::ONE, Rate::ONE);
    (view.worker_equity, view.account_equity) = (units(-1), units(-1));
    (view.worker_margin, view.account_margin) = (units(1_000_000_000), units(1_000_000_000));
    view.account_maintenance = units(1_000_000_000);
    (view.worker_recent_orders, view.worker_open_orders) = (u32::MAX, u32::MAX);
    view.worker_positions = u32::MAX;
    view.others_side = Some(Side::Buy);
    view.market.time = None;
}

fn strict(_: &mut Instrument, limits: &mut RiskLimits) {
    limits.min_confidence = Rate::ONE;
    limits.max_order_notional = Amount(1);
    limits.max_position_ratio = Rate::ZERO;
}

#[test]
fn no_limit_of_entries_stops_an_exit() {
    let resize = |target| Intent::Resize {
        instrument: HERE,
        target: Quantity(target),
        protection: Protection::NONE,
        reason: ExitReason::ExitSignal,
    };
    let wishes = [
        close(None),
        close(Some(40)),
        resize(0),
        resize(60),
        place(Side::Sell, 100, price(51_000)),
    ];
    for wish in wishes {
        let approved = judge(&wish, strict, dire).unwrap();
        assert!(approved.reduces(), "{wish:?}");
        assert_eq!(approved.side(), Side::Sell);
    }
}

#[test]
fn wishes_that_make_no_order_pass_unless_everything_is_frozen() {
    let protection = Protection { stop_loss: Some(price(49_000)), ..Protection::NONE };
    let wishes = [
        Intent::Cancel { tag: OrderTag(1) },
        Intent::CancelAll { instrument: HERE },
        Intent::Protect { instrument: HERE, protection },
    ];
    for wish in wishes {
        assert!(judge(&wish, strict, dire).unwrap().quantity().is_zero());
        let frozen = judge(&wish, |_, _| {}, |view| view.kill_level = KillLevel::Freeze);
        assert!(frozen.is_err());
    }
}

#[test]
fn an_exit_may_slip_farther_than_an_entry() {
    let approved = judge(&close(None), |_, _| {}, |view| view.worker_position = long(100)).unwrap();
    let worst = approved.kind().limit_price().unwrap();
    // Five times one percent below the bid of 49,999.90.
    assert_eq!(worst, banyan_core::money::Price(4_750_000));
    assert_eq!(approved.time_in_force(), TimeInForce::ImmediateOrCancel);
}

#[test]
fn an_exit_without_any_price_is_a_market_order() {
    let approved = judge(
        &close(None),
        |_, _| {},
        |view| {
            (view.worker_position, view.market) = (long(100), MarketView::default());
        },
    );
    assert_eq!(approved.unwrap().kind(), OrderKind::Market);
}

#[test]
fn a_limit_that_leaves_needs_no_stop() {
    let wish = place(Side::Sell, 100, price(51_000));
    let approved = judge(&wish, |_, _| {}, |view| view.worker_position = long(100)).unwrap();
    assert!(approved.protection().is_none());
    assert_eq!(approved.exit(), Some(ExitReason::ExitSignal));
}
