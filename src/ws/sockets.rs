//! All connections: who may open one, how many there are, and what each may hear.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ws::WebSocket;
use banyan_core::ids::UserId;
use tokio::sync::watch;

use super::WsSettings;
use super::protocol::{Channel, CloseCode};
use super::session::{self, Session};
use crate::actors::EngineHandle;
use crate::auth::{Auth, Caller};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::Store;

/// All connections of a server.
pub struct Sockets {
    pub(super) engine: EngineHandle,
    pub(super) auth: Arc<Auth>,
    pub(super) clock: Clock,
    pub(super) settings: WsSettings,
    store: Store,
    open: Mutex<Counts>,
    stop: watch::Sender<bool>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_user: BTreeMap<UserId, usize>,
}

/// A place among the connections; given back when it is dropped.
struct Place<'a> {
    sockets: &'a Sockets,
    user: UserId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut open = self.sockets.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        let left = open.by_user.get(&self.user).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            open.by_user.remove(&self.user);
        } else {
            open.by_user.insert(self.user, left);
        }
    }
}

impl Sockets {
    /// No connections yet.
    #[must_use]
    pub fn new(
        engine: EngineHandle,
        store: Store,
        auth: Arc<Auth>,
        clock: Clock,
        settings: WsSettings,
    ) -> Self {
        let (open, stop) = (Mutex::default(), watch::Sender::new(false));
        Self { engine, auth, clock, settings, store, open, stop }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// Length in bytes of the longest message of a client.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        self.settings.frame_bytes
    }

    /// Tells all clients that the server stops, and closes their connections.
    pub fn close_all(&self) {
        self.stop.send_replace(true);
    }

    fn take_place(&self, user: UserId) -> Option<Place<'_>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.by_user.get(&user).copied().unwrap_or_default();
        if open.all >= self.settings.connections || own >= self.settings.connections_per_user {
            return None;
        }
        open.all += 1;
        open.by_user.insert(user, own + 1);
        Some(Place { sockets: self, user })
    }

    /// Says whether somebody may hear a channel.
    pub async fn may_hear(&self, caller: &Caller, name: &str) -> bool {
        let owner = caller.owner();
        match Channel::parse(name) {
            Some(Channel::System) => true,
            Some(Channel::User(user)) => user == caller.user().id,
            Some(Channel::Account(id)) => self.store.account(owner, id).await.is_ok(),
            Some(Channel::Strategy(id)) => self.store.strategy(owner, id).await.is_ok(),
            None => false,
        }
    }

    /// Serves one connection to its end.
    pub async fn serve(&self, mut socket: WebSocket, token: Option<Secret>) {
        let token = token.unwrap_or_default();
        let caller = match self.auth.authenticate(token.expose()).await {
            Ok(caller) => caller,
            Err(error) => {
                let now = self.clock.now();
                let (code, message) = (CloseCode::Unauthenticated, error.to_string());
                return session::dismiss(&mut socket, code, &message, now).await;
            }
        };
        let Some(_place) = self.take_place(caller.user().id) else {
            let (code, message) = (CloseCode::TooMany, "too many connections");
            return session::dismiss(&mut socket, code, message, self.clock.now()).await;
        };
        Session::new(self, caller, token).run(socket, self.stop.subscribe()).await;
    }
}
