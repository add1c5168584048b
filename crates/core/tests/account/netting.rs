//! The wallets of all sub-ledgers add up to what the venue books on the netted position.

use banyan_core::ledger::{Bucket, SubLedger};
use banyan_core::money::Amount;
use banyan_core::venue::PositionMode;
use proptest::prelude::*;

use crate::chaos::{Act, close_everything, held_in_total, is_flat, run, trading};
use crate::desk::Desk;
use crate::listing::{INVERSE, LINEAR, SPOT, asset};

fn check_books(desk: &Desk) -> Result<(), TestCaseError> {
    let state = desk.account.state();
    for (asset, amount) in &desk.venue.wallets {
        prop_assert_eq!(state.ledger.wallet(asset), *amount, "{}", asset);
        let balances = state.ledger.balances().iter();
        let wallets = balances.clone().filter(|((_, bucket, it), _)| {
            *bucket == Bucket::Wallet && it == asset
        });
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
