//! Balances and positions of an account, from what the account knows.

use banyan_core::account::{Holding, Valuation};
use banyan_core::ids::AccountId;
use banyan_core::instrument::{Instrument, Instruments};
use banyan_core::money::{Amount, Rate, Rounding};
use serde::Serialize;

use super::Number;

/// A position as the venue has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PositionView {
    /// What is held.
    pub symbol: String,
    /// `long` or `short`.
    pub side: &'static str,
    /// Its size, without sign, in units or contracts.
    pub size: Number,
    /// Its value at the mark price, in the settle asset.
    pub size_usd: Number,
    /// What was paid on average.
    pub entry_price: Number,
    /// At what it is valued.
    pub mark_price: Number,
    /// Its leverage.
    pub leverage: Number,
    /// Profit if closed at the mark price.
    pub unrealized_pnl: Number,
    /// The same in percent of the margin.
    pub unrealized_pnl_percent: Number,
    /// Where the venue would close it.
    pub liquidation_price: Option<Number>,
}

/// What an account is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BalanceView {
    /// Whose.
    pub account_id: AccountId,
    /// Wallet and unrealised profit.
    pub equity: Number,
    /// What may still be bound.
    pub available_balance: Number,
    /// What is bound.
    pub total_margin_used: Number,
    /// Profit if all were closed now.
    pub unrealized_pnl: Number,
    /// What is held.
    pub positions: Vec<PositionView>,
}

/// Shows the balance.
#[must_use]
pub fn balance(
    account: AccountId,
    value: Valuation,
    holdings: &[Holding],
    instruments: &Instruments,
) -> BalanceView {
    BalanceView {
        account_id: account,
        equity: value.equity.into(),
        available_balance: available(value).into(),
        total_margin_used: value.margin.into(),
        unrealized_pnl: value.unrealized.into(),
        positions: positions(holdings, instruments),
    }
}

/// What may still be bound.
pub(super) fn available(value: Valuation) -> Amount {
    (value.equity - value.margin).max(Amount::ZERO)
}

/// Shows positions that are open.
#[must_use]
pub fn positions(holdings: &[Holding], instruments: &Instruments) -> Vec<PositionView> {
    let open = holdings.iter().filter(|holding| !holding.quantity.is_zero());
    open.filter_map(|holding| Some(position(holding, instruments.get(holding.instrument)?)))
        .collect()
}

fn position(holding: &Holding, listed: &Instrument) -> PositionView {
    let percent = holding.unrealized.ratio(holding.margin, Rounding::Nearest);
    let price = |price: Option<_>| Number::price(price.unwrap_or_default(), listed);
    PositionView {
        symbol: listed.symbol.to_string(),
        side: if holding.quantity.is_negative() { "short" } else { "long" },
        size: Number::quantity(holding.quantity.abs(), listed),
        size_usd: holding.notional.into(),
        entry_price: price(holding.entry),
        mark_price: price(holding.mark.or(holding.entry)),
        leverage: Number(holding.leverage.into()),
        unrealized_pnl: holding.unrealized.into(),
        unrealized_pnl_percent: Number::percent(percent.unwrap_or(Rate::ZERO)),
        liquidation_price: holding.liquidation.map(|price| Number::price(price, listed)),
    }
}
