//! The rules of the demo model: one proposal for each market that the prompt shows.
//!
//! They trade soon on any market, so that the first hour shows something; they promise no profit.
//! Deterministic: what was not in the prompt is not known here.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::Temperament;
use super::sight::{Held, Market, Sight};
use super::signals::Signals;

/// Margin of an entry per what is available, and leverage, where limits allow them.
const ENTRY_MARGIN_PERCENT: i64 = 10;
const CAUTIOUS_MARGIN_PERCENT: i64 = 5;
const LEVERAGE: u32 = 2;
/// The part of a limit that is used at most, in percent: prices move until an order is reviewed.
const OF_LIMIT_PERCENT: i64 = 90;
/// Beyond the least order, in percent, so that rounding does not fall below it.
const LEAST_PERCENT: i64 = 115;
/// Distance of a stop: so many average ranges, but within these per mille of the price.
const STOP_RANGES_PERCENT: i64 = 150;
const NEAREST_STOP_PER_MILLE: i64 = 4;
const FARTHEST_STOP_PER_MILLE: i64 = 40;
/// The target's distance per the stop's at least, and what is added to the limit, in percent.
const REWARD: i64 = 2;
const REWARD_MARGIN_PERCENT: i64 = 115;
/// Digits of a price that count; venues round to their ticks.
const PRICE_DIGITS: u32 = 8;
/// Minutes that a position is held at least and, by temperament, at most.
const SHORTEST_HOLD: i64 = 3;
const LONGEST_HOLD: i64 = 45;
const SHORT_LONGEST_HOLD: i64 = 30;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Long,
    Short,
}

/// Why a proposal is what it is; the texts are made elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    WithTrend,
    AgainstExtreme,
    StillFits,
    Turned,
    HeldAWhile,
    NoSignal,
    NoRoom,
    TooSmall,
}

/// What is proposed for a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposed<'a> {
    pub(super) market: &'a Market,
    pub(super) signals: Signals,
    pub(super) action: &'static str,
    pub(super) why: Why,
    pub(super) entry: Option<Entry>,
    /// What is held, for whoever closes it: its leverage and value.
    pub(super) held: Option<(Decimal, Decimal)>,
    pub(super) confidence: Decimal,
}

/// Figures of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) leverage: u32,
    pub(super) size: Decimal,
    pub(super) stop: Decimal,
    pub(super) target: Decimal,
    pub(super) risk: Decimal,
}

impl Proposed<'_> {
    /// The proposal as it is answered: whoever closes or holds repeats what is held.
    pub(super) fn to_json(&self, reason: &str) -> Value {
        let (leverage, size) = match (&self.entry, self.held) {
            (Some(entry), _) => (Decimal::from(entry.leverage), entry.size),
            (None, Some(held)) if self.action != "hold" => held,
            _ => (Decimal::ONE, Decimal::ZERO),
        };
        let of_entry = |part: fn(&Entry) -> Decimal| {
            self.entry.as_ref().map_or(Value::Null, |entry| number(part(entry)))
        };
        json!({
            "symbol": self.market.symbol,
            "action": self.action,
            "leverage": number(leverage.round()),
            "position_size_usd": number(size),
            "entry_price": Value::Null,
            "stop_loss": of_entry(|it| it.stop),
            "take_profit": of_entry(|it| it.target),
            "confidence": number(self.confidence),
            "risk_usd": self.entry.as_ref().map_or(Value::from(0), |it| number(it.risk)),
            "reasoning": reason,
        })
    }
}

/// A number of JSON.
pub(super) fn number(value: Decimal) -> Value {
    serde_json::from_str(&value.normalize().to_string()).unwrap_or_default()
}

/// One proposal for each market, in the prompt's order.
pub(super) fn propose(temperament: Temperament, sight: &Sight) -> Vec<Proposed<'_>> {
    let mut room = Room::of(sight);
    let propose = |market| propose_one(temperament, sight, market, &mut room);
    sight.markets.iter().map(propose).collect()
}

fn propose_one<'a>(
    temperament: Temperament,
    sight: &Sight,
    market: &'a Market,
    room: &mut Room,
) -> Proposed<'a> {
    let signals = Signals::of(market);
    let held = sight.positions.iter().find(|it| it.symbol == market.symbol);
    let (action, why, entry) = match held {
        Some(held) => manage(temperament, held, &signals),
        None => enter(temperament, sight, market, &signals, room),
    };
    let confidence = confidence(sight, &signals, action);
    let held = held.map(|it| (it.leverage, it.notional));
    Proposed { market, signals, action, why, entry, held, confidence }
}

/// What is done with a position.
fn manage(
    temperament: Temperament,
    held: &Held,
    signals: &Signals,
) -> (&'static str, Why, Option<Entry>) {
    let minutes = held.minutes.unwrap_or(SHORTEST_HOLD);
    let longest = match temperament {
        Temperament::Trend => LONGEST_HOLD,
        Temperament::Contrarian | Temperament::Cautious => SHORT_LONGEST_HOLD,
    };
    let why = if minutes >= longest {
        Why::HeldAWhile
    } else if minutes >= SHORTEST_HOLD && has_turned(temperament, held.direction, signals) {
        Why::Turned
    } else {
        return ("hold", Why::StillFits, None);
    };
    match held.direction {
        Direction::Long => ("close_long", why, None),
        Direction::Short => ("close_short", why, None),
    }
}

/// Says whether what a position was opened for is gone.
fn has_turned(temperament: Temperament, held: Direction, signals: &Signals) -> bool {
    let for_it = |score: i32| if held == Direction::Long { score } else { -score };
    let middle = Decimal::from(50);
    match temperament {
        Temperament::Trend => for_it(signals.trend()) <= -2,
        Temperament::Cautious => for_it(signals.averages) < 0,
        Temperament::Contrarian => signals.rsi.is_some_and(|rsi| match held {
            Direction::Long => rsi >= middle,
            Direction::Short => rsi <= middle,
        }),
    }
}

fn enter(
    temperament: Temperament,
    sight: &Sight,
    market: &Market,
    signals: &Signals,
    room: &mut Room,
) -> (&'static str, Why, Option<Entry>) {
    let Some(direction) = direction(temperament, signals) else {
        return ("wait", Why::NoSignal, None);
    };
    if room.positions == 0 {
        return ("wait", Why::NoRoom, None);
    }
    let Some((margin, leverage)) = room.size(temperament, sight, market) else {
        return ("wait", Why::TooSmall, None);
    };
    room.take(margin);
    let size = (margin * Decimal::from(leverage)).round_dp_with_strategy(2, TO_ZERO);
    let entry = priced(sight, market, signals, direction, (leverage, size));
    let why = match temperament {
        Temperament::Contrarian => Why::AgainstExtreme,
        Temperament::Trend | Temperament::Cautious => Why::WithTrend,
    };
    match direction {
        Direction::Long => ("open_long", why, Some(entry)),
        Direction::Short => ("open_short", why, Some(entry)),
    }
}

/// Which way, if any.
fn direction(temperament: Temperament, signals: &Signals) -> Option<Direction> {
    let with_trend = if signals.trend() >= 0 { Direction::Long } else { Direction::Short };
    match temperament {
        Temperament::Trend => Some(with_trend),
        Temperament::Cautious => {
            let agreed = signals.averages * signals.trend() > 0;
            (agreed && !is_extreme(signals, with_trend)).then_some(with_trend)
        }
        Temperament::Contrarian => match signals.rsi? {
            rsi if rsi >= Decimal::from(60) => Some(Direction::Short),
            rsi if rsi <= Decimal::from(40) => Some(Direction::Long),
            _ => None,
        },
    }
}

/// Says whether the market has already gone far that way.
fn is_extreme(signals: &Signals, direction: Direction) -> bool {
    signals.rsi.is_some_and(|rsi| match direction {
        Direction::Long => rsi > Decimal::from(85),
        Direction::Short => rsi < Decimal::from(15),
    })
}

/// Stop, target and risk of an entry of this leverage and size.
fn priced(
    sight: &Sight,
    market: &Market,
    signals: &Signals,
    direction: Direction,
    (leverage, size): (u32, Decimal),
) -> Entry {
    let price = market.price;
    let per_mille = |n: i64| price * Decimal::new(n, 3);
    let ranges = signals.range.unwrap_or_default() * Decimal::new(STOP_RANGES_PERCENT, 2);
    let farthest = per_mille(FARTHEST_STOP_PER_MILLE).min(price * sight.limits.max_stop_distance);
    let distance = ranges.max(per_mille(NEAREST_STOP_PER_MILLE)).min(farthest);
    let wanted = sight.limits.min_reward.max(Decimal::from(REWARD));
    let reach = distance * wanted * Decimal::new(REWARD_MARGIN_PERCENT, 2);
    let sign = if direction == Direction::Long { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
    let exact = |value: Decimal| value.round_sf(PRICE_DIGITS).unwrap_or(value);
    // A short's target may not pass zero, however far the reward is to reach.
    let target = (price + sign * reach).max(price * Decimal::new(5, 2));
    Entry {
        leverage,
        size,
        stop: exact(price - sign * distance),
        target: exact(target),
        risk: if price.is_zero() { Decimal::ZERO } else { (size * distance / price).round_dp(2) },
    }
}

const TO_ZERO: RoundingStrategy = RoundingStrategy::ToZero;

/// What is left for entries of this answer.
struct Room {
    positions: usize,
    available: Decimal,
}

impl Room {
    fn of(sight: &Sight) -> Self {
        let most = usize::try_from(sight.limits.max_positions).unwrap_or(usize::MAX);
        let positions = most.saturating_sub(sight.positions.len());
        Self { positions, available: sight.available }
    }

    fn take(&mut self, margin: Decimal) {
        self.positions -= 1;
        self.available -= margin;
    }

    /// Margin and leverage of an entry; `None` when the least order is more than may be risked.
    fn size(
        &self,
        temperament: Temperament,
        sight: &Sight,
        market: &Market,
    ) -> Option<(Decimal, u32)> {
        let (percent, leverage) = match temperament {
            Temperament::Trend | Temperament::Contrarian => (ENTRY_MARGIN_PERCENT, LEVERAGE),
            Temperament::Cautious => (CAUTIOUS_MARGIN_PERCENT, 1),
        };
        let leverage = leverage.min(sight.limits.max_leverage).max(1);
        let limit = sight.equity * sight.limits.max_position_ratio;
        let most = limit.min(self.available) * Decimal::new(OF_LIMIT_PERCENT, 2);
        let least = market.min_notional * Decimal::new(LEAST_PERCENT, 2) / Decimal::from(leverage);
        let usual = self.available * Decimal::new(percent, 2);
        let margin = usual.max(least).min(most);
        (margin > Decimal::ZERO && margin >= least).then_some((margin, leverage))
    }
}

/// Above what entries need, the more signals agree the more; 0 to 1.
fn confidence(sight: &Sight, signals: &Signals, action: &str) -> Decimal {
    let agreed = Decimal::new(i64::from(signals.trend().abs()) * 5, 2);
    let needed = sight.limits.min_confidence;
    let sure = (needed + Decimal::new(10, 2) + agreed).min(Decimal::new(95, 2)).max(needed);
    match action {
        "open_long" | "open_short" => sure,
        "close_long" | "close_short" => sure.max(Decimal::new(80, 2)),
        _ => Decimal::new(60, 2),
    }
}
