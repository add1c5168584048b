//! What must hold: at each death of an engine, and in the end.

use std::collections::{BTreeMap, BTreeSet};

use banyan::simulation::audit::{compare_money, compare_orders, compare_trades, unprotected};
use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, ClientOrderId};

use crate::exchange::ORDERS;
use crate::journal;
use crate::processes::Place;

/// Orders that reached the exchange, in order, with the lives that engines had then.
pub(crate) fn orders(place: &Place) -> Vec<(AccountId, ClientOrderId)> {
    let text = std::fs::read_to_string(place.folder.join(ORDERS)).unwrap_or_default();
    let order = |line: &str| {
        let (account, id) = line.split_once(' ')?;
        Some((AccountId(account.parse().ok()?), id.parse().ok()?))
    };
    text.lines().map(|line| order(line).expect("a line is an account and an id")).collect()
}

/// Every order that reached the exchange is in the journal, and none came twice.
pub(crate) async fn of_orders(place: &Place, accounts: &[AccountId]) -> BTreeSet<String> {
    let mut violations = BTreeSet::new();
    let mut times: BTreeMap<_, u32> = BTreeMap::new();
    for order in orders(place) {
        *times.entry(order).or_default() += 1;
    }
    for account in accounts {
        let planned = journal::planned(&journal::records(place, *account).await);
        for ((_, id), times) in times.iter().filter(|((of, _), _)| of == account) {
            if *times > 1 {
                violations.insert(format!("order {id} was sent {times} times"));
            }
            if !planned.contains(id) {
                violations.insert(format!("order {id} was sent, and its plan is not durable"));
            }
        }
    }
    violations
}

/// What differs between the books of a settled engine and those of the exchange.
pub(crate) async fn of_books(place: &Place, accounts: &[AccountId]) -> Vec<String> {
    let mut differences = Vec::new();
    for venue in place.books(accounts).await {
        let records = journal::records(place, venue.account).await;
        let Some(state) = AccountState::replay(&records) else {
            differences.push(format!("account {} is not in the journal", venue.account));
            continue;
        };
        compare_trades(&records, &venue, &mut differences);
        compare_money(&state, &venue, &mut differences);
        compare_orders(&state, &venue, &mut differences);
        let bare = unprotected(&state, &venue.snapshot.open_orders, |_| None);
        for (owner, instrument, held, stops) in bare {
            let (held, stops) = (held.0, stops.0);
            differences
                .push(format!("{owner:?} holds {held} of {instrument:?}, stops for {stops}"));
        }
    }
    differences
}

/// Fills at the exchange.
pub(crate) async fn fills(place: &Place, accounts: &[AccountId]) -> usize {
    place.books(accounts).await.iter().map(|books| books.fills.len()).sum()
}
