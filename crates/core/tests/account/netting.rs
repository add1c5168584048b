//! The wallets of all sub-ledgers add up to what the venue books on the netted position.

use banyan_core::account::Input;
use banyan_core::instrument::InstrumentId;
use banyan_core::journal::Purpose;
use banyan_core::ledger::{Bucket, SubLedger};
use banyan_core::money::{Amount, Price};
use banyan_core::time::Span;
use banyan_core::venue::{PositionMode, VenueReport};
use proptest::prelude::*;

use crate::chaos::{Act, held_in_total, is_flat, near, run, trading};
use crate::desk::Desk;
use crate::listing::{INVERSE, LINEAR, SPOT, asset};

fn check_books(desk: &Desk) -> Result<(), TestCaseError> {
    let state = desk.account.state();
    for (asset, amount) in &desk.venue.wallets {
        prop_assert_eq!(state.ledger.wallet(asset), *amount, "{}", asset);
        let balances = state.ledger.balances().iter();
        let wallets = balances
            .clone()
            .filter(|((_, bucket, it), _)| *bucket == Bucket::Wallet && it == asset);
        prop_assert_eq!(wallets.map(|(_, it)| *it).sum::<Amount>(), *amount);
        let all = balances.filter(|((.., it), _)| it == asset).map(|(_, it)| *it);
        prop_assert_eq!(all.sum::<Amount>(), Amount::ZERO);
    }
    for (key, position) in &desk.venue.positions {
        prop_assert_eq!(state.position(key.0, key.1), *position);
    }
    for instrument in [LINEAR, INVERSE, SPOT] {
        let keys = desk.venue.positions.iter().filter(|(key, _)| key.0 == instrument);
        let total: i64 = keys.map(|(_, it)| it.quantity.0).sum();
        prop_assert_eq!(held_in_total(desk, instrument), total);
    }
    Ok(())
}

fn close_everything(desk: &mut Desk) {
    // Closing may itself open: an order that was sent for another position is shared.
    for instrument in [LINEAR, INVERSE, SPOT].repeat(5) {
        let holders: Vec<_> = desk.account.state().holders(instrument).collect();
        for (holder, position) in holders {
            let at = near(desk, instrument, 0);
            close_by_fill(desk, holder, instrument, position.quantity.0, at);
        }
    }
}

/// Closes one owner's position with an exit order that is filled at once.
fn close_by_fill(
    desk: &mut Desk,
    holder: SubLedger,
    instrument: InstrumentId,
    quantity: i64,
    at: Price,
) {
    for _ in 0..50 {
        if desk.account.state().share(holder, instrument).is_flat() {
            return;
        }
        desk.handle(Input::ClosePosition { owner: holder, instrument });
        desk.wait(Span::seconds(11));
        let exit = desk
            .account
            .state()
            .orders_of(holder, instrument)
            .map(|it| it.order.request.client_id)
            .collect::<Vec<_>>();
        for id in exit {
            let is_exit = matches!(desk.order(id).purpose, Purpose::Exit(_));
            let held = desk.account.state().share(holder, instrument).quantity.0.abs();
            let left = desk.order(id).order.remaining().0.min(held);
            if is_exit && left > 0 {
                desk.fill(id, left, at);
            } else {
                desk.tell(VenueReport::OrderCancelled { client_id: id });
            }
        }
    }
    let share = desk.account.state().share(holder, instrument);
    assert!(share.is_flat(), "{holder:?} still holds {share:?} of {quantity}");
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(trading(), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_one_way_account_books_what_its_venue_books(acts in acts()) {
        check_books(&run(PositionMode::OneWay, &acts))?;
    }

    #[test]
    fn a_hedge_account_books_what_its_venue_books(acts in acts()) {
        check_books(&run(PositionMode::Hedge, &acts))?;
    }

    #[test]
    fn nothing_is_left_of_netting_when_everything_is_flat(acts in acts()) {
        let mut desk = run(PositionMode::OneWay, &acts);
        close_everything(&mut desk);
        check_books(&desk)?;
        for (instrument, code) in [(LINEAR, "USDT"), (INVERSE, "BTC")] {
            prop_assert!(is_flat(&desk, instrument));
            let ledger = &desk.account.state().ledger;
            let netting = ledger.balance(SubLedger::Netting, Bucket::Wallet, &asset(code));
            prop_assert_eq!(netting, Amount::ZERO);
        }
    }
}
