//! The notifier: what people should know. Keeps the latest hundred notices.

use std::collections::VecDeque;

use actix::prelude::*;

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
}

/// Asks for the notices kept, oldest first.
#[derive(Message)]
#[rtype(result = "Vec<Notice>")]
pub struct GetNotices;

/// Collects notices.
#[derive(Default)]
pub struct Notifier {
    notices: VecDeque<Notice>,
}

impl Actor for Notifier {
    type Context = Context<Self>;
}

impl Handler<Notice> for Notifier {
    type Result = ();

    fn handle(&mut self, notice: Notice, _: &mut Self::Context) {
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
