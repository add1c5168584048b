//! What WebSocket frames carry, as JSON texts; the frame around it is made elsewhere.

use std::sync::Arc;

use banyan_core::account::{Holding, Valuation};
use banyan_core::ids::{AccountId, WorkerId};
use banyan_core::instrument::Instruments;
use serde::Serialize;

use super::Number;
use super::account::{PositionView, available, positions};

#[derive(Serialize)]
struct AccountUpdate {
    account_id: AccountId,
    state: StateView,
}

#[derive(Serialize)]
struct StateView {
    equity: Number,
    available_balance: Number,
    unrealized_pnl: Number,
}

#[derive(Serialize)]
struct PositionUpdate {
    account_id: AccountId,
    positions: Vec<PositionView>,
}

#[derive(Serialize)]
struct StrategyStatus<'a> {
    strategy_id: WorkerId,
    status: &'a str,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Notification<'a> {
    title: &'a str,
    message: &'a str,
    level: &'a str,
}

/// The data of an `account_update`.
#[must_use]
pub fn account_update(account: AccountId, value: Valuation) -> Arc<str> {
    let state = StateView {
        equity: value.equity.into(),
        available_balance: available(value).into(),
        unrealized_pnl: value.unrealized.into(),
    };
    text(&AccountUpdate { account_id: account, state })
}

/// The data of a `position_update`.
#[must_use]
pub fn position_update(
    account: AccountId,
    holdings: &[Holding],
    instruments: &Instruments,
) -> Arc<str> {
    text(&PositionUpdate { account_id: account, positions: positions(holdings, instruments) })
}

/// The data of a `strategy_status`.
#[must_use]
pub fn strategy_status(strategy: WorkerId, status: &str, error: Option<&str>) -> Arc<str> {
    text(&StrategyStatus { strategy_id: strategy, status, error })
}

/// The data of a `notification`; the level is `info`, `success`, `warning` or `error`.
#[must_use]
pub fn notification(title: &str, message: &str, level: &str) -> Arc<str> {
    text(&Notification { title, message, level })
}

pub(super) fn text(data: &impl Serialize) -> Arc<str> {
    serde_json::to_string(data).expect("these shapes have texts as keys and no odd numbers").into()
}

#[cfg(test)]
mod tests {
    use banyan_core::money::Amount;

    use super::*;

    #[test]
    fn frames_carry_the_shapes_of_the_reference() {
        let value = Valuation {
            equity: Amount::from_units(10_000),
            unrealized: Amount::from_units(150),
            margin: Amount::from_units(2_000),
            maintenance: Amount::ZERO,
        };
        let id = AccountId::from_u128(1);
        assert_eq!(
            &*account_update(id, value),
            "{\"account_id\":\"00000000-0000-0000-0000-000000000001\",\"state\":{\
             \"equity\":10000.0,\"available_balance\":8000.0,\"unrealized_pnl\":150.0}}"
        );
        let status = strategy_status(WorkerId::from_u128(2), "active", None);
        assert!(status.ends_with("\"status\":\"active\",\"error\":null}"), "{status}");
        assert!(notification("a", "b", "info").contains("\"level\":\"info\""));
    }
}
