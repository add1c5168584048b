//! The parts of a server, in the order in which they start and stop.
//!
//! The database and requests live on the I/O runtime, the engine and the exchange on an arbiter
//! each; this thread only waits.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::io::on;
use super::models::Models;
use super::{DemoLogin, Ended, Ready, ServerError, demo, fleet, folder, signals};
use crate::actors::{AccountPorts, Engine, EngineHandle, EnginePorts};
use crate::api::{self, AppParts, AppState};
use crate::auth::Auth;
use crate::auth::keys::Keys;
use crate::clock::Clock;
use crate::entropy;
use crate::exchanges::{
    EmbeddedMarketplace, Marketplace, PaperSettings, ProcessId, SaveExchange, launch_paper,
};
use crate::llm::NetworkModels;
use crate::settings::Settings;
use crate::store::{Lease, SqlJournal, Store};
use crate::telemetry::{EventLog, Vitals};

/// What an exchange is opened with.
pub struct Premises {
    /// The data folder.
    pub folder: PathBuf,
    /// Engine time.
    pub clock: Clock,
    /// The runtime for I/O.
    pub io: Handle,
}

/// An exchange that was opened for an engine.
pub struct OpenMarketplace {
    /// Makes the way to it; called on the engine's arbiter.
    pub enter: Box<dyn FnOnce() -> Rc<dyn Marketplace> + Send>,
    /// Threads of its own, to be watched.
    pub threads: Vec<(&'static str, ArbiterHandle)>,
    /// Ends it in good order, after the engine.
    pub close: Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>>>,
}

/// Opens an exchange.
pub type MarketplaceOpener = Box<
    dyn FnOnce(Premises) -> Pin<Box<dyn Future<Output = Result<OpenMarketplace, ServerError>>>>,
>;

/// The embedded exchange, in this process and on an arbiter of its own.
pub(super) async fn embedded(
    premises: Premises,
    settings: PaperSettings,
) -> Result<OpenMarketplace, ServerError> {
    let file = premises.folder.join("exchange.db");
    let (exchange, thread) = launch_paper(&file, settings, premises.clock, premises.io).await?;
    // Each process has another number, so that calls of one that died are never taken for ours.
    let process = ProcessId(entropy::seed());
    let market = EmbeddedMarketplace::enter(exchange.clone(), process)
        .await
        .map_err(|error| ServerError::Engine(error.to_string()))?;
    Ok(OpenMarketplace {
        enter: Box::new(move || Rc::new(market)),
        threads: vec![("exchange", thread)],
        close: Box::new(move || {
            Box::pin(async move {
                let _ = exchange.send(SaveExchange).await;
            })
        }),
    })
}

/// A server that answers.
pub(super) struct Running {
    url: String,
    demo: Option<DemoLogin>,
    models: Models,
    engine: EngineHandle,
    store: Store,
    lease: Arc<Lease>,
    close_market: Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>>>,
    fenced: Option<mpsc::Receiver<()>>,
    stop_serving: watch::Sender<bool>,
    serving: JoinHandle<()>,
    patience: Duration,
    io: Handle,
}

/// Starts everything; requests are answered when it returns.
pub(super) async fn start(
    settings: &Settings,
    io: Handle,
    opener: MarketplaceOpener,
) -> Result<Running, ServerError> {
    let clock = Clock::wall();
    let data = settings.store.data_dir.clone();
    folder::prepare(&data)?;
    let listener = listen(settings, &io).await?;
    let (store, lease) = open_store(settings, clock, &io).await?;
    let auth = open_auth(settings, &store, clock, &io).await?;
    let models = Models::open(settings, &store, &auth, clock, &io).await?;
    let market = opener(Premises { folder: data.clone(), clock, io: io.clone() }).await?;
    let (tell_fenced, fenced) = mpsc::channel(1);
    let trading = Arbiter::new().handle();
    let journal = (store.clone(), lease.clone(), io.clone());
    let ports = (market.enter, models.for_engine());
    let engine = start_engine(&trading, ports, journal, settings, clock, tell_fenced).await?;
    let mut threads = vec![("trading", trading)];
    threads.extend(market.threads);
    crate::actors::watch(threads, engine.vitals_shared())
        .map_err(|error| ServerError::Engine(error.to_string()))?;
    let demo = if settings.server.demo {
        Some(on(&io, demo::prepare(store.clone(), engine.clone(), clock, data)).await?)
    } else {
        None
    };
    let risk = settings.risk.limits().map_err(|error| ServerError::Settings(error.to_string()))?;
    let trading = settings.trading.clone();
    on(&io, fleet::start(store.clone(), engine.clone(), trading.clone(), risk.clone())).await?;
    engine.vitals().set_started(true);
    let state = AppState::new(AppParts {
        store: store.clone(),
        engine: engine.clone(),
        auth,
        settings: settings.api.clone(),
        ws: settings.ws.clone(),
        models: models.service.clone(),
        risk,
        trading,
        clock,
    });
    let url = origin(&listener)?;
    let (stop_serving, stopping) = watch::channel(false);
    let serving = io.spawn(serve(listener, state, stopping));
    tracing::info!(%url, database = store.dialect(), "the server answers");
    let patience = Duration::from_secs(settings.server.stop_seconds);
    let (fenced, close_market) = (Some(fenced), market.close);
    Ok(Running {
        url,
        demo,
        models,
        engine,
        store,
        lease,
        close_market,
        fenced,
        stop_serving,
        serving,
        patience,
        io,
    })
}

/// Binds the address first, so that one that is in use is told before anything else happens.
async fn listen(settings: &Settings, io: &Handle) -> Result<TcpListener, ServerError> {
    let address = settings.server.listen;
    let bind = async move {
        let bound = TcpListener::bind(address).await;
        bound.map_err(|error| ServerError::Listen {
            address: address.to_string(),
            why: error.to_string(),
        })
    };
    on(io, bind).await
}

fn origin(listener: &TcpListener) -> Result<String, ServerError> {
    let address = listener.local_addr();
    let address = address.map_err(|error| ServerError::Engine(error.to_string()))?;
    Ok(format!("http://{address}"))
}

async fn open_store(
    settings: &Settings,
    clock: Clock,
    io: &Handle,
) -> Result<(Store, Arc<Lease>), ServerError> {
    let database = settings.store.database();
    let opened = async move {
        let store = Store::open(&database).await?;
        let holder = format!("process {}", std::process::id());
        let lease = store.take_lease(&holder, clock.now()).await?;
        Ok((store, Arc::new(lease)))
    };
    on(io, opened).await
}

/// Fails when the data key is not the one with which credentials were sealed: they would be lost
/// without a word.
async fn open_auth(
    settings: &Settings,
    store: &Store,
    clock: Clock,
    io: &Handle,
) -> Result<Auth, ServerError> {
    let keys = Keys::load(&settings.auth, &settings.store.data_dir.join("keys"))?;
    let (store, settings) = (store.clone(), settings.auth.clone());
    on(io, async move { Ok(Auth::open(store, &keys, &settings, clock).await?) }).await
}

async fn start_engine(
    trading: &ArbiterHandle,
    (enter, models): (Box<dyn FnOnce() -> Rc<dyn Marketplace> + Send>, NetworkModels),
    (store, lease, io): (Store, Arc<Lease>, Handle),
    settings: &Settings,
    clock: Clock,
    tell_fenced: mpsc::Sender<()>,
) -> Result<EngineHandle, ServerError> {
    let (answer, started) = oneshot::channel();
    let allow_live = settings.trading.allow_live;
    trading.spawn_fn(move || {
        let reports = (store.clone(), io.clone());
        let keep_report = move |owner, report| {
            let (store, clock) = (reports.0.clone(), clock);
            reports.1.spawn(async move {
                let kept = store.insert_recovery_report(owner, &report, clock.now()).await;
                if let Err(error) = kept {
                    tracing::error!(%error, "a recovery report could not be kept");
                }
            });
        };
        let on_fenced = move || {
            let _ = tell_fenced.try_send(());
        };
        let engine = Engine::serve(EnginePorts {
            accounts: AccountPorts {
                clock,
                venue: enter(),
                prepare: None,
                reports: None,
                allow_live,
            },
            journal: Box::new(SqlJournal::new(store, lease, io)),
            log: EventLog::off(),
            seed: entropy::seed(),
            vitals: Arc::new(Vitals::default()),
            on_fenced: Some(Box::new(on_fenced)),
            keep_report: Some(Box::new(keep_report)),
            meters: models.meters(),
            models: Box::new(models),
        });
        let _ = answer.send(engine);
    });
    started.await.map_err(|_| ServerError::Engine("its thread ended".to_owned()))
}

async fn serve(listener: TcpListener, state: AppState, mut stopping: watch::Receiver<bool>) {
    let sockets = state.sockets.clone();
    let told = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
        sockets.close_all();
    };
    let service = api::router(state).into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(told).await {
        tracing::error!(%error, "requests are no longer answered");
    }
}

impl Running {
    pub(super) fn ready(&self) -> Ready {
        let house_model_url = self.models.house_url();
        Ready { url: self.url.clone(), demo: self.demo.clone(), house_model_url }
    }

    /// Waits until something ends the server.
    pub(super) async fn wait(&mut self) -> Ended {
        match self.fenced.take() {
            Some(fenced) => signals::wait(fenced).await,
            None => Ended::Stopped,
        }
    }

    /// Stops everything in good order: no new requests, workers at rest, the journal written.
    pub(super) async fn stop(self) {
        tracing::info!("stopping");
        self.engine.vitals().set_started(false);
        let _ = self.stop_serving.send(true);
        end_serving(self.serving, self.patience).await;
        if let Err(error) = self.engine.stop().await {
            tracing::error!(%error, "the journal may lack the latest; recovery will tell");
        }
        self.models.close().await;
        let (store, lease) = (self.store, self.lease);
        (self.close_market)().await;
        let closing = async move {
            store.close().await;
            drop(lease);
            Ok(())
        };
        let _ = on(&self.io, closing).await;
    }
}

/// Lets requests that are under way end, for a while.
async fn end_serving(mut serving: JoinHandle<()>, patience: Duration) {
    if tokio::time::timeout(patience, &mut serving).await.is_err() {
        tracing::warn!("some requests did not end in time");
        serving.abort();
    }
}
