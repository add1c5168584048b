//! An account under test, with a venue that says what the test wants it to say.
//!
//! Every command that the account emits is kept, records become durable when the test says so,
//! and time passes from one deadline of the account to the next.

use banyan_core::account::{
    Account, Effects, Input, JournalHealth, Phase, RecoveryReport, Resumption, WorkerCommand,
};
use banyan_core::ids::{
    AccountId, ClientOrderId, Epoch, Sequence, TradeId, UserId, VenueOrderId, WorkerId,
};
use banyan_core::instrument::InstrumentId;
use banyan_core::intent::{ExitReason, Intent, Protection, Sizing};
use banyan_core::journal::{AccountEvent, Purpose, Record};
use banyan_core::ledger::SubLedger;
use banyan_core::market::{MarketData, MarketEvent};
use banyan_core::money::{Amount, Price, Quantity, Rate, Rounding};
use banyan_core::order::{OrderRequest, OrderState, PositionSide, Side};
use banyan_core::risk::RiskLimits;
use banyan_core::terms::{AccountMode, AccountSettings, WorkerTerms};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{
    FillReason, FillReport, FundingReport, Liquidity, MarginMode, PositionMode, VenueCommand,
    VenueMessage, VenueReport,
};
use banyan_core::worker::{WorkerEvent, WorkerNotice};

use crate::listing::{INVERSE, LINEAR, SPOT, asset, listing, price};
use crate::venue::{Venue, instrument};

/// 2025-01-01T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp(1_735_732_800_000_000);
pub(crate) const A: WorkerId = WorkerId::from_u128(1);
pub(crate) const B: WorkerId = WorkerId::from_u128(2);
pub(crate) const C: WorkerId = WorkerId::from_u128(3);

pub(crate) const fn owner(worker: WorkerId) -> SubLedger {
    SubLedger::Worker(worker)
}

pub(crate) fn settings(position_mode: PositionMode) -> AccountSettings {
    AccountSettings {
        id: AccountId::from_u128(7),
        tenant: UserId::from_u128(8),
        mode: AccountMode::Paper,
        position_mode,
        margin_mode: MarginMode::Cross,
        settle: asset("USDT"),
        default_leverage: 10,
        reconcile_every: Span::minutes(1),
        request_expiry: Span::seconds(5),
    }
}

pub(crate) fn terms() -> WorkerTerms {
    WorkerTerms {
        strategy_version: 1,
        instruments: vec![LINEAR, INVERSE, SPOT],
        capital: Amount::from_units(100_000),
        limits: RiskLimits {
            max_leverage: 10,
            max_order_notional: Amount::from_units(10_000_000),
            ..RiskLimits::for_parameters()
        },
        told_of_funding_and_protection: false,
    }
}

pub(crate) struct Desk {
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
    pub(crate) venue: Venue,
    pub(crate) records: Vec<Record>,
    pub(crate) commands: Vec<VenueCommand>,
    pub(crate) told: Vec<(WorkerId, WorkerEvent)>,
    pub(crate) resumed: Vec<Resumption>,
    pub(crate) recovered: Option<RecoveryReport>,
    durable: Sequence,
    numbers: u32,
}

impl Desk {
    /// A one-way account with a million, reconciled, with three workers and a market at 50,000.
    pub(crate) fn ready() -> Self {
        Self::ready_in(PositionMode::OneWay)
    }

    pub(crate) fn ready_in(mode: PositionMode) -> Self {
        let mut desk = Self::idle(settings(mode));
        desk.handle(Input::Start);
        desk.reconcile();
        assert_eq!(desk.account.phase(), Phase::Ready);
        for worker in [A, B, C] {
            desk.attach(worker);
        }
        desk.mark(LINEAR, price(50_000));
        desk.mark(INVERSE, price(50_000));
        desk.mark(SPOT, price(2_000));
        desk.persist();
        desk.commands.clear();
        desk.told.clear();
        desk
    }

    /// An account that was opened and not started.
    pub(crate) fn idle(settings: AccountSettings) -> Self {
        let mut effects = Effects::default();
        let account = Account::open(settings, NOON, &mut effects);
        let mut desk = Self::around(account);
        desk.take(effects);
        desk.venue.credit(&asset("USDT"), Amount::from_units(1_000_000));
        desk.venue.credit(&asset("BTC"), Amount::from_units(100));
        for it in listing() {
            desk.market(it.id, MarketData::InstrumentChanged(it.clone()));
        }
        desk
    }

    fn around(account: Account) -> Self {
        Self {
            account,
            now: NOON,
            venue: Venue::default(),
            records: Vec::new(),
            commands: Vec::new(),
            told: Vec::new(),
            resumed: Vec::new(),
            recovered: None,
            durable: Sequence(0),
            numbers: 0,
        }
    }

    /// The engine died and came back: the records are all that is left of the account.
    pub(crate) fn restart(mut self) -> Self {
        let account = Account::replay(&self.records).expect("the first record opens the account");
        self.account = account;
        self.commands.clear();
        self.recovered = None;
        self.handle(Input::Start);
        self
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) {
        if let Input::Durable(sequence) = &input {
            self.durable = *sequence;
        }
        let mut effects = Effects::default();
        self.account.handle(self.now, input, &mut effects);
        self.check_durable(&effects);
        self.take(effects);
    }

    /// Whatever a test is about: no order leaves before its record is durable, except what makes
    /// a position smaller while the journal is away.
    fn check_durable(&self, effects: &Effects) {
        for command in &effects.commands {
            if let VenueCommand::SubmitOrder { request, .. } = command {
                let order = self.order(request.client_id);
                let failed = self.account.journal_health() == JournalHealth::Failed;
                let leaves = failed && order.purpose != Purpose::Entry;
                assert!(leaves || order.planned <= self.durable, "{command:?} left too soon");
            }
        }
    }

    fn take(&mut self, effects: Effects) {
        self.records.extend(effects.records);
        self.commands.extend(effects.commands);
        self.told.extend(effects.told);
        self.resumed.extend(effects.resumed);
        self.recovered = effects.recovered.or(self.recovered.take());
    }

    pub(crate) fn attach(&mut self, worker: WorkerId) -> Epoch {
        let terms = Box::new(terms());
        self.handle(Input::AttachWorker { worker, terms });
        self.epoch(worker)
    }

    pub(crate) fn epoch(&self, worker: WorkerId) -> Epoch {
        self.account.state().workers[&worker].epoch
    }

    /// All records so far are durable.
    pub(crate) fn persist(&mut self) {
        let sequence = self.account.state().sequence;
        self.handle(Input::Durable(sequence));
    }

    pub(crate) fn tell(&mut self, report: VenueReport) {
        let time = self.now;
        self.handle(Input::Venue(VenueMessage { time, report }));
    }

    pub(crate) fn market(&mut self, instrument: InstrumentId, data: MarketData) {
        let event = MarketEvent { time: self.now, instrument, data };
        self.handle(Input::Market(&event));
    }

    /// Moves mark, bid and ask of an instrument.
    pub(crate) fn mark(&mut self, instrument: InstrumentId, mark: Price) {
        let book = MarketData::BookTop {
            bid: mark - Price(10),
            bid_size: Quantity(1_000),
            ask: mark + Price(10),
            ask_size: Quantity(1_000),
        };
        self.market(instrument, MarketData::Mark(mark));
        self.market(instrument, book);
    }

    /// Lets time pass: the account is woken at each of its deadlines, and its records are durable
    /// at once. Fails when the account wants to be woken again and again at the same moment.
    pub(crate) fn wait(&mut self, span: Span) {
        let end = self.now + span;
        let mut wakes = 0;
        while let Some(due) = self.account.next_deadline().filter(|due| *due <= end) {
            wakes = if due > self.now { 0 } else { wakes + 1 };
            assert!(wakes < 50, "the account never sleeps at {}", self.now);
            self.now = self.now.max(due);
            self.handle(Input::Tick);
            self.persist();
        }
        self.now = end;
        self.handle(Input::Tick);
        self.persist();
    }

    /// The venue answers with a snapshot of its books.
    pub(crate) fn reconcile(&mut self) {
        let snapshot = self.venue.snapshot(self.now);
        self.tell(VenueReport::SnapshotTaken(Box::new(snapshot)));
        self.persist();
    }

    pub(crate) fn submit(&mut self, worker: WorkerId, intent: Intent) {
        self.numbers += 1;
        let intents = vec![(self.numbers, intent)];
        let epoch = self.epoch(worker);
        self.handle(Input::Submit(WorkerCommand {
            worker,
            epoch,
            saved: None,
            decisions: Vec::new(),
            intents,
        }));
    }

    /// Submits a wish, makes it durable, and returns the orders that were sent for it.
    pub(crate) fn wish(&mut self, worker: WorkerId, intent: Intent) -> Vec<OrderRequest> {
        self.commands.clear();
        self.submit(worker, intent);
        self.persist();
        self.take_orders()
    }

    /// The orders sent since commands were last looked at.
    pub(crate) fn take_orders(&mut self) -> Vec<OrderRequest> {
        let commands = std::mem::take(&mut self.commands);
        commands
            .into_iter()
            .filter_map(|command| match command {
                VenueCommand::SubmitOrder { request, .. } => Some(request),
                _ => None,
            })
            .collect()
    }

    /// The ids of the orders that were to be cancelled.
    pub(crate) fn take_cancels(&mut self) -> Vec<ClientOrderId> {
        let commands = std::mem::take(&mut self.commands);
        commands
            .into_iter()
            .filter_map(|command| match command {
                VenueCommand::CancelOrder { client_id, .. } => Some(client_id),
                _ => None,
            })
            .collect()
    }

    /// Sends the order of an entry and returns its id.
    pub(crate) fn open(&mut self, worker: WorkerId, side: Side, quantity: i64) -> ClientOrderId {
        self.open_on(LINEAR, worker, side, quantity, Protection::NONE)
    }

    pub(crate) fn open_on(
        &mut self,
        instrument: InstrumentId,
        worker: WorkerId,
        side: Side,
        quantity: i64,
        protection: Protection,
    ) -> ClientOrderId {
        let intent = Intent::Open {
            instrument,
            side,
            sizing: Sizing::Quantity(Quantity(quantity)),
            leverage: None,
            protection,
            confidence: None,
        };
        let orders = self.wish(worker, intent);
        assert_eq!(orders.len(), 1, "denied: {:?}", self.denials());
        orders[0].client_id
    }

    /// Opens a position: the order is filled completely at once.
    pub(crate) fn enter(
        &mut self,
        worker: WorkerId,
        side: Side,
        quantity: i64,
        at: Price,
    ) -> ClientOrderId {
        let id = self.open(worker, side, quantity);
        self.fill(id, quantity, at);
        id
    }

    /// Opens a long position of ten at 50,000 with a promise; returns the protective orders sent.
    pub(crate) fn enter_protected(&mut self, protection: Protection) -> Vec<OrderRequest> {
        let id = self.open_on(LINEAR, A, Side::Buy, 10, protection);
        self.fill(id, 10, price(50_000));
        self.take_orders()
    }

    pub(crate) fn close(&mut self, worker: WorkerId) -> Vec<OrderRequest> {
        self.wish(worker, closing(None))
    }

    pub(crate) fn accept(&mut self, id: ClientOrderId) {
        let request = self.order(id).order.request.clone();
        self.venue.rest(&request);
        let venue_id = VenueOrderId(self.venue.open.len() as u64);
        self.tell(VenueReport::OrderAccepted { client_id: id, venue_id });
        self.persist();
    }

    /// The venue says that an order ended without a (further) fill.
    pub(crate) fn cancelled(&mut self, id: ClientOrderId) {
        self.venue.forget(id);
        self.tell(VenueReport::OrderCancelled { client_id: id });
        self.persist();
    }

    /// Trades an order at the venue and tells of it, and makes what follows durable.
    pub(crate) fn fill(&mut self, id: ClientOrderId, quantity: i64, at: Price) -> FillReport {
        let fill = self.trade(id, quantity, at);
        self.tell(VenueReport::OrderFilled(fill.clone()));
        self.persist();
        fill
    }

    /// Trades an order at the venue and does not tell of it.
    pub(crate) fn trade(&mut self, id: ClientOrderId, quantity: i64, at: Price) -> FillReport {
        let request = self.order(id).order.request.clone();
        let listed = instrument(request.instrument);
        let value = listed.notional(at, Quantity(quantity));
        let fill = FillReport {
            trade_id: self.venue.next_trade(),
            client_id: Some(id),
            instrument: request.instrument,
            side: request.side,
            position_side: request.position_side,
            price: at,
            quantity: Quantity(quantity),
            fee: value.times(Rate::from_basis_points(4), Rounding::Up),
            fee_asset: listed.settle().clone(),
            liquidity: Liquidity::Taker,
            reason: FillReason::Order,
            time: self.now,
        };
        self.venue.trade(&fill);
        fill
    }

    /// A trade of the account that no order of ours made.
    pub(crate) fn foreign_trade(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        quantity: i64,
        at: Price,
        reason: FillReason,
    ) {
        let hedge = self.account.state().settings.position_mode == PositionMode::Hedge;
        let opens = reason == FillReason::Order;
        let position_side = match (hedge, (side == Side::Buy) == opens) {
            (false, _) => PositionSide::Net,
            (true, true) => PositionSide::Long,
            (true, false) => PositionSide::Short,
        };
        let fill = FillReport {
            trade_id: self.venue.next_trade(),
            client_id: None,
            instrument,
            side,
            position_side,
            price: at,
            quantity: Quantity(quantity),
            fee: Amount::ZERO,
            fee_asset: crate::venue::instrument(instrument).settle().clone(),
            liquidity: Liquidity::Taker,
            reason,
            time: self.now,
        };
        self.venue.trade(&fill);
        self.tell(VenueReport::OrderFilled(fill));
        self.persist();
    }

    pub(crate) fn fund(&mut self, position_side: PositionSide, amount: Amount) -> FundingReport {
        let funding = FundingReport {
            id: self.venue.next_trade(),
            instrument: LINEAR,
            position_side,
            rate: Rate::from_basis_points(1),
            amount,
            time: self.now,
        };
        self.venue.fund(&funding);
        self.tell(VenueReport::FundingBooked(funding));
        self.persist();
        funding
    }

    pub(crate) fn order(&self, id: ClientOrderId) -> &banyan_core::account::AccountOrder {
        self.account.state().order(id).expect("a known order")
    }

    pub(crate) fn state_of(&self, id: ClientOrderId) -> OrderState {
        self.order(id).order.state
    }

    /// Signed quantity that an owner holds of the linear contract.
    pub(crate) fn held(&self, owner: SubLedger) -> i64 {
        self.account.state().share(owner, LINEAR).quantity.0
    }

    /// Orders of a purpose that are not ended.
    pub(crate) fn standing(&self, purpose: Purpose) -> Vec<&OrderRequest> {
        let orders = self.account.state().orders.values();
        orders.filter(|it| it.purpose == purpose).map(|it| &it.order.request).collect()
    }

    /// The codes of all denials that workers heard.
    pub(crate) fn denials(&self) -> Vec<&str> {
        let notices = self.told.iter().map(|(_, event)| &event.notice);
        notices
            .filter_map(|notice| match notice {
                WorkerNotice::IntentDenied { code, .. } => Some(code.as_str()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn last_denial(&self) -> &str {
        self.denials().last().copied().unwrap_or("none")
    }

    /// Says whether a fill was ever booked for a trade, and how often.
    pub(crate) fn booked(&self, trade: TradeId) -> usize {
        let events = self.records.iter().map(|record| &record.event);
        events
            .filter(|event| {
                matches!(event, AccountEvent::FillBooked { fill, .. } if fill.trade_id == trade)
            })
            .count()
    }

    pub(crate) fn last_sequence(&self) -> Sequence {
        self.account.state().sequence
    }
}

/// A wish to close the linear contract.
pub(crate) fn closing(quantity: Option<i64>) -> Intent {
    Intent::Close {
        instrument: LINEAR,
        quantity: quantity.map(Quantity),
        reason: ExitReason::ExitSignal,
    }
}

pub(crate) fn stop_at(stop: Price) -> Protection {
    Protection { stop_loss: Some(stop), ..Protection::NONE }
}
