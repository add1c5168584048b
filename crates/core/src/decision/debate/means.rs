//! Means over the proposals that won: sizes, leverage, prices, confidence, and their words.
//!
//! Knows what was decided, not how.

use rust_decimal::Decimal;

use super::{ConsensusMode, Vote};
use crate::decision::{Action, Proposal, Reply};
use crate::instrument::InstrumentId;
use crate::money::{Amount, Rate};

/// Decimals of prices that are means.
const PRICE_DECIMALS: u32 = 12;

/// One voice of the winning side: what it weighs, and what it proposes.
type Voice<'a> = (Decimal, &'a Proposal);

/// The proposal of all who chose what won; `None` as the choice is to do nothing.
pub(super) fn proposal(
    instrument: InstrumentId,
    choice: Option<Action>,
    mode: ConsensusMode,
    votes: &[Vote<'_>],
) -> Proposal {
    let side: Vec<&Vote<'_>> = votes.iter().filter(|it| it.choice(instrument) == choice).collect();
    let voices = weighed(instrument, mode, &side);
    let anybody = votes.iter().find_map(|it| it.on(instrument));
    let first = voices.first().map(|it| it.1).or(anybody);
    let first = first.expect("only instruments that somebody named are counted");
    let holds = voices.iter().any(|it| it.1.action == Action::Hold);
    let passive = if holds { Action::Hold } else { Action::Wait };
    let figures = choice.map(|_| voices.as_slice()).unwrap_or_default();
    let all_name_entry = figures.iter().all(|it| it.1.entry_price.is_some());
    Proposal {
        instrument,
        symbol: first.symbol.clone(),
        action: choice.unwrap_or(passive),
        leverage: leverage(figures),
        position_size_usd: amount(figures, |it| it.position_size_usd),
        entry_price: price(figures, |it| it.entry_price).filter(|_| all_name_entry),
        stop_loss: price(figures, |it| it.stop_loss),
        take_profit: price(figures, |it| it.take_profit),
        confidence: rate(voices.iter().map(|(weight, it)| (*weight, it.confidence))),
        risk_usd: amount(figures, |it| it.risk_usd),
        reasoning: reasons(instrument, &side),
    }
}

/// Those who named the instrument; where nothing has any weight, all weigh the same.
fn weighed<'a>(
    instrument: InstrumentId,
    mode: ConsensusMode,
    side: &[&Vote<'a>],
) -> Vec<Voice<'a>> {
    let weight = |vote: &Vote<'_>| match mode {
        ConsensusMode::WeightedAverage => Rate(vote.weight(instrument)).to_decimal(),
        _ => Decimal::ONE,
    };
    let mut voices: Vec<Voice<'a>> =
        side.iter().filter_map(|it| Some((weight(it), it.on(instrument)?))).collect();
    if voices.iter().all(|it| it.0.is_zero()) {
        voices.iter_mut().for_each(|it| it.0 = Decimal::ONE);
    }
    voices
}

/// The weighted mean of those who say something; the first where that is beyond all numbers.
fn mean(values: impl Iterator<Item = (Decimal, Decimal)>) -> Option<Decimal> {
    let values: Vec<_> = values.collect();
    let total: Decimal = values.iter().map(|it| it.0).sum();
    let first = values.first()?.1;
    let add = |sum: Decimal, it: &(Decimal, Decimal)| sum.checked_add(it.0.checked_mul(it.1)?);
    let sum = values.iter().try_fold(Decimal::ZERO, add);
    Some(sum.and_then(|sum| sum.checked_div(total)).unwrap_or(first))
}

fn price(voices: &[Voice<'_>], of: impl Fn(&Proposal) -> Option<Decimal>) -> Option<Decimal> {
    let values = voices.iter().filter_map(|(weight, it)| Some((*weight, of(it)?)));
    mean(values).map(|it| it.round_dp(PRICE_DECIMALS).normalize())
}

/// Rounded towards zero.
fn amount(voices: &[Voice<'_>], of: impl Fn(&Proposal) -> Option<Amount>) -> Option<Amount> {
    let values = voices.iter().filter_map(|(weight, it)| Some((*weight, of(it)?.to_decimal())));
    Amount::from_decimal(mean(values)?.trunc_with_scale(8)).ok()
}

/// Rounded down, and one at least.
fn leverage(voices: &[Voice<'_>]) -> Option<u32> {
    let values = voices.iter().filter_map(|(weight, it)| Some((*weight, it.leverage?.into())));
    u32::try_from(mean(values)?.trunc()).ok().map(|it| it.max(1))
}

fn rate(values: impl Iterator<Item = (Decimal, Rate)>) -> Rate {
    let mean = mean(values.map(|(weight, it)| (weight, it.to_decimal())));
    mean.and_then(|it| Rate::from_decimal(it.trunc_with_scale(10)).ok()).unwrap_or_default()
}

/// How sure all are together: the plain mean.
pub(super) fn overall_confidence(votes: &[Vote<'_>]) -> Rate {
    rate(votes.iter().map(|it| (Decimal::ONE, it.reply.overall_confidence)))
}

fn reasons(instrument: InstrumentId, side: &[&Vote<'_>]) -> String {
    let said = side.iter().filter_map(|it| Some((it.model, it.on(instrument)?)));
    signed(said.map(|(model, it)| (model.as_str(), it.reasoning.as_str())))
}

/// What all say, each with its name.
pub(super) fn together(votes: &[Vote<'_>], of: impl Fn(&Reply) -> &String) -> String {
    signed(votes.iter().map(|it| (it.model.as_str(), of(it.reply).as_str())))
}

fn signed<'a>(said: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let said = said.filter(|(_, text)| !text.trim().is_empty());
    said.map(|(model, text)| format!("[{model}] {text}")).collect::<Vec<_>>().join("\n\n")
}
