//! Turns one decision of an answer into a proposal, or says why not.
//!
//! Each decision is read by itself, so that no other can spoil it. Entries are dropped when what
//! they mean is not sure; exits are not, because leaving matters more.

use rust_decimal::Decimal;

use super::fields::{self, Wish};
use super::value::{Object, Value, shortened};
use super::{LONGEST_TEXT, Universe};
use crate::decision::{Action, Dropped, Proposal};
use crate::instrument::Instrument;
use crate::money::{Amount, Rate};
use crate::order::Side;
use crate::symbol::Symbol;

/// How much of a dropped decision is shown.
const SHOWN: usize = 200;
/// Leverage beyond this is not kept even as a wish.
const LARGEST_LEVERAGE: u32 = 1_000;

/// In which numbers an answer says how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// 0 to 1.
    One,
    /// 0 to 100.
    Hundred,
}

impl Scale {
    /// A number above one anywhere means that all are of a hundred.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a Value>) -> Self {
        let hundred = Decimal::ONE_HUNDRED;
        let of_hundred = |it: &Value| match fields::share(it) {
            Some((number, false)) => number > Decimal::ONE && number <= hundred,
            _ => false,
        };
        let mut values = values;
        if values.any(of_hundred) { Self::Hundred } else { Self::One }
    }

    /// A share between 0 and 1; `None` for what is no number, an error for one out of range.
    pub(super) fn read(self, value: Option<&Value>) -> Result<Option<Rate>, Rate> {
        let Some((number, percent)) = value.and_then(fields::share) else { return Ok(None) };
        let of_hundred = percent || self == Self::Hundred;
        let share = if of_hundred { number / Decimal::ONE_HUNDRED } else { number };
        if share < Decimal::ZERO {
            return Err(Rate::ZERO);
        }
        if share > Decimal::ONE {
            return Err(Rate::ONE);
        }
        Ok(Rate::from_decimal(share.trunc_with_scale(10)).ok())
    }
}

/// What is the same for all decisions of an answer.
pub(super) struct Context<'a> {
    pub(super) universe: &'a Universe<'a>,
    pub(super) symbols: &'a [Symbol],
    pub(super) scale: Scale,
    /// How sure the answer is as a whole, where it says so.
    pub(super) overall: Option<Rate>,
}

/// Reads one decision; notes say what was changed.
pub(super) fn read(
    value: &Value,
    context: &Context<'_>,
    notes: &mut Vec<String>,
) -> Result<Proposal, Dropped> {
    proposal(value, context, notes).map_err(|reason| dropped(value, reason))
}

/// A decision that is left out, shortened.
pub(super) fn dropped(value: &Value, reason: &str) -> Dropped {
    Dropped { text: value.words(SHOWN), reason: reason.to_owned() }
}

fn proposal(
    value: &Value,
    context: &Context<'_>,
    notes: &mut Vec<String>,
) -> Result<Proposal, &'static str> {
    let Value::Object(object) = value else { return Err("not_an_object") };
    let instrument = instrument(object, context)?;
    let action = action(object, instrument, context.universe)?;
    if action.is_open() && object.doubtful {
        return Err("ambiguous");
    }
    if action.is_open() && !object.whole {
        return Err("truncated");
    }
    let mut reader = Reader { object, symbol: &instrument.symbol, notes };
    let confidence = reader.confidence(action, context)?;
    Ok(Proposal {
        instrument: instrument.id,
        symbol: instrument.symbol.clone(),
        action,
        leverage: reader.leverage(),
        position_size_usd: reader.amount("position_size_usd", &fields::SIZE),
        entry_price: reader.price("entry_price", &fields::ENTRY),
        stop_loss: reader.price("stop_loss", &fields::STOP),
        take_profit: reader.price("take_profit", &fields::TARGET),
        confidence,
        risk_usd: reader.amount("risk_usd", &fields::RISK),
        reasoning: object
            .get(&fields::REASONING)
            .map_or_else(String::new, |it| it.words(LONGEST_TEXT)),
    })
}

fn instrument<'a>(object: &Object, context: &Context<'a>) -> Result<&'a Instrument, &'static str> {
    let name = match object.get(&fields::SYMBOL) {
        Some(Value::Text(name)) if !name.trim().is_empty() => name,
        Some(Value::Text(_) | Value::Null) | None => return Err("no_symbol"),
        Some(_) => return Err("unknown_symbol"),
    };
    let symbol = resolve(name, context.symbols).ok_or("unknown_symbol")?;
    let found = context.universe.instruments.iter().find(|it| it.symbol == *symbol);
    found.copied().ok_or("unknown_symbol")
}

/// Finds the listed symbol that is meant, also where a mark or the kind of contract was added.
fn resolve<'a>(name: &str, listed: &'a [Symbol]) -> Option<&'a Symbol> {
    let name = name.trim().trim_start_matches(['$', '#']).to_ascii_uppercase();
    let base = ["-PERP", "_PERP", "/PERP", " PERP", "PERP", "-SWAP", ".P"]
        .iter()
        .find_map(|kind| name.strip_suffix(kind));
    let found = Symbol::resolve(&name, listed).ok();
    found.or_else(|| Symbol::resolve(base.filter(|it| !it.is_empty())?, listed).ok())
}

fn action(
    object: &Object,
    instrument: &Instrument,
    universe: &Universe<'_>,
) -> Result<Action, &'static str> {
    let word = match object.get(&fields::ACTION) {
        Some(Value::Text(word)) => word,
        Some(Value::Null) | None => return Err("no_action"),
        Some(_) => return Err("unknown_action"),
    };
    let held = universe.held.iter().find(|it| it.instrument == instrument.id).map(|it| it.side);
    match (fields::wish(word).ok_or("unknown_action")?, held) {
        (Wish::Plain(action), _) => Ok(action),
        (Wish::Close | Wish::Sell, Some(Side::Buy)) => Ok(Action::CloseLong),
        (Wish::Close | Wish::Buy, Some(Side::Sell)) => Ok(Action::CloseShort),
        (Wish::Buy, _) => Ok(Action::OpenLong),
        (Wish::Sell, _) => Ok(Action::OpenShort),
        (Wish::Close, None) => Err("nothing_to_close"),
    }
}

/// Reads the numbers of a decision; what cannot be used is left out, with a note. One that was not
/// closed may have taken up figures of its neighbour, so it has none.
struct Reader<'a> {
    object: &'a Object,
    symbol: &'a Symbol,
    notes: &'a mut Vec<String>,
}

impl<'a> Reader<'a> {
    fn figure(&self, keys: &[&str]) -> Option<&'a Value> {
        self.object.get(keys).filter(|it| self.object.is_sure() && **it != Value::Null)
    }

    fn note(&mut self, what: &str) {
        self.notes.push(format!("{}: {what}", self.symbol));
    }

    /// An entry that is surer than sure may be of any scale, so it is dropped; what is missing
    /// counts as the answer as a whole, else as nothing.
    fn confidence(&mut self, action: Action, context: &Context<'_>) -> Result<Rate, &'static str> {
        match context.scale.read(self.object.get(&fields::CONFIDENCE)) {
            Ok(Some(confidence)) => Ok(confidence),
            Err(_) if action.is_open() => Err("confidence_out_of_range"),
            Err(nearest) => {
                self.note("confidence was out of range");
                Ok(nearest)
            }
            Ok(None) => {
                self.note("confidence is missing");
                Ok(context.overall.unwrap_or(Rate::ZERO))
            }
        }
    }

    fn leverage(&mut self) -> Option<u32> {
        let value = self.figure(&fields::LEVERAGE)?;
        let Some(wished) = fields::number(value) else {
            self.note(&format!("leverage {} is no number", value.words(SHOWN)));
            return None;
        };
        let most = Decimal::from(LARGEST_LEVERAGE);
        let taken = wished.trunc().clamp(Decimal::ONE, most);
        if taken != wished {
            self.note(&format!("leverage {wished} was taken as {taken}"));
        }
        u32::try_from(taken).ok()
    }

    /// A positive price; zero is how many models say that there is none.
    fn price(&mut self, name: &str, keys: &[&str]) -> Option<Decimal> {
        let number = self.number(name, keys)?;
        let fits = number > Decimal::ZERO && number <= Decimal::from(1_000_000_000_000_i64);
        if !fits && !number.is_zero() {
            self.note(&format!("{name} {number} is out of range"));
        }
        fits.then_some(number)
    }

    /// An amount that is not negative, rounded towards zero.
    fn amount(&mut self, name: &str, keys: &[&str]) -> Option<Amount> {
        let number = self.number(name, keys)?;
        let fits = number >= Decimal::ZERO && number <= Decimal::from(1_000_000_000_000_i64);
        if !fits {
            self.note(&format!("{name} {number} is out of range"));
            return None;
        }
        Amount::from_decimal(number.trunc_with_scale(8)).ok()
    }

    fn number(&mut self, name: &str, keys: &[&str]) -> Option<Decimal> {
        let value = self.figure(keys)?;
        let number = fields::number(value);
        if number.is_none() {
            self.note(&shortened(&format!("{name} {} is no number", value.words(SHOWN)), SHOWN));
        }
        number
    }
}
