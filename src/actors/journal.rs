//! The journal writer: one actor owns every write, and commits what gathered while it was writing.
//!
//! A failed write is tried again with the same batches until it works; accounts are told, and act
//! as their rules say. Records may not be dropped: what gathers meanwhile is bounded by what is
//! still recorded, and that is little, because entries are refused.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use banyan_core::ids::{AccountId, Sequence};
use banyan_core::journal::Record;
use indexmap::IndexMap;

use crate::store::{Batch, Journal, JournalError, Memory, Room};
use crate::telemetry::{EventLog, JournalSign, Vitals};

/// Pause before a failed write is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Pause before the journal is asked again whether it has room.
const ROOM_CHECK: Duration = Duration::from_secs(2);

/// Writes the journal.
pub struct JournalWriter {
    journal: Box<dyn Journal>,
    log: EventLog,
    gathered: Vec<Batch>,
    writing: bool,
    failed: bool,
    accounts: IndexMap<AccountId, Recipient<JournalNews>>,
    flushed: Vec<tokio::sync::oneshot::Sender<()>>,
    room: Room,
    readers: Vec<Recipient<Committed>>,
    on_fenced: Option<Box<dyn FnOnce()>>,
    vitals: Arc<Vitals>,
}

/// Records to make durable, as one batch.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Append {
    /// Whose.
    pub account: AccountId,
    /// The records, in sequence.
    pub records: Vec<Record>,
}

/// What the journal tells an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(super) enum JournalNews {
    /// All records up to this one are durable.
    Durable(Sequence),
    /// Writing fails at the moment.
    Failed,
    /// Writing works, but out of the reserve.
    OnReserve,
    /// There is room again.
    Restored,
}

/// Batches that are durable now, in the order of the journal.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub(super) struct Committed(pub(super) Arc<Vec<Batch>>);

/// Wants to hear of everything that becomes durable.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Follow(pub(super) Recipient<Committed>);

/// An account wants to hear about its records.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Listen(pub(super) AccountId, pub(super) Recipient<JournalNews>);

/// Asks for all durable records of an account, after everything gathered before was written.
#[derive(Message)]
#[rtype(result = "Result<Memory, JournalError>")]
pub(super) struct Load(pub(super) AccountId);

/// Asks to be told when everything gathered so far is durable.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Flush;

impl JournalWriter {
    /// A writer over a journal; each record is added to the log as it comes.
    #[must_use]
    pub fn new(journal: Box<dyn Journal>, log: EventLog) -> Self {
        Self {
            journal,
            log,
            gathered: Vec::new(),
            writing: false,
            failed: false,
            accounts: IndexMap::new(),
            flushed: Vec::new(),
            room: Room::Ample,
            readers: Vec::new(),
            on_fenced: None,
            vitals: Arc::default(),
        }
    }

    /// Calls `act` when another process has taken the journal over: this one must end.
    #[must_use]
    pub fn on_fenced(mut self, act: Option<Box<dyn FnOnce()>>) -> Self {
        self.on_fenced = act;
        self
    }

    /// Notes how the journal is where others look for it.
    #[must_use]
    pub fn with_vitals(mut self, vitals: Arc<Vitals>) -> Self {
        self.vitals = vitals;
        self
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        if self.writing {
            return;
        }
        if self.gathered.is_empty() {
            for waiting in self.flushed.drain(..) {
                let _ = waiting.send(());
            }
            return;
        }
        let group = Arc::new(std::mem::take(&mut self.gathered));
        self.write_group(group, ctx);
    }

    fn write_group(&mut self, group: Arc<Vec<Batch>>, ctx: &mut Context<Self>) {
        self.writing = true;
        let written = self.journal.append(group.clone()).into_actor(self);
        ctx.spawn(written.map(move |outcome, writer, ctx| match outcome {
            Ok(room) => {
                writer.writing = false;
                writer.note_room(room, ctx);
                writer.vitals.set_journal(sign(room));
                if std::mem::take(&mut writer.failed) {
                    // Accounts without anything in this group must hear of it too.
                    writer.tell_all(JournalNews::Durable(Sequence::default()));
                    if room == Room::Reserve {
                        writer.tell_all(JournalNews::OnReserve);
                    }
                }
                writer.tell_durable(&group);
                writer.publish(&group);
                writer.write(ctx);
            }
            // The process was replaced; nothing may be written, and nobody be told otherwise.
            Err(JournalError::Fenced) => {
                if let Some(act) = writer.on_fenced.take() {
                    act();
                }
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot write; nothing is entered");
                writer.failed = true;
                writer.vitals.set_journal(JournalSign::Failed);
                writer.tell_all(JournalNews::Failed);
                ctx.run_later(RETRY_AFTER, move |writer, ctx| {
                    writer.write_group(group, ctx);
                });
            }
        }));
    }

    fn tell_durable(&self, group: &[Batch]) {
        let mut latest = IndexMap::new();
        for batch in group {
            if let Some(record) = batch.records.last() {
                latest.insert(batch.account, record.sequence);
            }
        }
        for (account, sequence) in latest {
            if let Some(listener) = self.accounts.get(&account) {
                listener.do_send(JournalNews::Durable(sequence));
            }
        }
    }

    /// Tells accounts when the journal begins to live on its reserve, and when it no longer does.
    fn note_room(&mut self, room: Room, ctx: &mut Context<Self>) {
        if self.room == room {
            return;
        }
        self.room = room;
        match room {
            Room::Ample => {
                tracing::info!("the journal has room again");
                self.tell_all(JournalNews::Restored);
            }
            Room::Reserve => {
                tracing::error!("the disk is full: the journal lives on its reserve");
                self.tell_all(JournalNews::OnReserve);
                self.check_room_later(ctx);
            }
        }
    }

    fn check_room_later(&self, ctx: &mut Context<Self>) {
        ctx.run_later(ROOM_CHECK, |writer, ctx| {
            let checked = writer.journal.check_room().into_actor(writer);
            ctx.spawn(checked.map(|room, writer, ctx| match room {
                Room::Ample => {
                    writer.note_room(room, ctx);
                    writer.vitals.set_journal(sign(room));
                }
                Room::Reserve => writer.check_room_later(ctx),
            }));
        });
    }

    fn publish(&mut self, group: &Arc<Vec<Batch>>) {
        self.readers.retain(Recipient::connected);
        for reader in &self.readers {
            reader.do_send(Committed(group.clone()));
        }
    }

    fn tell_all(&self, news: JournalNews) {
        for listener in self.accounts.values() {
            listener.do_send(news);
        }
    }
}

fn sign(room: Room) -> JournalSign {
    match room {
        Room::Ample => JournalSign::Healthy,
        Room::Reserve => JournalSign::OnReserve,
    }
}

impl Actor for JournalWriter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(8_192);
    }
}

impl Handler<Append> for JournalWriter {
    type Result = ();

    fn handle(&mut self, append: Append, ctx: &mut Self::Context) {
        for record in &append.records {
            self.log.add_record(record);
        }
        let Append { account, records } = append;
        self.gathered.push(Batch { account, records });
        self.write(ctx);
    }
}

impl Handler<Follow> for JournalWriter {
    type Result = ();

    fn handle(&mut self, Follow(reader): Follow, _: &mut Self::Context) {
        self.readers.push(reader);
    }
}

impl Handler<Listen> for JournalWriter {
    type Result = ();

    fn handle(&mut self, Listen(account, listener): Listen, _: &mut Self::Context) {
        if self.room == Room::Reserve {
            listener.do_send(JournalNews::OnReserve);
        }
        self.accounts.insert(account, listener);
    }
}

impl Handler<Flush> for JournalWriter {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        let (done, flushed) = tokio::sync::oneshot::channel();
        self.flushed.push(done);
        self.write(ctx);
        Box::pin(async move {
            let _ = flushed.await;
        })
    }
}

impl Handler<Load> for JournalWriter {
    type Result = ResponseActFuture<Self, Result<Memory, JournalError>>;

    fn handle(&mut self, Load(account): Load, ctx: &mut Self::Context) -> Self::Result {
        let flushed = self.handle(Flush, ctx);
        let load = async move {
            flushed.await;
        };
        Box::pin(
            load.into_actor(self)
                .then(move |(), writer, _| writer.journal.load(account).into_actor(writer)),
        )
    }
}
