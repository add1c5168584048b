//! A small exchange with round numbers, and its answers written as short lines.
//!
//! Prices and quantities have no decimals, so that a notional is price times quantity in whole
//! units. Fees are 0.02 % for makers and 0.05 % for takers.

use std::sync::Arc;

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, Instruments, LeverageTier,
    TradingStatus,
};
use banyan_core::market::MarketData;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::symbol::Asset;
use banyan_core::time::Timestamp;
use banyan_core::venue::{FillReason, FillReport, MarginMode, Snapshot, VenueCommand, VenueReport};
use banyan_matching::exchange::{AccountSettings, Exchange, ExchangeSettings, Output};
use banyan_matching::market::{Level, MarketChange, MarketStep};

pub(crate) use Side::{Buy, Sell};

/// The first trader.
pub(crate) const ANNA: AccountId = AccountId::from_u128(1);
/// The second trader.
pub(crate) const BEN: AccountId = AccountId::from_u128(2);
/// The third trader.
pub(crate) const CLARA: AccountId = AccountId::from_u128(3);
/// A linear contract, `BTC/USDT:USDT`.
pub(crate) const LINEAR: InstrumentId = InstrumentId(0);
/// `BTC/USDT`.
pub(crate) const SPOT: InstrumentId = InstrumentId(1);
/// An inverse contract of 100 USD, `BTC/USD:BTC`.
pub(crate) const INVERSE: InstrumentId = InstrumentId(2);

/// The exchange and the hour.
pub(crate) struct Desk {
    pub(crate) exchange: Exchange,
    pub(crate) now: Timestamp,
}

pub(crate) fn usdt() -> Asset {
    Asset::new("USDT").unwrap()
}

pub(crate) fn btc() -> Asset {
    Asset::new("BTC").unwrap()
}

pub(crate) fn units(units: i64) -> Amount {
    Amount::from_units(units)
}

fn tier(floor: i64, max_leverage: u32, percent: i64, deduction: i64) -> LeverageTier {
    LeverageTier {
        notional_floor: units(floor),
        max_leverage,
        maintenance_rate: Rate::from_basis_points(percent * 100),
        maintenance_deduction: units(deduction),
    }
}

pub(crate) fn instrument(id: InstrumentId, symbol: &str, kind: InstrumentKind) -> Instrument {
    Instrument {
        id,
        symbol: symbol.parse().unwrap(),
        kind,
        price_decimals: 0,
        quantity_decimals: 0,
        contract_size: Quantity(if kind == InstrumentKind::Inverse { 100 } else { 1 }),
        funding_interval: None,
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(1),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(1_000_000),
            min_notional: Amount::ZERO,
            significant_figures: None,
            price_band: Rate::from_basis_points(5_000),
        },
        tiers: vec![tier(0, 50, 1, 0), tier(10_000, 10, 5, 400)],
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(5) },
    }
}

pub(crate) fn linear() -> Instrument {
    instrument(LINEAR, "BTC/USDT:USDT", InstrumentKind::Linear)
}

pub(crate) fn rich(leverage: u32) -> AccountSettings {
    AccountSettings {
        balances: vec![(usdt(), units(100_000)), (btc(), units(1_000))],
        default_leverage: leverage,
        ..AccountSettings::default()
    }
}

pub(crate) fn with_usdt(amount: i64, leverage: u32) -> AccountSettings {
    AccountSettings { balances: vec![(usdt(), units(amount))], ..rich(leverage) }
}

pub(crate) fn order(id: u128, side: Side, quantity: i64, kind: OrderKind) -> OrderRequest {
    OrderRequest {
        client_id: ClientOrderId(id),
        instrument: LINEAR,
        side,
        position_side: PositionSide::Net,
        quantity: Quantity(quantity),
        kind,
        time_in_force: TimeInForce::GoodTillCancelled,
        reduce_only: false,
        close_position: false,
    }
}

pub(crate) fn market(id: u128, side: Side, quantity: i64) -> OrderRequest {
    order(id, side, quantity, OrderKind::Market)
}

pub(crate) fn limit(id: u128, side: Side, quantity: i64, price: i64) -> OrderRequest {
    order(id, side, quantity, OrderKind::Limit { price: Price(price) })
}

pub(crate) fn stop(id: u128, side: Side, quantity: i64, trigger: i64) -> OrderRequest {
    order(id, side, quantity, OrderKind::StopMarket { trigger: Price(trigger) })
}

pub(crate) fn lasting(mut request: OrderRequest, time_in_force: TimeInForce) -> OrderRequest {
    request.time_in_force = time_in_force;
    request
}

pub(crate) fn reduce_only(mut request: OrderRequest) -> OrderRequest {
    request.reduce_only = true;
    request
}

pub(crate) fn on(instrument: InstrumentId, mut request: OrderRequest) -> OrderRequest {
    request.instrument = instrument;
    request
}

pub(crate) fn of(position_side: PositionSide, mut request: OrderRequest) -> OrderRequest {
    request.position_side = position_side;
    request
}

fn levels(list: &[(i64, i64)]) -> Vec<Level> {
    let level = |(price, quantity): &(i64, i64)| Level {
        price: Price(*price),
        quantity: Quantity(*quantity),
    };
    list.iter().map(level).collect()
}

impl Desk {
    /// Rich accounts for Anna, Ben and Clara at leverage one.
    pub(crate) fn open() -> Self {
        Self::with(&[(ANNA, rich(1)), (BEN, rich(1)), (CLARA, rich(1))])
    }

    pub(crate) fn with(accounts: &[(AccountId, AccountSettings)]) -> Self {
        Self::listing(linear(), accounts)
    }

    /// With another linear contract.
    pub(crate) fn listing(linear: Instrument, accounts: &[(AccountId, AccountSettings)]) -> Self {
        let spot = instrument(SPOT, "BTC/USDT", InstrumentKind::Spot);
        let inverse = instrument(INVERSE, "BTC/USD:BTC", InstrumentKind::Inverse);
        let listed = Instruments::new([linear, spot, inverse]);
        let mut exchange = Exchange::new(listed, ExchangeSettings { keep_history: true });
        for (account, settings) in accounts {
            exchange.open_account(*account, settings.clone());
        }
        Self { exchange, now: Timestamp(1_000) }
    }

    pub(crate) fn command(&mut self, account: AccountId, command: &VenueCommand) -> Vec<Output> {
        let mut out = Vec::new();
        self.exchange.execute(account, command, self.now, &mut out);
        out
    }

    pub(crate) fn submit(&mut self, account: AccountId, request: OrderRequest) -> Vec<String> {
        let expires = self.now;
        let out = self.command(account, &VenueCommand::SubmitOrder { request, expires });
        told(&out, account)
    }

    pub(crate) fn cancel(&mut self, account: AccountId, id: u128) -> Vec<String> {
        let client_id = ClientOrderId(id);
        let out =
            self.command(account, &VenueCommand::CancelOrder { instrument: LINEAR, client_id });
        told(&out, account)
    }

    pub(crate) fn leverage(
        &mut self,
        account: AccountId,
        leverage: u32,
        mode: MarginMode,
    ) -> Vec<String> {
        let command = VenueCommand::SetLeverage { instrument: LINEAR, leverage, margin_mode: mode };
        let out = self.command(account, &command);
        told(&out, account)
    }

    pub(crate) fn step_on(
        &mut self,
        instrument: InstrumentId,
        change: MarketChange,
    ) -> Vec<Output> {
        let mut out = Vec::new();
        self.exchange.step(&MarketStep { time: self.now, instrument, change }, &mut out);
        out
    }

    pub(crate) fn step(&mut self, change: MarketChange) -> Vec<Output> {
        self.step_on(LINEAR, change)
    }

    pub(crate) fn depth(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Vec<Output> {
        self.step(depth(bids, asks))
    }

    pub(crate) fn mark(&mut self, price: i64) -> Vec<Output> {
        self.step(MarketChange::Mark(Price(price)))
    }

    pub(crate) fn print(
        &mut self,
        price: i64,
        quantity: Option<i64>,
        aggressor: Side,
    ) -> Vec<Output> {
        let quantity = quantity.map(Quantity);
        self.step(MarketChange::Print { price: Price(price), quantity, aggressor })
    }

    pub(crate) fn taker(&mut self, side: Side, quantity: i64, limit: i64) -> Vec<Output> {
        let (quantity, limit) = (Quantity(quantity), Price(limit));
        self.step(MarketChange::Taker { side, quantity, limit })
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Instrument)) -> Vec<Output> {
        let mut changed = (**self.exchange.instruments().get(LINEAR).unwrap()).clone();
        change(&mut changed);
        self.step(MarketChange::Instrument(Arc::new(changed)))
    }

    pub(crate) fn snapshot(&self, account: AccountId) -> Snapshot {
        self.exchange.snapshot(account, Timestamp(0), self.now).unwrap()
    }

    pub(crate) fn balance(&self, account: AccountId, asset: &Asset) -> Amount {
        let balances = self.snapshot(account).balances;
        balances.into_iter().find(|(held, _)| held == asset).map(|it| it.1).unwrap_or_default()
    }

    /// Signed quantity of the position of a side.
    pub(crate) fn position(&self, account: AccountId, side: PositionSide) -> i64 {
        let positions = self.snapshot(account).positions;
        positions.iter().find(|it| it.position_side == side).map_or(0, |it| it.quantity.0)
    }

    pub(crate) fn net(&self, account: AccountId) -> i64 {
        self.position(account, PositionSide::Net)
    }

    pub(crate) fn fills(&self, account: AccountId) -> &[FillReport] {
        self.exchange.fills(account)
    }
}

pub(crate) fn depth(bids: &[(i64, i64)], asks: &[(i64, i64)]) -> MarketChange {
    MarketChange::Depth { bids: levels(bids), asks: levels(asks) }
}

fn filled(fill: &FillReport) -> String {
    let who = fill.client_id.map_or_else(|| reason(fill.reason).to_owned(), |id| id.0.to_string());
    let side = if fill.side == Buy { "buy" } else { "sell" };
    let how = format!("{:?}", fill.liquidity).to_lowercase();
    format!("filled {who} {side} {}@{} {how}", fill.quantity.0, fill.price.0)
}

fn reason(reason: FillReason) -> &'static str {
    match reason {
        FillReason::Order => "order",
        FillReason::Liquidation => "liquidation",
        FillReason::AutoDeleveraging => "deleveraging",
        FillReason::Delisting => "delisting",
    }
}

/// What an account was told, a line each.
pub(crate) fn told(out: &[Output], to: AccountId) -> Vec<String> {
    let line = |report: &VenueReport| match report {
        VenueReport::OrderAccepted { client_id, .. } => format!("accepted {}", client_id.0),
        VenueReport::OrderRejected { client_id, reason } => {
            format!("rejected {} {reason:?}", client_id.0)
        }
        VenueReport::OrderTriggered { client_id } => format!("triggered {}", client_id.0),
        VenueReport::OrderFilled(fill) => filled(fill),
        VenueReport::OrderCancelled { client_id } => format!("cancelled {}", client_id.0),
        VenueReport::CancelRejected { client_id, reason } => {
            format!("cancel rejected {} {:?}", client_id.0, reason.unwrap())
        }
        VenueReport::OrderExpired { client_id } => format!("expired {}", client_id.0),
        VenueReport::FundingBooked(funding) => format!("funding {}", funding.amount),
        VenueReport::LeverageSet { leverage, .. } => format!("leverage {leverage}"),
        VenueReport::LeverageRejected { reason, .. } => format!("refused {:?}", reason.unwrap()),
        other => format!("{other:?}"),
    };
    out.iter()
        .filter_map(|output| match output {
            Output::Account { account, message } if *account == to => Some(line(&message.report)),
            _ => None,
        })
        .collect()
}

/// What everybody was told.
pub(crate) fn public(out: &[Output]) -> Vec<MarketData> {
    out.iter()
        .filter_map(|output| match output {
            Output::Market(event) => Some(event.data.clone()),
            Output::Account { .. } => None,
        })
        .collect()
}
