//! From proposals to wishes: what is carried out, what is not, and why.
//!
//! Only what no review of the account could know is decided here; sizes, leverage, stops and
//! confidence are the account's review's.

use rust_decimal::Decimal;

use crate::decision::{Action, Judged, Proposal, Verdict};
use crate::instrument::Instrument;
use crate::intent::{ExitReason, Intent, Protection, Sizing};
use crate::money::{Price, Rounding};
use crate::order::Side;
use crate::worker::WorkerView;

/// What stands against every entry of a decision.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bars {
    /// Models had failed repeatedly.
    pub(super) safe_mode: bool,
    /// Too many numbers were not what the data says.
    pub(super) contradicted: bool,
    /// Text from outside took part.
    pub(super) tainted: bool,
}

impl Bars {
    const fn code(self) -> Option<&'static str> {
        if self.safe_mode {
            Some("safe_mode")
        } else if self.contradicted {
            Some("claims_contradicted")
        } else if self.tainted {
            Some("tainted")
        } else {
            None
        }
    }
}

/// Judges proposals, closes first: what they free may be used by the entries after them.
pub(super) fn judge(
    proposals: Vec<Proposal>,
    bars: Bars,
    seen: &dyn Fn(&Proposal) -> bool,
    view: &WorkerView<'_>,
) -> Vec<Judged> {
    let mut proposals = proposals;
    proposals.sort_by_key(|it| (it.action.is_passive(), !it.action.is_close()));
    let judged = proposals.into_iter().map(|proposal| {
        let verdict = match verdict(&proposal, bars, seen(&proposal), view) {
            Ok(Some(intent)) => Verdict::Submitted(intent),
            Ok(None) => Verdict::Held,
            Err(code) => Verdict::Skipped(code.to_owned()),
        };
        Judged { proposal, verdict }
    });
    judged.collect()
}

fn verdict(
    proposal: &Proposal,
    bars: Bars,
    seen: bool,
    view: &WorkerView<'_>,
) -> Result<Option<Intent>, &'static str> {
    match proposal.action {
        Action::Hold | Action::Wait => Ok(None),
        Action::CloseLong => close(proposal, Side::Buy, view).map(Some),
        Action::CloseShort => close(proposal, Side::Sell, view).map(Some),
        Action::OpenLong | Action::OpenShort => match bars.code() {
            Some(code) => Err(code),
            None if !seen => Err("no_data"),
            None => open(proposal, view).map(Some),
        },
    }
}

fn close(proposal: &Proposal, held: Side, view: &WorkerView<'_>) -> Result<Intent, &'static str> {
    let instrument = proposal.instrument;
    match view.book.position(instrument).side() {
        Some(side) if side == held => {
            Ok(Intent::Close { instrument, quantity: None, reason: ExitReason::ExitSignal })
        }
        Some(_) => Err("other_side_held"),
        None => Err("nothing_to_close"),
    }
}

fn open(proposal: &Proposal, view: &WorkerView<'_>) -> Result<Intent, &'static str> {
    let instrument = view.instruments.get(proposal.instrument).ok_or("not_listed")?;
    let side = if proposal.action == Action::OpenLong { Side::Buy } else { Side::Sell };
    let size = proposal.position_size_usd.filter(|size| size.is_positive()).ok_or("no_size")?;
    let taking = view.markets.get(instrument.id).taking(side).ok_or("no_price")?;
    if let Some(wanted) = proposal.entry_price {
        check_entry(wanted, taking, side, instrument, view)?;
    }
    Ok(Intent::Open {
        instrument: instrument.id,
        side,
        sizing: Sizing::Notional(size),
        leverage: proposal.leverage,
        protection: protection(proposal, side, instrument),
        confidence: Some(proposal.confidence),
    })
}

/// Entries are made at the market, so a price that the model wants to enter at is a bound: beyond
/// it, and what slippage allows, there is no entry.
fn check_entry(
    wanted: Decimal,
    taking: Price,
    side: Side,
    instrument: &Instrument,
    view: &WorkerView<'_>,
) -> Result<(), &'static str> {
    let wanted = Price::round_decimal(wanted, instrument.price_decimals, Rounding::Nearest);
    let wanted = wanted.map_err(|_| "entry_price_unreadable")?;
    let allowed = wanted.times(view.limits.max_slippage, Rounding::Up);
    let worse = (taking.0 - wanted.0) * side.sign();
    if worse > allowed.0 { Err("price_away") } else { Ok(()) }
}

/// Stops are rounded towards the entry, targets too: never beyond what was asked.
fn protection(proposal: &Proposal, side: Side, instrument: &Instrument) -> Protection {
    let (below, above) = (Rounding::Ceiling, Rounding::Floor);
    let (stop, target) = if side == Side::Buy { (below, above) } else { (above, below) };
    let price = |value: Option<Decimal>, rounding| {
        let value = value.filter(|value| value.is_sign_positive() && !value.is_zero())?;
        let price = Price::round_decimal(value, instrument.price_decimals, rounding).ok()?;
        Some(instrument.round_price(price, rounding))
    };
    Protection {
        stop_loss: price(proposal.stop_loss, stop),
        take_profit: price(proposal.take_profit, target),
        trailing: None,
    }
}
