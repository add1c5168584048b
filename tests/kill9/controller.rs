//! The controller: starts engine and exchange, kills them at moments drawn from a seed, and judges.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use banyan::entropy;
use banyan::llm::house::HouseServer;
use banyan_core::time::Span;
use banyan_matching::faults::{Fault, FaultSettings};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::json;

use crate::house::House;
use crate::processes::{Place, Process};
use crate::{journal, postgres, strace, verdict};

/// How long faults under way may last when the dial is at zero.
const FAULTS_END: Duration = Duration::from_secs(8);
/// How often books are compared before a difference counts: a fill may be under way.
const ATTEMPTS: u32 = 30;
const BETWEEN: Duration = Duration::from_secs(2);

/// What the engine keeps its journal in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// What is to be done.
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) databases: Vec<Database>,
    pub(crate) seed: Option<u64>,
}

/// How it went.
pub(crate) struct Summary {
    pub(crate) violations: usize,
    pub(crate) json: serde_json::Value,
}

/// One run.
struct Run {
    place: Place,
    random: Pcg64Mcg,
    exchange: Process,
    engine: Process,
    house: House,
    /// Where strategies in words ask; it outlives every engine.
    models: HouseServer,
    engine_kills: u32,
    exchange_kills: u32,
    /// Decisions that were sealed.
    decisions: u64,
    violations: BTreeSet<String>,
}

/// Many faults in little time. Nothing is closed for ever: the strategies must go on.
fn faults() -> FaultSettings {
    let mut faults = FaultSettings {
        longest_delay: Span::seconds(2),
        longest_gap_notice: Span::seconds(2),
        shortest_window: Span::milliseconds(200),
        longest_window: Span::seconds(2),
        longest_outage: Span::seconds(3),
        ..FaultSettings::bad_day()
    };
    for (fault, rate) in &mut faults.rates {
        match fault {
            Fault::Delisting => *rate = 0,
            fault if fault.is_momentary() => {}
            _ => *rate *= 30,
        }
    }
    faults
}

/// Kills as often as planned, then compares.
pub(crate) async fn run(plan: &Plan, database: Database) -> Summary {
    let seed = plan.seed.unwrap_or_else(|| entropy::seed() >> 1);
    eprintln!("kill9: {database:?}, seed {seed}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = (database == Database::Postgres).then(postgres::Server::shared);
    let database_url = match &server {
        Some(server) => server.fresh_database().await,
        None => String::new(),
    };
    let place = Place { folder: folder.path().to_owned(), database_url, seed };
    let mut run = Run::begin(place, seed).await;
    for round in 1..=plan.rounds {
        run.round(round, plan.rounds).await;
    }
    run.settle().await;
    run.compare().await;
    let seen = match database {
        Database::Sqlite => strace::check(&run.place, &mut run.house, run.engine).await,
        Database::Postgres => strace::Seen::default(),
    };
    run.violations.extend(seen.violations);
    run.models.stop().await;
    if run.decisions == 0 {
        run.violations.insert("no decision was sealed: nothing is proven".to_owned());
    }
    let orders = verdict::orders(&run.place).len();
    let fills = verdict::fills(&run.place, &run.house.accounts).await;
    if orders < 5 * plan.rounds as usize || fills < plan.rounds as usize {
        run.violations.insert(format!("only {orders} orders and {fills} fills: nothing is proven"));
    }
    for violation in &run.violations {
        eprintln!("VIOLATION {violation}");
    }
    let violations = run.violations.len();
    if violations > 0 {
        let kept = folder.keep();
        eprintln!("everything is kept in {}", kept.display());
    }
    drop::<Option<Arc<postgres::Server>>>(server);
    let json = json!({
        "violations": violations,
        "database": format!("{database:?}").to_lowercase(),
        "seed": seed,
        "engine_kills": run.engine_kills,
        "exchange_kills": run.exchange_kills,
        "decisions": run.decisions,
        "orders": orders,
        "fills": fills,
        "orders_seen_by_strace": seen.orders,
    });
    Summary { violations, json }
}

impl Run {
    async fn begin(place: Place, seed: u64) -> Self {
        let random = Pcg64Mcg::seed_from_u64(seed);
        let exchange = place.start_exchange().await;
        let mut engine = Process::spawn(&mut place.engine());
        let told = engine.first_line().await.expect("the engine is ready; see engine.log");
        let mut house = House::open(&told, seed).await;
        let models = banyan::llm::house::serve(None).await.expect("a port of loopback");
        house.furnish(&models.url()).await;
        place.set_faults(faults()).await;
        let (engine_kills, exchange_kills, violations) = (0, 0, BTreeSet::new());
        Self {
            place,
            random,
            exchange,
            engine,
            house,
            models,
            engine_kills,
            exchange_kills,
            decisions: 0,
            violations,
        }
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        let pause = self.random.random_range(milliseconds);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// A while of trading, then a death.
    async fn round(&mut self, round: u32, of: u32) {
        // Most engines live until all is at work, some die while they still begin.
        if self.random.random_range(0..4) > 0 {
            self.house.set_all("active").await;
        }
        for _ in 0..self.random.random_range(1..16) {
            self.house.meddle().await;
            self.pause(20..700).await;
        }
        let what = self.random.random_range(0..10);
        let name = match what {
            0..=5 => "engine",
            6 => "exchange",
            7 => "engine, then exchange",
            8 => "exchange, then engine",
            _ => "engine, and again while it starts",
        };
        let orders = verdict::orders(&self.place).len();
        eprintln!("kill9: round {round} of {of}: {name}; {orders} orders so far");
        match what {
            0..=5 => self.kill_engine().await,
            6 => self.kill_exchange().await,
            7 => {
                self.kill_engine().await;
                self.kill_exchange().await;
            }
            8 => {
                self.exchange.kill();
                self.pause(0..50).await;
                self.engine.kill();
                self.engine_kills += 1;
                self.restart_exchange().await;
            }
            _ => {
                self.kill_engine().await;
                self.engine = Process::spawn(&mut self.place.engine());
                self.pause(0..800).await;
                self.kill_engine().await;
            }
        }
        if what != 6 {
            self.start_engine().await;
        }
    }

    /// Kills the engine and looks at once whether all that it had sent is in its journal.
    async fn kill_engine(&mut self) {
        self.engine.kill();
        self.engine_kills += 1;
        self.place.wait_for_silence().await;
        self.judge_orders().await;
    }

    async fn judge_orders(&mut self) {
        let found = verdict::of_orders(&self.place, &self.house.accounts).await;
        self.violations.extend(found);
    }

    async fn kill_exchange(&mut self) {
        self.exchange.kill();
        self.pause(0..1_500).await;
        self.restart_exchange().await;
    }

    async fn restart_exchange(&mut self) {
        self.exchange_kills += 1;
        self.exchange = self.place.start_exchange().await;
    }

    async fn start_engine(&mut self) {
        for _ in 0..50 {
            self.engine = Process::spawn(&mut self.place.engine());
            if let Some(told) = self.engine.first_line().await {
                self.house.move_to(&told);
                return;
            }
            // The database may not have noticed yet that the one before is dead.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the engine does not start; see engine.log in {}", self.place.folder.display());
    }

    /// Lets faults and strategies end.
    async fn settle(&mut self) {
        self.house.set_all("active").await;
        self.pause(3_000..3_001).await;
        self.place.set_faults(FaultSettings::none()).await;
        tokio::time::sleep(FAULTS_END).await;
        self.house.set_all("stopped").await;
        tokio::time::sleep(FAULTS_END).await;
    }

    async fn compare(&mut self) {
        let mut differences = Vec::new();
        for _ in 0..ATTEMPTS {
            differences = verdict::of_books(&self.place, &self.house.accounts).await;
            if differences.is_empty() {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
        }
        self.violations.extend(differences);
        self.judge_orders().await;
        let (found, sealed) = journal::verify(&self.place).await;
        if !found.passed() {
            let told = found.differences.into_iter();
            self.violations.extend(told.map(|it| format!("journal verify: {it}")));
        }
        self.decisions = sealed.checked;
        if let Some(broken) = sealed.first_broken {
            self.violations.insert(format!("decisions verify: {broken:?}"));
        }
    }
}
