//! How long an order waits for its record to be durable, alone and in company.
//!
//! A sample is one order: its review and its plan are handed to the journal, and the clock stops
//! when both are durable. In a round that many orders of as many accounts come at the same moment
//! and share a commit, as the journal writer has it. The databases are real ones on this machine's
//! disk: a file of SQLite, and a PostgreSQL server that is started for the bench; both wait for
//! the disk at every commit.
//!
//! - `group_commit/sqlite/N`, `group_commit/postgres/N`: N orders at the same moment, N of 1, 10
//!   and 100.

mod support {
    #[path = "../../tests/support/postgres.rs"]
    pub(crate) mod postgres;
    pub(crate) mod samples;
}

use std::sync::Arc;

use banyan::secret::Secret;
use banyan::store::{Batch, Database, Journal, SqlJournal, Store};
use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, ClientOrderId, IntentId, Sequence, UserId, WorkerId};
use banyan_core::instrument::InstrumentId;
use banyan_core::intent::{ExitReason, Intent};
use banyan_core::journal::{
    AccountEvent, PlannedOrder, Principal, Purpose, RECORD_VERSION, Record,
};
use banyan_core::ledger::SubLedger;
use banyan_core::money::Quantity;
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::risk::{Denial, DenialCode};
use banyan_core::symbol::Asset;
use banyan_core::terms::{AccountMode, AccountSettings};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{MarginMode, PositionMode};
use tokio::runtime::{Handle, Runtime};

use support::postgres::Server;
use support::samples::{Samples, is_wanted, now, repetitions};

const COMPANIES: [usize; 3] = [1, 10, 100];
const ROUNDS: usize = 1_000;
/// Rounds that are thrown away while statements are prepared and files grow.
const WARM_UP: usize = 5;

fn main() {
    let runtime = Runtime::new().expect("a runtime can be started");
    if is_wanted("group_commit/sqlite") {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = Database::Sqlite(folder.path().join("banyan.db"));
        runtime.block_on(bench("sqlite", &database));
    }
    if is_wanted("group_commit/postgres") {
        let server = Server::shared();
        println!("{}", server.version());
        let url = runtime.block_on(server.fresh_database());
        runtime.block_on(bench("postgres", &Database::Postgres(Secret::new(url))));
    }
}

async fn bench(name: &str, database: &Database) {
    let store = Store::open(database).await.expect("an empty database can be opened");
    let lease = store.take_lease("bench", NOW).await.expect("nobody else is here");
    let journal = SqlJournal::new(store, Arc::new(lease), Handle::current());
    let mut desks: Vec<_> = (1..=100).map(Desk::new).collect();
    let openings = desks.iter_mut().map(Desk::open).collect();
    journal.append(Arc::new(openings)).await.expect("accounts can be opened");
    for company in COMPANIES {
        let rounds = repetitions(ROUNDS);
        let (mut samples, mut seconds) = (Samples::with_capacity(rounds * company), 0.0);
        for round in 0..rounds + WARM_UP {
            let group = Arc::new(desks[..company].iter_mut().map(Desk::order).collect());
            let started = now();
            journal.append(group).await.expect("the journal takes orders");
            let elapsed = started.elapsed();
            if round >= WARM_UP {
                // Each order of the group waited as long as the group.
                (0..company).for_each(|_| samples.push(elapsed));
                seconds += elapsed.as_secs_f64();
            }
        }
        let [median, p99] = [0.5, 0.99].map(|share| samples.quantile(share) / 1_000);
        let rate = (rounds * company) as f64 / seconds;
        println!(
            "group_commit/{name}/{company}: p50 {median} us, p99 {p99} us, {rate:.0} orders/s \
             ({rounds} rounds)"
        );
    }
}

const NOW: Timestamp = Timestamp(1_735_732_800_000_000);

/// Makes the records of one account's orders.
struct Desk {
    account: AccountId,
    sequence: Sequence,
    number: u32,
}

impl Desk {
    fn new(number: u128) -> Self {
        let account = AccountId::from_u128(number << 64 | number);
        Self { account, sequence: Sequence(0), number: 0 }
    }

    fn open(&mut self) -> Batch {
        let settings = AccountSettings {
            id: self.account,
            tenant: UserId::from_u128(1),
            mode: AccountMode::Paper,
            position_mode: PositionMode::OneWay,
            margin_mode: MarginMode::Cross,
            settle: Asset::new("USDT").expect("an asset code"),
            default_leverage: 10,
            reconcile_every: Span::minutes(1),
            request_expiry: Span::seconds(5),
        };
        assert_eq!(AccountState::new(settings.clone()).sequence, self.sequence);
        self.batch(vec![AccountEvent::AccountOpened(Box::new(settings))])
    }

    /// A review and a plan, as one wish leaves them.
    fn order(&mut self) -> Batch {
        self.number += 1;
        let worker = WorkerId::from_u128(7);
        let id = IntentId { worker, number: self.number, ..IntentId::default() };
        let request = OrderRequest {
            client_id: ClientOrderId::derive(self.account, id, 1),
            instrument: InstrumentId(0),
            side: Side::Buy,
            position_side: PositionSide::Net,
            quantity: Quantity(10),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::ImmediateOrCancel,
            reduce_only: false,
            close_position: false,
        };
        let intent = Intent::Close {
            instrument: request.instrument,
            quantity: None,
            reason: ExitReason::ExitSignal,
        };
        // An approval cannot be made by hand; a denial is about as long.
        let outcome = Err(Denial::plain(DenialCode::NoPrice));
        let planned = PlannedOrder {
            request,
            owner: SubLedger::Worker(worker),
            intent: id,
            tag: None,
            purpose: Purpose::Entry,
        };
        self.batch(vec![
            AccountEvent::IntentReviewed { id, intent, outcome },
            AccountEvent::OrderPlanned(Box::new(planned)),
        ])
    }

    fn batch(&mut self, events: Vec<AccountEvent>) -> Batch {
        let records = events.into_iter().map(|event| self.record(event)).collect();
        Batch { account: self.account, records }
    }

    fn record(&mut self, event: AccountEvent) -> Record {
        self.sequence = self.sequence.next();
        Record {
            version: RECORD_VERSION,
            account: self.account,
            sequence: self.sequence,
            recorded_at: NOW,
            event_at: NOW,
            cause: None,
            correlation: None,
            epoch: None,
            strategy_version: None,
            principal: Principal::Engine,
            tenant: UserId::from_u128(1),
            event,
        }
    }
}
