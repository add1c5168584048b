//! What the venue does to the netted position is shared among those who hold it.

use banyan_core::intent::ExitReason;
use banyan_core::journal::AccountEvent;
use banyan_core::ledger::{Bucket, SubLedger};
use banyan_core::money::{Amount, Quantity};
use banyan_core::order::{PositionSide, Side};
use banyan_core::venue::{FillReason, PositionMode, VenueReport};
use banyan_core::worker::WorkerNotice;

use crate::desk::{A, B, C, Desk, closing, owner};
use crate::listing::{LINEAR, asset, price};

fn three(a: i64, b: i64, c: i64) -> Desk {
    let mut desk = Desk::ready();
    for (worker, quantity) in [(A, a), (B, b), (C, c)] {
        desk.enter(worker, Side::Buy, quantity, price(50_000));
    }
    desk
}

fn held(desk: &Desk) -> [i64; 4] {
    [owner(A), owner(B), owner(C), SubLedger::External].map(|it| desk.held(it))
}

#[test]
fn a_liquidation_is_shared_by_size_and_the_remainder_goes_to_the_largest() {
    let mut desk = three(10, 20, 30);
    desk.foreign_trade(LINEAR, Side::Sell, 20, price(45_000), FillReason::Liquidation);
    // 3.33, 6.67 and 10: the largest takes the two that rounding left.
    assert_eq!(held(&desk), [7, 14, 19, 0]);
}

#[test]
fn nobody_loses_more_than_it_holds() {
    let mut desk = three(3, 3, 3);
    desk.foreign_trade(LINEAR, Side::Sell, 8, price(45_000), FillReason::Liquidation);
    assert_eq!(held(&desk), [0, 0, 1, 0]);
}

#[test]
fn equal_holders_share_the_remainder_in_the_order_of_their_ids() {
    let mut desk = three(10, 10, 10);
    desk.foreign_trade(LINEAR, Side::Sell, 10, price(45_000), FillReason::AutoDeleveraging);
    assert_eq!(held(&desk), [6, 7, 7, 0]);
}

#[test]
fn the_reason_is_told() {
    let cases = [
        (FillReason::Liquidation, ExitReason::Liquidation),
        (FillReason::AutoDeleveraging, ExitReason::Adl),
        (FillReason::Delisting, ExitReason::Adl),
    ];
    for (reason, expected) in cases {
        let mut desk = three(10, 10, 10);
        desk.told.clear();
        desk.foreign_trade(LINEAR, Side::Sell, 30, price(45_000), reason);
        let exits: Vec<_> = desk
            .told
            .iter()
            .filter_map(|(_, event)| match event.notice {
                WorkerNotice::OrderFilled { exit, .. } => exit,
                _ => None,
            })
            .collect();
        assert_eq!(exits, [expected; 3]);
    }
}

#[test]
fn a_close_that_trades_more_than_its_owner_holds_is_shared_among_the_others() {
    let mut desk = three(10, 20, 10);
    let orders = desk.close(A);
    desk.foreign_trade(LINEAR, Side::Sell, 20, price(50_000), FillReason::Liquidation);
    assert_eq!(held(&desk), [5, 10, 5, 0]);
    desk.fill(orders[0].client_id, 10, price(50_000));
    // Five were its own; the others share the rest two to one.
    assert_eq!(held(&desk), [0, 6, 4, 0]);
}

#[test]
fn what_nobody_holds_is_external() {
    let mut desk = three(1, 1, 1);
    let orders = desk.close(A);
    desk.foreign_trade(LINEAR, Side::Sell, 3, price(50_000), FillReason::Liquidation);
    desk.fill(orders[0].client_id, 1, price(50_000));
    assert_eq!(held(&desk), [0, 0, 0, -1]);
    let ours = desk.account.state().ledger.wallet(&asset("USDT"));
    assert_eq!(desk.venue.wallets[&asset("USDT")], ours);
}

#[test]
fn the_owner_of_an_order_hears_of_it_though_others_took_the_fill() {
    let mut desk = three(1, 1, 1);
    let orders = desk.close(A);
    desk.foreign_trade(LINEAR, Side::Sell, 3, price(50_000), FillReason::Liquidation);
    desk.told.clear();
    desk.fill(orders[0].client_id, 1, price(50_000));
    let filled = banyan_core::order::OrderState::Filled;
    let told = desk.told.iter().any(|(worker, event)| {
        *worker == A
            && matches!(event.notice, WorkerNotice::OrderUpdated { state, .. } if state == filled)
    });
    assert!(told);
}

fn funding_of(desk: &Desk, of: SubLedger) -> Amount {
    -desk.account.state().ledger.balance(of, Bucket::Funding, &asset("USDT"))
}

#[test]
fn funding_is_shared_by_size_to_the_last_unit() {
    let mut desk = three(10, 20, 31);
    let funding = desk.fund(PositionSide::Net, Amount(-1_000));
    let parts = [A, B, C].map(|worker| funding_of(&desk, owner(worker)).0);
    assert_eq!(parts, [-163, -327, -510]);
    assert_eq!(desk.account.state().workers[&C].totals.funding, Amount(-510));
    desk.tell(VenueReport::FundingBooked(funding));
    assert_eq!(funding_of(&desk, owner(A)), Amount(-163), "each is booked once");
}

#[test]
fn who_holds_the_other_side_receives_what_the_rest_pays() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 30, price(50_000));
    desk.foreign_trade(LINEAR, Side::Sell, 10, price(50_000), FillReason::Order);
    desk.fund(PositionSide::Net, Amount(-2_000));
    assert_eq!(funding_of(&desk, owner(A)), Amount(-3_000));
    assert_eq!(funding_of(&desk, SubLedger::External), Amount(1_000));
}

#[test]
fn funding_of_one_side_of_a_hedge_concerns_that_side_alone() {
    let mut desk = Desk::ready_in(PositionMode::Hedge);
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.enter(B, Side::Sell, 10, price(50_000));
    desk.fund(PositionSide::Long, Amount(-500));
    desk.fund(PositionSide::Short, Amount(400));
    assert_eq!(funding_of(&desk, owner(A)), Amount(-500));
    assert_eq!(funding_of(&desk, owner(B)), Amount(400));
}

#[test]
fn funding_that_nobody_holds_is_external() {
    let mut desk = Desk::ready();
    desk.fund(PositionSide::Net, Amount(-7));
    assert_eq!(funding_of(&desk, SubLedger::External), Amount(-7));
}

#[test]
fn the_shares_of_a_fill_add_up_to_its_quantity_value_and_fee() {
    let mut desk = three(7, 11, 13);
    let orders = desk.wish(A, closing(None));
    desk.foreign_trade(LINEAR, Side::Sell, 10, price(49_999), FillReason::Liquidation);
    let fill = desk.fill(orders[0].client_id, 7, price(49_873));
    let AccountEvent::FillBooked { shares, .. } = desk
        .records
        .iter()
        .rev()
        .map(|it| &it.event)
        .find(|it| matches!(it, AccountEvent::FillBooked { .. }))
        .unwrap()
    else {
        unreachable!("it was looked for");
    };
    assert!(shares.len() > 1);
    assert_eq!(shares.iter().map(|it| it.quantity).sum::<Quantity>(), fill.quantity);
    assert_eq!(shares.iter().map(|it| it.fee).sum::<Amount>(), fill.fee);
    let value = crate::venue::instrument(LINEAR).notional(fill.price, fill.quantity);
    assert_eq!(shares.iter().map(|it| it.value).sum::<Amount>(), value);
}
