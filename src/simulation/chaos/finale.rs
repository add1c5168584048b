//! The end of a run: faults stop, workers stop, and the books are held against the venue's own.

use banyan_core::account::{Account, AccountState, Phase};
use banyan_core::ids::AccountId;
use banyan_core::kill::KillLevel;
use banyan_core::terms::StopPolicy;
use banyan_core::time::Span;
use banyan_matching::faults::FaultSettings;

use super::run::Theatre;
use super::script::Action;
use crate::actors::AccountView;
use crate::simulation::audit::{VenueBooks, compare_money, compare_orders, compare_trades};

/// Faults under way last at most this long; then everything must come to agree.
const FAULTS_END: Span = Span::seconds(120);
/// How long the engine may take to come to terms with the venue after that.
const CONVERGENCE: Span = Span::seconds(120);
/// How often the books are compared before a difference counts: a fill may be under way.
const ATTEMPTS: usize = 5;

/// Brings the run to rest and compares. Returns the number of fills at the venue.
pub(super) async fn compare(theatre: &mut Theatre) -> u64 {
    theatre.stage.set_faults(FaultSettings::none()).await;
    theatre.act(Action::JournalFails(false)).await;
    for account in 0..theatre.cast.accounts.len() {
        theatre.set_kill_level(account, KillLevel::None);
    }
    let mut now = theatre.stage.clock.now() + FAULTS_END;
    theatre.watch_until(now).await;
    for worker in 0..theatre.cast.workers.len() {
        theatre.act(Action::StopWorker(worker, StopPolicy::CancelOrders)).await;
    }
    now = now + CONVERGENCE;
    theatre.watch_until(now).await;
    let mut found = (0, Vec::new());
    for _ in 0..ATTEMPTS {
        found = compare_once(theatre).await;
        if found.1.is_empty() {
            break;
        }
        now = now + Span::seconds(7);
        theatre.watch_until(now).await;
    }
    for difference in found.1 {
        theatre.checker.borrow_mut().violation(now, difference);
    }
    found.0
}

async fn compare_once(theatre: &Theatre) -> (u64, Vec<String>) {
    let ids: Vec<AccountId> = theatre.cast.accounts.iter().map(|it| it.settings.id).collect();
    let venue = theatre
        .stage
        .inspect(move |world, now| {
            ids.iter()
                .filter_map(|account| VenueBooks::of(world, *account, now))
                .collect::<Vec<_>>()
        })
        .await;
    let venue = venue.unwrap_or_default();
    let status = theatre.stage.status().await.unwrap_or_default();
    let mut checker = theatre.checker.borrow_mut();
    checker.catch_up();
    let mut differences = Vec::new();
    for books in &venue {
        let live = status.accounts.iter().find(|it| it.state.settings.id == books.account);
        let durable = checker.books.get(&books.account);
        let (Some(live), Some(durable)) = (live, durable) else {
            differences.push(format!("account {} is not there", books.account));
            continue;
        };
        let records = theatre.stage.store.records(books.account);
        compare_trades(&records, books, &mut differences);
        compare_money(durable, books, &mut differences);
        if live.phase != Phase::Ready {
            differences.push(format!("the account is {:?}", live.phase));
        }
        compare_orders(&live.state, books, &mut differences);
        compare_memory(live, durable, &records, &mut differences);
    }
    (venue.iter().map(|it| it.fills.len() as u64).sum(), differences)
}

/// What lives is what the journal would bring back.
fn compare_memory(
    live: &AccountView,
    durable: &AccountState,
    records: &[banyan_core::journal::Record],
    differences: &mut Vec<String>,
) {
    if live.state != *durable {
        differences.push("the journal does not bring back what lives".to_owned());
    }
    let replayed = Account::replay(records);
    if replayed.is_none_or(|account| account.state() != durable) {
        differences.push("two replays of the journal differ".to_owned());
    }
}
