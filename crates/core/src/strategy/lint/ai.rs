//! The rules of strategies in words: whether the smallest order fits into what the limits allow.
//!
//! What a model will wish is not known; that there is something it could wish is checked here.

use rust_decimal::{Decimal, RoundingStrategy};

use super::LintCode;
use super::rules::Rules;
use crate::instrument::TradingStatus;
use crate::money::{Amount, Rounding};
use crate::risk::RiskLimits;
use crate::strategy::config::AiConfig;

impl Rules<'_> {
    pub(super) fn check_ai(&mut self, config: &AiConfig) {
        self.check_open_market();
        self.check_highest_leverage(config);
        self.check_room(&config.limits());
    }

    fn check_open_market(&mut self) {
        let symbol = &self.instrument.symbol;
        if self.instrument.filters.status != TradingStatus::Trading {
            let message = format!("{symbol} takes no orders at the moment");
            self.find(LintCode::InvalidValue, "symbols", message, format!("leave out {symbol}"));
        }
    }

    /// A limit that nobody stated is lowered by the review; one that was stated must be possible.
    fn check_highest_leverage(&mut self, config: &AiConfig) {
        let highest = self.instrument.max_leverage(Amount::ZERO);
        let stated = config.risk_controls.max_leverage;
        if self.instrument.is_contract() && stated.is_some_and(|stated| stated > highest) {
            let symbol = &self.instrument.symbol;
            let message = format!("the venue allows leverage {highest} for {symbol}");
            let suggestion = format!("use leverage {highest} or less");
            let field = "risk_controls.max_leverage";
            self.find(LintCode::LeverageTooHigh, field, message, suggestion);
        }
    }

    /// The largest position that the limits allow must not be below the smallest order.
    fn check_room(&mut self, limits: &RiskLimits) {
        let (instrument, capital) = (self.instrument, self.context.capital);
        let needed = instrument.smallest_order(self.price);
        let highest = limits.max_leverage.min(instrument.max_leverage(Amount::ZERO)).max(1);
        let margin = capital.times(limits.max_position_ratio, Rounding::Down);
        let room = Amount(margin.0.saturating_mul(i128::from(highest)));
        let symbol = &instrument.symbol;
        if needed > limits.max_order_notional {
            let most = limits.max_order_notional;
            let message = format!("an order of {symbol} is worth at least {needed}, not {most}");
            let suggestion = format!("allow orders of at least {needed}");
            let field = "risk_controls.max_order_notional";
            return self.find(LintCode::OrderTooSmall, field, message, suggestion);
        }
        if needed <= room {
            return;
        }
        let message = format!(
            "a position in {symbol} is worth at most {room}, and at least {needed} is needed"
        );
        let suggestion = suggestion(needed, capital, limits, highest);
        let field = "risk_controls.max_position_ratio";
        self.find(LintCode::OrderTooSmall, field, message, suggestion);
    }
}

/// A larger share where the capital suffices, else a larger capital.
fn suggestion(needed: Amount, capital: Amount, limits: &RiskLimits, leverage: u32) -> String {
    let up = RoundingStrategy::ToPositiveInfinity;
    let margin = needed.to_decimal() / Decimal::from(leverage);
    let ratio = margin.checked_div(capital.to_decimal());
    let ratio = ratio.map(|ratio| ratio.round_dp_with_strategy(2, up).normalize());
    if let Some(ratio) = ratio.filter(|ratio| *ratio <= Decimal::ONE) {
        return format!("use a max_position_ratio of at least {ratio}");
    }
    let share = limits.max_position_ratio.to_decimal();
    let enough = margin.checked_div(share).unwrap_or(margin);
    let enough = enough.round_dp_with_strategy(2, up).normalize();
    format!("use a capital of at least {enough}")
}
