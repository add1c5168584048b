//! The exchange of another process, as an engine sees it.
//!
//! Does what an adapter to a venue does: connects again when the wire is cut, and tells the sender
//! of a command that nobody answered it when nobody can any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use banyan::clock::Clock;
use banyan::exchanges::{
    GetCandles, LocalAnswer, MarketBatch, Marketplace, Unreachable, Venue, VenueDelivery,
};
use banyan_core::ids::AccountId;
use banyan_core::instrument::Instruments;
use banyan_core::market::Candle;
use banyan_core::venue::{VenueCommand, VenueMessage, VenueReport};
use banyan_matching::exchange::AccountSettings as VenueAccount;
use banyan_matching::world::{is_answer, lost};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::wire::{self, Reply, Request};

/// Pause between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);
/// What may wait for the wire.
const BACKLOG: usize = 65_536;

/// What the engine wants of the wire.
enum Wish {
    Connect(AccountId, Recipient<VenueDelivery>),
    Feed(Recipient<MarketBatch>),
    Call(AccountId, VenueCommand),
    Candles(GetCandles, oneshot::Sender<Vec<Candle>>),
    Open(AccountId, Box<VenueAccount>, oneshot::Sender<()>),
}

/// The way to the wire; may be sent to the engine's thread.
#[derive(Clone)]
pub(crate) struct Line {
    wishes: mpsc::Sender<Wish>,
    instruments: Instruments,
}

impl Line {
    /// Waits until the exchange is there, and keeps the wire from then on.
    pub(crate) async fn open(socket: &Path, clock: Clock, io: &Handle) -> Self {
        let (wishes, queue) = mpsc::channel(BACKLOG);
        let (tell, listed) = oneshot::channel();
        let wire = Wire {
            socket: socket.to_owned(),
            clock,
            accounts: BTreeMap::new(),
            feed: None,
            open: Vec::new(),
            candles: BTreeMap::new(),
            done: BTreeMap::new(),
            numbers: 0,
            tell_listed: Some(tell),
        };
        io.spawn(wire.live(queue));
        let instruments = listed.await.expect("the wire lives as long as the process");
        Self { wishes, instruments }
    }
}

/// The exchange, on the engine's arbiter.
pub(crate) struct WireMarketplace {
    line: Line,
    history: Addr<WireHistory>,
}

impl WireMarketplace {
    pub(crate) fn new(line: Line) -> Self {
        let history = WireHistory(line.clone()).start();
        Self { line, history }
    }
}

impl Marketplace for WireMarketplace {
    fn connect(&self, account: AccountId, deliver_to: Recipient<VenueDelivery>) -> Box<dyn Venue> {
        let _ = self.line.wishes.try_send(Wish::Connect(account, deliver_to));
        Box::new(WireVenue { account, line: self.line.clone() })
    }

    fn connect_feed(&self, deliver_to: Recipient<MarketBatch>) {
        let _ = self.line.wishes.try_send(Wish::Feed(deliver_to));
    }

    fn history(&self) -> Recipient<GetCandles> {
        self.history.clone().recipient()
    }

    fn open_account(
        &self,
        account: AccountId,
        settings: VenueAccount,
    ) -> LocalAnswer<Result<(), Unreachable>> {
        let (answer, done) = oneshot::channel();
        let _ = self.line.wishes.try_send(Wish::Open(account, Box::new(settings), answer));
        Box::pin(async move { done.await.map_err(|_| Unreachable) })
    }

    fn instruments(&self) -> Instruments {
        self.line.instruments.clone()
    }
}

struct WireVenue {
    account: AccountId,
    line: Line,
}

impl Venue for WireVenue {
    fn call(&self, command: VenueCommand) {
        let _ = self.line.wishes.try_send(Wish::Call(self.account, command));
    }
}

struct WireHistory(Line);

impl Actor for WireHistory {
    type Context = Context<Self>;
}

impl Handler<GetCandles> for WireHistory {
    type Result = ResponseFuture<Vec<Candle>>;

    fn handle(&mut self, ask: GetCandles, _: &mut Self::Context) -> Self::Result {
        let (answer, candles) = oneshot::channel();
        let _ = self.0.wishes.try_send(Wish::Candles(ask, answer));
        Box::pin(async move { candles.await.unwrap_or_default() })
    }
}

/// The wire itself, and what is under way on it.
struct Wire {
    socket: PathBuf,
    clock: Clock,
    accounts: BTreeMap<AccountId, Recipient<VenueDelivery>>,
    feed: Option<Recipient<MarketBatch>>,
    /// Commands without an answer, in order.
    open: Vec<(AccountId, VenueCommand)>,
    candles: BTreeMap<u64, oneshot::Sender<Vec<Candle>>>,
    done: BTreeMap<u64, oneshot::Sender<()>>,
    numbers: u64,
    tell_listed: Option<oneshot::Sender<Instruments>>,
}

impl Wire {
    async fn live(mut self, mut wishes: mpsc::Receiver<Wish>) {
        loop {
            if let Ok(stream) = UnixStream::connect(&self.socket).await {
                let (source, sink) = stream.into_split();
                if self.speak(source, sink, &mut wishes).await.is_none() {
                    return;
                }
                self.give_up();
            }
            tokio::time::sleep(PAUSE).await;
            while let Ok(wish) = wishes.try_recv() {
                let _ = self.request(wish);
                self.give_up();
            }
        }
    }

    /// Speaks until the wire is cut; `None` when the engine is gone.
    async fn speak(
        &mut self,
        source: OwnedReadHalf,
        mut sink: OwnedWriteHalf,
        wishes: &mut mpsc::Receiver<Wish>,
    ) -> Option<()> {
        let accounts = self.accounts.keys().map(|account| Request::Connect(*account));
        let feed = self.feed.iter().map(|_| Request::ConnectFeed);
        for request in [Request::Enter].into_iter().chain(accounts).chain(feed) {
            if wire::write(&mut sink, &request).await.is_err() {
                return Some(());
            }
        }
        // Frames are read by a task of their own: a read that is given up half way loses its part.
        let (heard, mut replies) = mpsc::channel(BACKLOG);
        tokio::spawn(read_all(source, heard));
        loop {
            tokio::select! {
                biased;
                reply = replies.recv() => match reply {
                    Some(reply) => self.hear(reply),
                    None => return Some(()),
                },
                wish = wishes.recv() => {
                    let request = self.request(wish?);
                    if wire::write(&mut sink, &request).await.is_err() {
                        return Some(());
                    }
                }
            }
        }
    }

    /// Notes what is wished for, and says how it is asked.
    fn request(&mut self, wish: Wish) -> Request {
        self.numbers += 1;
        let number = self.numbers;
        match wish {
            Wish::Connect(account, deliver_to) => {
                self.accounts.insert(account, deliver_to);
                Request::Connect(account)
            }
            Wish::Feed(deliver_to) => {
                self.feed = Some(deliver_to);
                Request::ConnectFeed
            }
            Wish::Call(account, command) => {
                self.open.push((account, command.clone()));
                Request::Call { account, command }
            }
            Wish::Candles(ask, answer) => {
                self.candles.insert(number, answer);
                let GetCandles { instrument, timeframe, limit } = ask;
                let limit = u32::try_from(limit).unwrap_or(u32::MAX);
                Request::Candles { number, instrument, timeframe, limit }
            }
            Wish::Open(account, settings, answer) => {
                self.done.insert(number, answer);
                Request::Open { number, account, settings }
            }
        }
    }

    fn hear(&mut self, reply: Reply) {
        match reply {
            Reply::Listed(instruments) => {
                if let Some(tell) = self.tell_listed.take() {
                    let _ = tell.send(instruments);
                }
            }
            Reply::Delivery { account, message } => self.deliver(account, message),
            Reply::Market(events) => {
                if let Some(feed) = &self.feed {
                    feed.do_send(MarketBatch(Arc::new(events)));
                }
            }
            Reply::Candles { number, candles } => {
                if let Some(answer) = self.candles.remove(&number) {
                    let _ = answer.send(candles);
                }
            }
            Reply::Done { number } => {
                if let Some(answer) = self.done.remove(&number) {
                    let _ = answer.send(());
                }
            }
            Reply::Books { .. } | Reply::Engines { .. } => {}
        }
    }

    fn deliver(&mut self, account: AccountId, message: VenueMessage) {
        let answers = |(asker, command): &(AccountId, VenueCommand)| {
            *asker == account && is_told_by(command, &message.report)
        };
        if let Some(index) = self.open.iter().position(answers) {
            self.open.remove(index);
        }
        if let Some(deliver_to) = self.accounts.get(&account) {
            deliver_to.do_send(VenueDelivery(message));
        }
    }

    /// The wire is cut: what was asked over it is never answered.
    fn give_up(&mut self) {
        let time = self.clock.now();
        for (account, command) in std::mem::take(&mut self.open) {
            if let Some(deliver_to) = self.accounts.get(&account) {
                deliver_to.do_send(VenueDelivery(VenueMessage { time, report: lost(&command) }));
            }
        }
        self.candles.clear();
        self.done.clear();
    }
}

fn is_told_by(command: &VenueCommand, report: &VenueReport) -> bool {
    is_answer(command, report) || *report == lost(command)
}

async fn read_all(mut source: OwnedReadHalf, heard: mpsc::Sender<Reply>) {
    while let Ok(reply) = wire::read(&mut source).await {
        if heard.send(reply).await.is_err() {
            return;
        }
    }
}
