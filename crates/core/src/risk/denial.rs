//! The public vocabulary of risk review: denial codes and clamps.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! denial_codes {
    ($($name:ident = $code:literal, $meaning:literal;)+) => {
        /// Why an intent was refused. The names are stable; the documentation is made from them.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum DenialCode {
            $(
                #[doc = $meaning]
                #[serde(rename = $code)]
                $name,
            )+
        }

        impl DenialCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable name, e.g. `STALE_FEED`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What it means, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }
        }
    };
}

denial_codes! {
    StaleEpoch = "STALE_EPOCH", "The worker was stopped, or started again, since it wished this.";
    NotReady = "NOT_READY", "The account is still reconciling with its venue.";
    JournalUnavailable = "JOURNAL_UNAVAILABLE",
        "The journal cannot write; only exits are possible.";
    KillLevel = "KILL_LEVEL", "A kill level forbids this.";
    LiveNotArmed = "LIVE_NOT_ARMED", "The account is live and its owner has not armed it.";
    LiveNotAllowed = "LIVE_NOT_ALLOWED", "The engine's settings do not allow live trading.";
    ArmedNotional = "ARMED_NOTIONAL",
        "Positions and entries would be worth more than the account was armed for.";
    ArmedDailyLoss = "ARMED_DAILY_LOSS",
        "The account has lost as much today as it was armed for.";
    UnknownInstrument = "UNKNOWN_INSTRUMENT", "The venue does not list this instrument.";
    MarketClosed = "MARKET_CLOSED", "The instrument is halted or delisted.";
    NoPrice = "NO_PRICE", "No price of the instrument is known.";
    StaleFeed = "STALE_FEED", "The market data of the instrument is too old.";
    OrderRateExceeded = "ORDER_RATE_EXCEEDED", "Too many orders within a minute.";
    TooManyOpenOrders = "TOO_MANY_OPEN_ORDERS", "Too many orders of the worker are open.";
    LowConfidence = "LOW_CONFIDENCE", "The confidence is below the minimum.";
    MaxPositions = "MAX_POSITIONS", "The worker holds as many positions as it may.";
    MaxDrawdown = "MAX_DRAWDOWN", "The account has fallen too far below its high-water mark.";
    MaxDailyLoss = "MAX_DAILY_LOSS", "The account has lost too much since 00:00 UTC.";
    MaxPositionRatio = "MAX_POSITION_RATIO", "The position would bind too much of the equity.";
    MaxTotalExposure = "MAX_TOTAL_EXPOSURE", "All positions together would bind too much equity.";
    MaxOrderNotional = "MAX_ORDER_NOTIONAL", "The order is worth more than one order may be.";
    MinRiskReward = "MIN_RISK_REWARD", "The target is too near for the distance of the stop.";
    StopWrongSide = "STOP_WRONG_SIDE", "The stop or target lies on the wrong side of the price.";
    LiquidationTooClose = "LIQUIDATION_TOO_CLOSE", "The position could be liquidated too soon.";
    PriceCollar = "PRICE_COLLAR", "The limit price is too far from the market.";
    InvalidPrice = "INVALID_PRICE", "The price is not positive or not on the tick.";
    InvalidQuantity = "INVALID_QUANTITY", "The quantity is not positive or not on the step.";
    BelowMinimum = "BELOW_MINIMUM", "The order is smaller than the venue takes.";
    InsufficientMargin = "INSUFFICIENT_MARGIN", "Not enough free balance.";
    OppositePosition = "OPPOSITE_POSITION", "Another worker holds the other side of the symbol.";
    CrossesOwnOrder = "CROSSES_OWN_ORDER", "The order would trade against one of the same account.";
    NothingToClose = "NOTHING_TO_CLOSE", "The worker has no position here to make smaller.";
    ShortNotPossible = "SHORT_NOT_POSSIBLE", "Spot cannot be sold short.";
    UnknownTag = "UNKNOWN_TAG", "The worker has no open order of this name.";
    DuplicateTag = "DUPLICATE_TAG", "The worker has an open order of this name.";
    AlreadyClosing = "ALREADY_CLOSING", "An exit of this position is already under way.";
}

impl fmt::Display for DenialCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Denial {
    /// Why.
    pub code: DenialCode,
    /// The numbers behind it, for people.
    pub detail: String,
}

impl Denial {
    /// A denial whose detail is the code's meaning.
    #[must_use]
    pub fn plain(code: DenialCode) -> Self {
        Self { code, detail: code.meaning().to_owned() }
    }

    /// A denial with the numbers behind it.
    #[must_use]
    pub fn new(code: DenialCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Which number of a wish was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClampedField {
    /// The quantity.
    Quantity,
    /// The leverage.
    Leverage,
    /// The stop price.
    StopLoss,
    /// The target price.
    TakeProfit,
}

/// A number of a wish that was changed, and by which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clamp {
    /// Which number.
    pub field: ClampedField,
    /// The limit that changed it; its code would have been the denial.
    pub limit: DenialCode,
    /// As wished; zero when the wish left it out.
    pub wished: i64,
    /// As approved, in the same unit (quantity, price and rate mantissas, leverage in ones).
    pub approved: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_loud() {
        let mut names: Vec<_> = DenialCode::ALL.iter().map(|code| code.name()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DenialCode::ALL.len());
    }
}
