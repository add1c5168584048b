//! What handlers have at hand.

use std::ops::Deref;
use std::sync::Arc;

use banyan_core::risk::RiskLimits;

use super::ApiSettings;
use super::hosts::Hosts;
use super::limits::Limits;
use crate::actors::EngineHandle;
use crate::auth::Auth;
use crate::clock::Clock;
use crate::fleet::TradingSettings;
use crate::llm::ModelService;
use crate::store::Store;
use crate::ws::{Sockets, WsSettings};

/// What the interface is built from.
pub struct AppParts {
    /// What is kept.
    pub store: Store,
    /// The engine.
    pub engine: EngineHandle,
    /// Who is who.
    pub auth: Auth,
    /// How much is allowed.
    pub settings: ApiSettings,
    /// How much is allowed on WebSockets.
    pub ws: WsSettings,
    /// The way to models.
    pub models: Arc<ModelService>,
    /// The limits of strategies.
    pub risk: RiskLimits,
    /// What may be traded.
    pub trading: TradingSettings,
    /// The time.
    pub clock: Clock,
}

/// What handlers have at hand; clones share it.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// See `AppState`.
pub struct Shared {
    /// What is kept.
    pub store: Store,
    /// The engine.
    pub engine: EngineHandle,
    /// Who is who.
    pub auth: Arc<Auth>,
    /// The way to models.
    pub models: Arc<ModelService>,
    /// WebSocket connections.
    pub sockets: Arc<Sockets>,
    /// The time.
    pub clock: Clock,
    pub(super) settings: ApiSettings,
    pub(super) risk: RiskLimits,
    pub(super) trading: TradingSettings,
    pub(super) limits: Limits,
    pub(super) hosts: Hosts,
}

impl AppState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: AppParts) -> Self {
        let AppParts { store, engine, auth, settings, ws, models, risk, trading, clock } = parts;
        let auth = Arc::new(auth);
        let (engine_of, store_of) = (engine.clone(), store.clone());
        let sockets = Sockets::new(engine_of, store_of, auth.clone(), clock, ws);
        let (limits, hosts) = (Limits::new(&settings, clock), Hosts::new(&settings));
        let sockets = Arc::new(sockets);
        Self(Arc::new(Shared {
            store,
            engine,
            auth,
            models,
            sockets,
            clock,
            settings,
            risk,
            trading,
            limits,
            hosts,
        }))
    }
}

impl Deref for AppState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
