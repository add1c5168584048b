//! The exchange process: the embedded exchange with its own file, behind a socket.
//!
//! Writes down every order that reaches it, before the exchange hears of it.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use actix::prelude::*;
use banyan::clock::Clock;
use banyan::entropy;
use banyan::exchanges::{
    Call, ConnectAccount, ConnectFeed, Disconnect, EmbeddedExchange, GetCandles, GetInstruments,
    Inspect, MarketBatch, OpenAccount, PaperSettings, ProcessId, SetFaults, VenueDelivery,
    open_paper,
};
use banyan::simulation::audit::VenueBooks;
use banyan_core::ids::AccountId;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::VenueCommand;
use banyan_matching::synthetic::Regime;
use banyan_matching::world::World;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::wire::{self, Reply, Request};

/// Where orders are written down, below the folder: a line each, account and client id.
pub(crate) const ORDERS: &str = "orders.log";
/// Replies that may wait for a slow reader.
const BACKLOG: usize = 65_536;

fn settings(seed: u64) -> PaperSettings {
    let symbols = ["BTC", "ETH", "SOL", "XRP", "DOGE"];
    let symbol = |base| format!("{base}/USDT:USDT").parse().expect("a symbol");
    PaperSettings {
        seed: Some(seed),
        symbols: symbols.map(symbol).to_vec(),
        step: Span::milliseconds(100),
        regimes: vec![Regime::Crash, Regime::Squeeze],
        keep_history: true,
        ..PaperSettings::default()
    }
}

/// What all connections share.
#[derive(Clone)]
struct Shared {
    exchange: Addr<EmbeddedExchange>,
    orders: Rc<RefCell<File>>,
    engines: Rc<Cell<u64>>,
}

/// Lives until it is killed.
pub(crate) fn run(folder: &Path, socket: &Path, seed: u64) {
    let io = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let io = io.expect("a runtime");
    System::new().block_on(async {
        let (file, settings) = (folder.join("exchange.db"), settings(seed));
        let exchange = open_paper(&file, &settings, Clock::wall(), io.handle(), None).await;
        let exchange = exchange.expect("the exchange opens");
        let orders = File::options().append(true).create(true).open(folder.join(ORDERS));
        let orders = Rc::new(RefCell::new(orders.expect("orders can be written down")));
        let _ = std::fs::remove_file(socket);
        let listener = UnixListener::bind(socket).expect("the socket can be bound");
        println!("ready");
        let shared = Shared { exchange, orders, engines: Rc::default() };
        while let Ok((stream, _)) = listener.accept().await {
            actix::spawn(serve(stream, shared.clone()));
        }
    });
}

/// Hands deliveries of one account to its connection.
struct AccountEar {
    account: AccountId,
    replies: mpsc::Sender<Reply>,
}

impl Actor for AccountEar {
    type Context = Context<Self>;
}

impl Handler<VenueDelivery> for AccountEar {
    type Result = ();

    fn handle(&mut self, VenueDelivery(message): VenueDelivery, _: &mut Self::Context) {
        let _ = self.replies.try_send(Reply::Delivery { account: self.account, message });
    }
}

struct FeedEar(mpsc::Sender<Reply>);

impl Actor for FeedEar {
    type Context = Context<Self>;
}

impl Handler<MarketBatch> for FeedEar {
    type Result = ();

    fn handle(&mut self, MarketBatch(events): MarketBatch, _: &mut Self::Context) {
        let _ = self.0.try_send(Reply::Market(events.to_vec()));
    }
}

async fn serve(stream: UnixStream, shared: Shared) {
    let (mut source, sink) = stream.into_split();
    let (replies, queue) = mpsc::channel(BACKLOG);
    actix::spawn(write_all(sink, queue));
    let process = ProcessId(entropy::seed());
    let mut session = Session { shared: shared.clone(), process, replies, is_engine: false };
    while let Ok(request) = wire::read(&mut source).await {
        session.take(request).await;
    }
    shared.exchange.do_send(Disconnect(process));
    if session.is_engine {
        shared.engines.set(shared.engines.get() - 1);
    }
}

async fn write_all(mut sink: OwnedWriteHalf, mut queue: mpsc::Receiver<Reply>) {
    while let Some(reply) = queue.recv().await {
        if wire::write(&mut sink, &reply).await.is_err() {
            return;
        }
    }
}

struct Session {
    shared: Shared,
    process: ProcessId,
    replies: mpsc::Sender<Reply>,
    is_engine: bool,
}

impl Session {
    async fn take(&mut self, request: Request) {
        match request {
            Request::Connect(account) => self.connect(account),
            Request::ConnectFeed => {
                let deliver_to = FeedEar(self.replies.clone()).start().recipient();
                self.shared.exchange.do_send(ConnectFeed { process: self.process, deliver_to });
            }
            Request::Call { account, command } => self.call(account, command),
            question => {
                if let Some(reply) = self.answer(question).await {
                    let _ = self.replies.send(reply).await;
                }
            }
        }
    }

    fn connect(&mut self, account: AccountId) {
        if !std::mem::replace(&mut self.is_engine, true) {
            self.shared.engines.set(self.shared.engines.get() + 1);
        }
        let deliver_to = AccountEar { account, replies: self.replies.clone() }.start().recipient();
        let process = self.process;
        self.shared.exchange.do_send(ConnectAccount { account, process, deliver_to });
    }

    fn call(&self, account: AccountId, command: VenueCommand) {
        if let VenueCommand::SubmitOrder { request, .. } = &command {
            let mut orders = self.shared.orders.borrow_mut();
            let line = format!("{account} {}\n", request.client_id);
            orders.write_all(line.as_bytes()).expect("orders can be written down");
        }
        self.shared.exchange.do_send(Call { account, process: self.process, command });
    }

    async fn answer(&self, question: Request) -> Option<Reply> {
        let exchange = &self.shared.exchange;
        match question {
            Request::Enter => Some(Reply::Listed(exchange.send(GetInstruments).await.ok()?)),
            Request::Candles { number, instrument, timeframe, limit } => {
                let ask = GetCandles { instrument, timeframe, limit: limit as usize };
                Some(Reply::Candles { number, candles: exchange.send(ask).await.ok()? })
            }
            Request::Open { number, account, settings } => {
                let open = OpenAccount { account, settings: *settings };
                exchange.send(open).await.ok()?.ok()?;
                Some(Reply::Done { number })
            }
            Request::SetFaults { number, settings } => {
                exchange.send(SetFaults(settings)).await.ok()?.ok()?;
                Some(Reply::Done { number })
            }
            Request::Books { number, accounts } => {
                Some(Reply::Books { number, books: books(exchange, accounts).await? })
            }
            Request::CountEngines { number } => {
                Some(Reply::Engines { number, count: self.shared.engines.get() })
            }
            Request::Connect(_) | Request::ConnectFeed | Request::Call { .. } => None,
        }
    }
}

async fn books(
    exchange: &Addr<EmbeddedExchange>,
    accounts: Vec<AccountId>,
) -> Option<Vec<VenueBooks>> {
    let (answer, seen) = tokio::sync::oneshot::channel();
    let look = move |world: &World, now: Timestamp| {
        let books = accounts.iter().filter_map(|account| VenueBooks::of(world, *account, now));
        let _ = answer.send(books.collect());
    };
    exchange.send(Inspect(Box::new(look))).await.ok()?;
    seen.await.ok()
}
