//! One worker panics again and again until it is given up, while its sibling on the same account
//! trades on as if nothing had happened.

use banyan_core::time::{Span, Timestamp};
use banyan_matching::market::Market;
use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};
use banyan_matching::world::{Latency, World, WorldSettings};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::chaos::draw_cast;
use super::{Pace, Stage, make_clock, run};
use crate::actors::{EngineStatus, Notice, OnWorker, Panic, WorkerState};
use crate::store::MemoryStore;

const START: Timestamp = Timestamp::from_milliseconds(1_767_225_600_000);
/// Time between two panics; five fit into the window in which a worker is given up.
const BETWEEN: Span = Span::seconds(60);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanicReport {
    /// Panics injected.
    pub panics: u32,
    /// Times the worker was started again.
    pub restarts: u64,
    /// Its latest epoch.
    pub epochs: u32,
    /// How it is in the end.
    pub state: WorkerState,
    /// Why.
    pub reason: Option<String>,
    /// Times the sibling was started again.
    pub sibling_restarts: u64,
    /// How the sibling is.
    pub sibling_state: WorkerState,
    /// The sibling's fills before the first panic.
    pub sibling_fills_before: u64,
    /// The sibling's fills an hour after the last.
    pub sibling_fills_after: u64,
    /// What people were told.
    pub notices: Vec<Notice>,
}

impl PanicReport {
    /// Says whether everything went as it must.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.state == WorkerState::Error
            && self.reason.is_some()
            && self.restarts == u64::from(self.panics) - 1
            && self.epochs == self.panics
            && self.sibling_restarts == 0
            && self.sibling_state == WorkerState::Running
            && self.sibling_fills_after > self.sibling_fills_before
    }
}

/// Lets it happen, in simulated time.
#[must_use]
pub fn demonstrate() -> PanicReport {
    run(Pace::Unlimited, play())
}

async fn play() -> PanicReport {
    let mut settings = SyntheticSettings::new(1, START);
    settings.step = Span::seconds(5);
    let market = SyntheticMarket::new(&settings).expect("all its symbols can be listed");
    let cast = draw_cast(&market, &mut Pcg64Mcg::seed_from_u64(1));
    let latency = Latency { order: Span::milliseconds(5), ..Latency::default() };
    let world = WorldSettings { latency, seed: 1, ..WorldSettings::default() };
    let world = World::new(Box::new(market) as Box<dyn Market>, world);
    let clock = make_clock(START, Pace::Unlimited);
    let store = MemoryStore::default();
    let mut stage = Stage::new(world, clock, cast.accounts, 1, None, store);
    let engine = stage.start_engine();
    let (sibling, victim) = (cast.workers[0].clone(), cast.workers[2].clone());
    let ids = (victim.worker, sibling.worker);
    for worker in [sibling, victim] {
        engine.do_send(OnWorker::Start(Box::new(worker)));
    }
    let mut now = START + Span::minutes(60);
    stage.sleep_until(now).await;
    let sibling_fills_before = fills(&stage.status().await.unwrap_or_default(), ids.1);
    let mut panics = 0;
    while state_of(&stage.status().await.unwrap_or_default(), ids.0) != Some(WorkerState::Error)
        && panics < 20
    {
        engine.do_send(Panic::Worker(ids.0));
        panics += 1;
        now = now + BETWEEN;
        stage.sleep_until(now).await;
    }
    stage.sleep_until(now + Span::minutes(60)).await;
    let status = stage.status().await.unwrap_or_default();
    let of = |id| status.workers.iter().map(|(it, _)| it).find(|it| it.worker == id).cloned();
    let (victim, sibling) = (of(ids.0), of(ids.1));
    stage.stop_engine().await;
    PanicReport {
        panics,
        restarts: victim.as_ref().map_or(0, |it| it.restarts),
        epochs: victim.as_ref().map_or(0, |it| it.epoch.0),
        state: victim.as_ref().map_or(WorkerState::Stopped, |it| it.state),
        reason: victim.and_then(|it| it.last_error),
        sibling_restarts: sibling.as_ref().map_or(0, |it| it.restarts),
        sibling_state: sibling.map_or(WorkerState::Stopped, |it| it.state),
        sibling_fills_before,
        sibling_fills_after: fills(&status, ids.1),
        notices: status.notices,
    }
}

fn state_of(status: &EngineStatus, worker: banyan_core::ids::WorkerId) -> Option<WorkerState> {
    status.workers.iter().find(|(it, _)| it.worker == worker).map(|(it, _)| it.state)
}

fn fills(status: &EngineStatus, worker: banyan_core::ids::WorkerId) -> u64 {
    let states = status.accounts.iter().filter_map(|it| it.state.workers.get(&worker));
    states.map(|it| it.totals.fills).sum()
}
