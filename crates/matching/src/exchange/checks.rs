//! Whether an order fits the filters of its instrument and the mode of its account.
//!
//! Pure; looks at nothing but the order, the instrument, the mark and the time.

use banyan_core::instrument::Instrument;
use banyan_core::money::{Price, Rate, Rounding};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::time::Timestamp;
use banyan_core::venue::{PositionMode, RejectReason};

/// Says whether an order may only make a position smaller: it says so itself, or it goes against
/// its side of a hedge account.
pub(super) fn is_closing(request: &OrderRequest) -> bool {
    let against = matches!(
        (request.position_side, request.side),
        (PositionSide::Long, Side::Sell) | (PositionSide::Short, Side::Buy)
    );
    request.reduce_only || request.close_position || against
}

/// Checks an order against filters and mode.
///
/// # Errors
/// `InvalidOrder` when it does not fit.
pub(super) fn check(
    instrument: &Instrument,
    mark: Option<Price>,
    mode: PositionMode,
    request: &OrderRequest,
    now: Timestamp,
) -> Result<(), RejectReason> {
    let fits = fits_mode(instrument, mode, request)
        && fits_time(request, now)
        && (request.close_position || fits_quantity(instrument, request))
        && fits_prices(instrument, request)
        && fits_band(instrument, mark, request)
        && (is_closing(request) || fits_notional(instrument, mark, request));
    if fits { Ok(()) } else { Err(RejectReason::InvalidOrder) }
}

fn fits_mode(instrument: &Instrument, mode: PositionMode, request: &OrderRequest) -> bool {
    let net = request.position_side == PositionSide::Net;
    if !instrument.is_contract() {
        return net && !request.reduce_only && !request.close_position;
    }
    let closes_by_trigger = !request.close_position || request.kind.is_conditional();
    closes_by_trigger && net == (mode == PositionMode::OneWay)
}

fn fits_time(request: &OrderRequest, now: Timestamp) -> bool {
    match request.time_in_force {
        TimeInForce::PostOnly => request.kind.limit_price().is_some(),
        TimeInForce::GoodTillDate(end) => end > now,
        TimeInForce::GoodTillCancelled
        | TimeInForce::ImmediateOrCancel
        | TimeInForce::FillOrKill => true,
    }
}

fn fits_quantity(instrument: &Instrument, request: &OrderRequest) -> bool {
    let filters = &instrument.filters;
    let quantity = request.quantity;
    quantity.is_positive()
        && quantity >= filters.min_quantity
        && quantity <= filters.max_quantity
        && quantity.floor_to(filters.step) == quantity
}

fn fits_prices(instrument: &Instrument, request: &OrderRequest) -> bool {
    match request.kind {
        OrderKind::Market => true,
        OrderKind::Limit { price: at }
        | OrderKind::StopMarket { trigger: at }
        | OrderKind::TakeProfitMarket { trigger: at } => instrument.accepts_price(at),
        OrderKind::TrailingStop { callback, activation } => {
            let follows = callback.is_positive() && callback < Rate::ONE;
            follows && activation.is_none_or(|price| instrument.accepts_price(price))
        }
    }
}

/// A limit may be at most the band away from the mark on the side where it would lose.
fn fits_band(instrument: &Instrument, mark: Option<Price>, request: &OrderRequest) -> bool {
    let Some((mark, limit)) = mark.zip(request.kind.limit_price()) else {
        return true;
    };
    let band = instrument.filters.price_band;
    match request.side {
        Side::Buy => limit <= mark.times(Rate::ONE + band, Rounding::Floor),
        Side::Sell => limit >= mark.times(Rate::ONE - band, Rounding::Ceiling),
    }
}

fn fits_notional(instrument: &Instrument, mark: Option<Price>, request: &OrderRequest) -> bool {
    let price = request.kind.limit_price().or(request.kind.trigger()).or(mark);
    price.is_none_or(|price| {
        instrument.notional(price, request.quantity) >= instrument.filters.min_notional
    })
}
