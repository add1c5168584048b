//! Every number that review changes, towards less risk and never silently.

use banyan_core::intent::{Intent, Protection, Sizing};
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::{OrderKind, Side, TimeInForce};
use banyan_core::position::Position;
use banyan_core::risk::{Approved, Clamp, ClampedField, DenialCode, RiskView};

use crate::scene::{HERE, buy, close, judge, long, open, percent, place, price, units};

fn sized(sizing: Sizing, leverage: Option<u32>) -> Intent {
    Intent::Open {
        instrument: HERE,
        side: Side::Buy,
        sizing,
        leverage,
        protection: Protection::NONE,
        confidence: None,
    }
}

fn find(approved: &Approved, field: ClampedField) -> Vec<Clamp> {
    approved.clamps().iter().copied().filter(|it| it.field == field).collect()
}

/// The clamps of a quantity that was wished too large, and what was approved.
fn shrunk(circumstances: impl FnOnce(&mut RiskView<'_>)) -> (Vec<DenialCode>, i64) {
    let wish = sized(Sizing::Quantity(Quantity(100_000)), None);
    let approved = judge(&wish, |_, _| {}, circumstances).expect("it is only shrunk");
    let clamps = find(&approved, ClampedField::Quantity);
    assert_eq!(clamps[0].wished, 100_000);
    let last = clamps.last().map(|it| it.approved);
    assert_eq!(last, Some(approved.quantity().0));
    (clamps.iter().map(|it| it.limit).collect(), approved.quantity().0)
}

#[test]
fn the_value_of_an_order_is_limited() {
    // 100,000 at 50,500.10, the worst price of a market order.
    let (codes, quantity) = shrunk(|_| {});
    assert_eq!((codes, quantity), (vec![DenialCode::MaxOrderNotional], 1_980));
}

#[test]
fn the_share_of_one_position_is_limited() {
    // A fifth of 10,000 at five times: 10,000.
    let (codes, quantity) = shrunk(|view| view.worker_equity = units(10_000));
    assert_eq!(codes.last(), Some(&DenialCode::MaxPositionRatio));
    assert_eq!(quantity, 198);
}

#[test]
fn what_is_held_already_counts_towards_the_position() {
    let (codes, quantity) = shrunk(|view| {
        (view.worker_equity, view.worker_position) = (units(10_000), long(100));
        view.worker_pending = Quantity(50);
    });
    assert_eq!(codes.last(), Some(&DenialCode::MaxPositionRatio));
    assert_eq!(quantity, 48);
}

#[test]
fn the_exposure_of_the_worker_and_of_the_account_is_limited() {
    let (codes, quantity) = shrunk(|view| view.worker_margin = units(79_000));
    assert_eq!(codes.last(), Some(&DenialCode::MaxTotalExposure));
    assert_eq!(quantity, 99);
    let (codes, quantity) = shrunk(|view| view.account_margin = units(799_000));
    assert_eq!(codes.last(), Some(&DenialCode::MaxTotalExposure));
    assert_eq!(quantity, 99);
}

#[test]
fn the_free_margin_is_the_last_limit() {
    let wish = sized(Sizing::Quantity(Quantity(100_000)), None);
    let approved = judge(
        &wish,
        |_, limits| limits.max_total_exposure = Rate::ONE,
        |view| view.account_margin = units(999_000),
    )
    .unwrap();
    let last = *approved.clamps().iter().rfind(|it| it.field == ClampedField::Quantity).unwrap();
    // A thousand at five times less the fee.
    assert_eq!((last.limit, last.approved), (DenialCode::InsufficientMargin, 98));
}

#[test]
fn the_venues_largest_order_is_a_limit() {
    let wish = sized(Sizing::Quantity(Quantity(100)), None);
    let rules = |it: &mut banyan_core::instrument::Instrument, _: &mut _| {
        it.filters.max_quantity = Quantity(40);
    };
    assert_eq!(judge(&wish, rules, |_| {}).unwrap().quantity(), Quantity(40));
    let exit = judge(&close(None), rules, |view| view.worker_position = long(100)).unwrap();
    assert_eq!(exit.quantity(), Quantity(40));
}

#[test]
fn a_quantity_off_the_step_is_rounded_down_and_says_so() {
    let wish = sized(Sizing::Quantity(Quantity(103)), None);
    let approved = judge(&wish, |it, _| it.filters.step = Quantity(10), |_| {}).unwrap();
    let clamp = find(&approved, ClampedField::Quantity)[0];
    assert_eq!((clamp.wished, clamp.approved), (103, 100));
    assert_eq!(clamp.limit, DenialCode::InvalidQuantity);
}

#[test]
fn a_value_becomes_the_largest_quantity_that_is_worth_no_more() {
    let approved = judge(&sized(Sizing::Notional(units(1_000)), None), |_, _| {}, |_| {}).unwrap();
    assert_eq!(approved.quantity(), Quantity(19));
}

#[test]
fn leverage_is_limited() {
    let sizing = Sizing::Quantity(Quantity(10));
    let approved = judge(&sized(sizing, Some(20)), |_, _| {}, |_| {}).unwrap();
    let clamp = find(&approved, ClampedField::Leverage)[0];
    assert_eq!((clamp.wished, clamp.approved, approved.leverage()), (20, 5, 5));
    let small =
        |it: &mut banyan_core::instrument::Instrument, _: &mut _| it.tiers[0].max_leverage = 3;
    assert_eq!(judge(&sized(sizing, None), small, |_| {}).unwrap().leverage(), 3);
    let fixed = judge(
        &sized(sizing, Some(2)),
        |_, _| {},
        |view| {
            (view.leverage, view.leverage_is_free) = (4, false);
        },
    );
    assert_eq!(fixed.unwrap().leverage(), 4);
}

#[test]
fn a_leverage_beyond_the_limit_that_cannot_be_changed_gives_no_more_size() {
    let wish = sized(Sizing::Quantity(Quantity(100_000)), None);
    let size = |leverage| {
        let approved = judge(
            &wish,
            |_, limits| limits.max_order_notional = units(10_000_000),
            |view| {
                (view.leverage, view.leverage_is_free) = (leverage, false);
            },
        );
        approved.unwrap().quantity()
    };
    assert_eq!(size(40), size(5));
    assert!(size(2) < size(5));
}

#[test]
fn a_stop_that_is_too_far_is_moved_nearer() {
    let protection = Protection { stop_loss: Some(price(40_000)), ..Protection::NONE };
    let approved = judge(
        &open(Side::Buy, 10, protection),
        |_, limits| limits.require_protection = false,
        |_| {},
    )
    .unwrap();
    let stop = approved.protection().stop_loss.unwrap();
    let clamp = find(&approved, ClampedField::StopLoss)[0];
    assert_eq!(stop, Price(4_500_010));
    assert_eq!((clamp.wished, clamp.approved), (price(40_000).0, stop.0));
}

#[test]
fn a_trail_that_is_too_far_is_moved_nearer() {
    let protection = Protection { trailing: Some(percent(40)), ..Protection::NONE };
    let approved = judge(&open(Side::Buy, 10, protection), |_, _| {}, |_| {}).unwrap();
    assert_eq!(approved.protection().trailing, Some(percent(10)));
    assert_eq!(find(&approved, ClampedField::StopLoss)[0].wished, percent(40).0);
}

#[test]
fn an_entry_without_stop_and_target_is_given_both() {
    let approved = judge(&buy(), |_, _| {}, |_| {}).unwrap();
    let protection = approved.protection();
    // One and a half and three average ranges of 400 from the ask of 50,000.10.
    assert_eq!(protection.stop_loss, Some(Price(4_940_010)));
    assert_eq!(protection.take_profit, Some(Price(5_120_010)));
    assert_eq!(find(&approved, ClampedField::StopLoss)[0].wished, 0);
    assert_eq!(find(&approved, ClampedField::TakeProfit)[0].wished, 0);
}

#[test]
fn the_distances_are_fractions_of_the_price_where_no_range_is_known() {
    let wish = open(Side::Sell, 10, Protection::NONE);
    let approved = judge(&wish, |_, _| {}, |view| view.average_true_range = None).unwrap();
    let protection = approved.protection();
    // 5 % above and 10 % below the bid of 49,999.90, rounded down to the tick.
    assert_eq!(protection.stop_loss, Some(Price(5_249_990)));
    assert_eq!(protection.take_profit, Some(Price(4_499_990)));
}

#[test]
fn what_is_given_is_never_refused_for_its_own_rounding() {
    for range in 7..200 {
        for side in [Side::Buy, Side::Sell] {
            let wish = open(side, 10, Protection::NONE);
            let range = Some(Price(range));
            let outcome = judge(&wish, |_, _| {}, |view| view.average_true_range = range);
            assert!(outcome.is_ok(), "{side:?} {range:?}: {outcome:?}");
        }
    }
}

#[test]
fn a_market_entry_is_an_immediate_limit_at_the_largest_slippage() {
    let approved = judge(&buy(), |_, _| {}, |_| {}).unwrap();
    assert_eq!(approved.kind(), OrderKind::Limit { price: Price(5_050_010) });
    assert_eq!(approved.time_in_force(), TimeInForce::ImmediateOrCancel);
    let approved = judge(&buy(), |_, _| {}, |view| view.own_best_ask = Some(price(50_100)));
    let kept_off = OrderKind::Limit { price: Price(5_009_990) };
    assert_eq!(approved.unwrap().kind(), kept_off, "not into an order of its own");
}

#[test]
fn an_exit_is_no_larger_than_what_is_held() {
    let approved = judge(&close(Some(500)), |_, _| {}, |view| view.worker_position = long(100));
    let approved = approved.unwrap();
    let clamp = approved.clamps()[0];
    assert_eq!((clamp.wished, clamp.approved), (500, 100));
    assert_eq!((approved.side(), approved.quantity()), (Side::Sell, Quantity(100)));
    let resting = judge(
        &place(Side::Sell, 60, price(51_000)),
        |_, _| {},
        |view| {
            (view.worker_position, view.worker_exiting) = (long(100), Quantity(70));
        },
    );
    assert_eq!(resting.unwrap().quantity(), Quantity(30));
}

#[test]
fn a_sale_is_sized_at_what_it_may_trade_at() {
    // The limit of a market sale lies below the bid; it is worth what the bid pays.
    let wish = open(Side::Sell, 100_000, Protection::NONE);
    let approved = judge(&wish, |_, _| {}, |_| {}).unwrap();
    assert_eq!(approved.quantity(), Quantity(2_000));
    let flat = judge(&wish, |_, _| {}, |view| view.worker_position = Position::default());
    assert_eq!(flat.unwrap().kind(), OrderKind::Limit { price: Price(4_950_000) });
}
