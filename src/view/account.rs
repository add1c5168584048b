//! Balances and positions of an account, from what the account knows.

use banyan_core::account::{AccountState, Valuation};
use banyan_core::ids::AccountId;
use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::margin::liquidation_price;
use banyan_core::market::MarketViews;
use banyan_core::money::{Amount, Price, Rate, Rounding};
use banyan_core::order::{PositionSide, Side};
use banyan_core::position::Position;
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
pub fn balance(state: &AccountState, markets: &MarketViews, value: Valuation) -> BalanceView {
    BalanceView {
        account_id: state.settings.id,
        equity: value.equity.into(),
        available_balance: available(value).into(),
        total_margin_used: value.margin.into(),
        unrealized_pnl: value.unrealized.into(),
        positions: positions(state, markets),
    }
}

/// What may still be bound.
pub(super) fn available(value: Valuation) -> Amount {
    (value.equity - value.margin).max(Amount::ZERO)
}

/// Shows the positions, in the order of instruments.
#[must_use]
pub fn positions(state: &AccountState, markets: &MarketViews) -> Vec<PositionView> {
    let open = state.positions.iter().filter(|(_, position)| !position.is_flat());
    open.filter_map(|((instrument, side), position)| {
        let listed = state.instruments.get(*instrument)?;
        let price = price_of(listed, position, markets)?;
        let liquidation = liquidation(state, markets, (*instrument, *side));
        Some(PositionView {
            liquidation_price: liquidation.map(|price| Number::price(price, listed)),
            ..position_view(state, listed, position, price)
        })
    })
    .collect()
}

fn position_view(
    state: &AccountState,
    listed: &Instrument,
    position: &Position,
    price: Price,
) -> PositionView {
    let leverage = if listed.is_contract() {
        let set = state.leverage.get(&listed.id).map(|it| it.leverage);
        set.unwrap_or(state.settings.default_leverage)
    } else {
        1
    };
    let notional = position.notional(listed, price);
    let margin = notional.share(1, i128::from(leverage.max(1)), Rounding::Up);
    let unrealized = position.unrealized(listed, price);
    let percent = unrealized.ratio(margin, Rounding::Nearest).unwrap_or(Rate::ZERO);
    PositionView {
        symbol: listed.symbol.to_string(),
        side: if position.side() == Some(Side::Sell) { "short" } else { "long" },
        size: Number::quantity(position.quantity.abs(), listed),
        size_usd: notional.into(),
        entry_price: Number::price(position.average_entry(listed).unwrap_or_default(), listed),
        mark_price: Number::price(price, listed),
        leverage: Number(leverage.into()),
        unrealized_pnl: unrealized.into(),
        unrealized_pnl_percent: Number::percent(percent),
        liquidation_price: None,
    }
}

fn price_of(listed: &Instrument, position: &Position, markets: &MarketViews) -> Option<Price> {
    markets.get(listed.id).valuation().or_else(|| position.average_entry(listed))
}

/// Where the venue would close a position, if only its own price moved.
fn liquidation(
    state: &AccountState,
    markets: &MarketViews,
    key: (InstrumentId, PositionSide),
) -> Option<Price> {
    let listed = state.instruments.get(key.0)?;
    let mut collateral = state.ledger.wallet(&state.settings.settle);
    for ((id, _), other) in state.positions.iter().filter(|(it, _)| **it != key) {
        let contract = state.instruments.get(*id).filter(|it| it.is_contract());
        if let Some(it) = contract
            && let Some(price) = price_of(it, other, markets)
        {
            collateral += other.unrealized(it, price);
            collateral -= it.maintenance_margin(other.notional(it, price));
        }
    }
    liquidation_price(listed, state.positions.get(&key)?, collateral)
}
