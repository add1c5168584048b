//! The notifier: what people should know. Keeps the latest hundred notices.

use std::collections::VecDeque;

use actix::prelude::*;
use banyan_core::ids::AccountId;

/// How many notices are kept; the oldest goes first.
const KEPT: usize = 100;

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something to look at.
    Warning,
    /// Something was stopped.
    Error,
}

/// Something people should know.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Notice {
    /// How urgent.
    pub level: Level,
    /// In a few words.
    pub title: String,
    /// In full.
    pub message: String,
    /// The account it is about, where there is one.
    pub account: Option<AccountId>,
}

/// Wants to hear of notices as they come.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct WatchNotices(pub(super) Recipient<Notice>);

/// Asks for the notices kept, oldest first.
#[derive(Message)]
#[rtype(result = "Vec<Notice>")]
pub struct GetNotices;

/// Collects notices.
#[derive(Default)]
pub struct Notifier {
    notices: VecDeque<Notice>,
    watchers: Vec<Recipient<Notice>>,
}

impl Actor for Notifier {
    type Context = Context<Self>;
}

impl Handler<Notice> for Notifier {
    type Result = ();

    fn handle(&mut self, notice: Notice, _: &mut Self::Context) {
        for watcher in &self.watchers {
            watcher.do_send(notice.clone());
        }
        self.notices.push_back(notice);
        if self.notices.len() > KEPT {
            self.notices.pop_front();
        }
    }
}

impl Handler<GetNotices> for Notifier {
    type Result = MessageResult<GetNotices>;

    fn handle(&mut self, _: GetNotices, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.notices.iter().cloned().collect())
    }
}

impl Handler<WatchNotices> for Notifier {
    type Result = ();

    fn handle(&mut self, WatchNotices(watcher): WatchNotices, _: &mut Self::Context) {
        self.watchers.push(watcher);
    }
}
