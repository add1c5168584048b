//! The exchange itself: what it keeps, what it can be asked, how it speaks.
//!
//! The other files of this folder add what it does. Everything it says is collected in an outbox
//! and handed over when a call ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use banyan_core::ids::{AccountId, ClientOrderId, VenueOrderId};
use banyan_core::instrument::{Instrument, InstrumentId, Instruments, TradingStatus};
use banyan_core::market::{MarketData, MarketEvent, MarketViews};
use banyan_core::money::Price;
use banyan_core::symbol::Asset;
use banyan_core::time::Timestamp;
use banyan_core::venue::{
    FillReport, FundingReport, OrderReport, ReportedStatus, Snapshot, VenueMessage, VenueReport,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::book::Book;
use super::margin::Valuer;
use super::open_order::{OpenOrder, OrderKey};
use super::settings::{AccountSettings, ExchangeSettings};
use super::triggers::Triggers;
use crate::market::Level;

/// What an exchange says.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// To one account.
    Account {
        /// Which.
        account: AccountId,
        /// What.
        message: VenueMessage,
    },
    /// To everybody.
    Market(MarketEvent),
}

/// What belongs to one instrument.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct MarketState {
    /// The book.
    pub(super) book: Book,
    /// Conditional orders.
    pub(super) triggers: Triggers,
    /// Indices of the accounts with a position.
    pub(super) holders: BTreeSet<usize>,
    /// Best bid and ask that were last told.
    pub(super) told_top: (Option<Level>, Option<Level>),
    /// The mark at which triggers and margins were last looked at.
    pub(super) seen_mark: Option<Price>,
}

/// An exchange without latency and without faults: every answer comes at once.
#[derive(Serialize, Deserialize)]
pub struct Exchange {
    pub(super) instruments: Instruments,
    pub(super) views: MarketViews,
    pub(super) settings: ExchangeSettings,
    pub(super) markets: Vec<MarketState>,
    pub(super) accounts: IndexMap<AccountId, Account>,
    /// Orders that end by themselves, by when.
    pub(super) expiries: BTreeSet<(Timestamp, OrderKey)>,
    /// Instruments whose book or mark changed in this call.
    #[serde(skip)]
    pub(super) changed: BTreeSet<InstrumentId>,
    /// Accounts and assets whose margin changed in this call.
    #[serde(skip)]
    pub(super) touched: BTreeSet<(usize, Asset)>,
    pub(super) last_venue_id: VenueOrderId,
    pub(super) now: Timestamp,
    /// What was said in this call.
    #[serde(skip)]
    pub(super) outbox: Vec<Output>,
}

impl Exchange {
    /// Opens an exchange with empty books.
    #[must_use]
    pub fn new(instruments: Instruments, settings: ExchangeSettings) -> Self {
        let markets = instruments.iter().map(|_| MarketState::default()).collect();
        Self {
            instruments,
            views: MarketViews::default(),
            settings,
            markets,
            accounts: IndexMap::new(),
            expiries: BTreeSet::new(),
            changed: BTreeSet::new(),
            touched: BTreeSet::new(),
            last_venue_id: VenueOrderId::default(),
            now: Timestamp(i64::MIN),
            outbox: Vec::new(),
        }
    }

    /// Opens an account; one that is open already stays as it is.
    pub fn open_account(&mut self, account: AccountId, settings: AccountSettings) {
        let keep = self.settings.keep_history;
        self.accounts.entry(account).or_insert_with(|| Account::new(account, settings, keep));
    }

    /// Says whether an account is open.
    #[must_use]
    pub fn has_account(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
    }

    /// What is listed, as it is now.
    #[must_use]
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// The latest prices, marks included.
    #[must_use]
    pub fn views(&self) -> &MarketViews {
        &self.views
    }

    /// The newest order of an account with this id, open or ended not long ago.
    #[must_use]
    pub fn order(&self, account: AccountId, client_id: ClientOrderId) -> Option<OrderReport> {
        let account = self.accounts.get(&account)?;
        match account.open.get(&client_id) {
            Some(order) => Some(order.report(ReportedStatus::Open)),
            None => account.history.closed(client_id).cloned(),
        }
    }

    /// Fills of an account, oldest first: all with `keep_history`, else at least the last 10,000.
    /// Empty for an account that does not exist.
    #[must_use]
    pub fn fills(&self, account: AccountId) -> &[FillReport] {
        self.accounts.get(&account).map_or(&[], |account| account.history.fills())
    }

    /// Fundings of an account, like `fills`.
    #[must_use]
    pub fn fundings(&self, account: AccountId) -> &[FundingReport] {
        self.accounts.get(&account).map_or(&[], |account| account.history.fundings())
    }

    /// Everything the exchange knows of an account; `None` when it does not exist.
    #[must_use]
    pub fn snapshot(
        &self,
        account: AccountId,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<Snapshot> {
        let account = self.accounts.get(&account)?;
        let balances = account.balances.iter().filter(|(_, amount)| !amount.is_zero());
        Some(Snapshot {
            time: now,
            since,
            last_trade: account.history.last_number(),
            balances: balances.map(|(asset, amount)| (asset.clone(), *amount)).collect(),
            positions: account.position_reports(),
            open_orders: account.open.values().map(|it| it.report(ReportedStatus::Open)).collect(),
            fills: account.history.fills_since(since).to_vec(),
            fundings: account.history.fundings_since(since).to_vec(),
        })
    }

    /// Tells an account something.
    pub(super) fn tell(&mut self, account: usize, report: VenueReport) {
        let message = VenueMessage { time: self.now, report };
        self.outbox.push(Output::Account { account: self.accounts[account].id, message });
    }

    /// Tells everybody something.
    pub(super) fn publish(&mut self, instrument: InstrumentId, data: MarketData) {
        let event = MarketEvent { time: self.now, instrument, data };
        self.views.apply(&event);
        self.outbox.push(Output::Market(event));
    }

    /// Moves the clock on; it never goes back.
    pub(super) fn set_time(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// The listed instrument with this id.
    pub(super) fn listed(&self, id: InstrumentId) -> Option<Arc<Instrument>> {
        self.instruments.get(id).cloned()
    }

    /// Says whether an instrument is traded now.
    pub(super) fn is_trading(&self, id: InstrumentId) -> bool {
        self.instruments.get(id).is_some_and(|it| it.filters.status == TradingStatus::Trading)
    }

    /// The price by which an instrument is valued.
    pub(super) fn mark(&self, id: InstrumentId) -> Option<Price> {
        self.views.get(id).valuation()
    }

    /// Values positions at the marks of now.
    pub(super) fn valuer(&self) -> Valuer<'_> {
        Valuer { instruments: &self.instruments, views: &self.views }
    }

    /// What belongs to a listed instrument.
    pub(super) fn market_mut(&mut self, id: InstrumentId) -> &mut MarketState {
        &mut self.markets[id.0 as usize]
    }

    /// An open order.
    pub(super) fn open_order(&self, key: OrderKey) -> Option<&OpenOrder> {
        self.accounts[key.account].open.get(&key.client_id)
    }

    /// An open order.
    pub(super) fn open_order_mut(&mut self, key: OrderKey) -> Option<&mut OpenOrder> {
        self.accounts[key.account].open.get_mut(&key.client_id)
    }
}
