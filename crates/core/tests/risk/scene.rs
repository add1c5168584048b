//! A calm scene for one review: a flat worker with 100,000, a quiet market at 50,000.

use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, LeverageTier, TradingStatus,
};
use banyan_core::intent::{ExitReason, Intent, OrderTag, Protection, Sizing};
use banyan_core::kill::KillLevel;
use banyan_core::market::MarketView;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{Side, TimeInForce};
use banyan_core::position::Position;
use banyan_core::risk::{Approved, Denial, LiveLeave, RiskLimits, RiskView, review};
use banyan_core::terms::Arming;
use banyan_core::time::{Span, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp(1_735_732_800_000_000);
pub(crate) const HERE: InstrumentId = InstrumentId(0);

/// A price in whole units.
pub(crate) const fn price(units: i64) -> Price {
    Price(units * 100)
}

pub(crate) const fn units(n: i64) -> Amount {
    Amount::from_units(n)
}

pub(crate) fn percent(n: i64) -> Rate {
    Rate::from_basis_points(n * 100)
}

/// Prices in cents on a tick of ten, quantities in thousandths.
pub(crate) fn instrument(kind: InstrumentKind) -> Instrument {
    let symbol = match kind {
        InstrumentKind::Spot => "BTC/USDT",
        InstrumentKind::Linear => "BTC/USDT:USDT",
        InstrumentKind::Inverse => "BTC/USD:BTC",
    };
    let tier = LeverageTier {
        notional_floor: Amount::ZERO,
        max_leverage: 50,
        maintenance_rate: Rate::from_basis_points(50),
        maintenance_deduction: Amount::ZERO,
    };
    Instrument {
        id: HERE,
        symbol: symbol.parse().expect("a good symbol"),
        kind,
        price_decimals: 2,
        quantity_decimals: 3,
        contract_size: Quantity(1_000),
        funding_interval: None,
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(10),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(10_000_000),
            min_notional: units(5),
            significant_figures: None,
            price_band: percent(20),
        },
        tiers: if kind == InstrumentKind::Spot { Vec::new() } else { vec![tier] },
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(4) },
    }
}

pub(crate) fn market() -> MarketView {
    MarketView {
        bid: Some(Price(4_999_990)),
        ask: Some(Price(5_000_010)),
        last: Some(price(50_000)),
        mark: Some(price(50_000)),
        time: Some(NOW - Span::seconds(1)),
    }
}

pub(crate) fn view(instrument: &Instrument) -> RiskView<'_> {
    RiskView {
        now: NOW,
        instrument,
        market: market(),
        average_true_range: Some(price(400)),
        ready: true,
        journal_available: true,
        kill_level: KillLevel::None,
        live: None,
        worker_equity: units(100_000),
        worker_margin: Amount::ZERO,
        worker_position: Position::default(),
        worker_pending: Quantity::ZERO,
        worker_exiting: Quantity::ZERO,
        exit_failed_before: false,
        worker_positions: 0,
        worker_recent_orders: 0,
        worker_open_orders: 0,
        account_equity: units(1_000_000),
        account_margin: Amount::ZERO,
        account_maintenance: Amount::ZERO,
        account_position: Position::default(),
        drawdown: Rate::ZERO,
        daily_loss: Rate::ZERO,
        leverage: 5,
        leverage_is_free: true,
        others_side: None,
        own_best_bid: None,
        own_best_ask: None,
    }
}

/// A live account that nobody has let trade.
pub(crate) const NO_LEAVE: LiveLeave =
    LiveLeave { allowed: false, arming: None, notional: Amount::ZERO, lost_today: Amount::ZERO };

/// A live account that is armed within these bounds.
pub(crate) fn leave(max_notional: i64, max_daily_loss: i64) -> LiveLeave {
    let (max_notional, max_daily_loss) = (units(max_notional), units(max_daily_loss));
    let arming = Some(Arming { max_notional, max_daily_loss });
    LiveLeave { allowed: true, arming, ..NO_LEAVE }
}

/// Long of so many thousandths, bought at 50,000.
pub(crate) fn long(quantity: i64) -> Position {
    Position { quantity: Quantity(quantity), cost: Amount(i128::from(quantity) * 5_000_000_000) }
}

pub(crate) fn open(side: Side, quantity: i64, protection: Protection) -> Intent {
    Intent::Open {
        instrument: HERE,
        side,
        sizing: Sizing::Quantity(Quantity(quantity)),
        leverage: None,
        protection,
        confidence: Some(percent(80)),
    }
}

/// A tenth of a coin, as the strategy leaves the rest to the limits.
pub(crate) fn buy() -> Intent {
    open(Side::Buy, 100, Protection::NONE)
}

pub(crate) fn place(side: Side, quantity: i64, price: Price) -> Intent {
    Intent::Place {
        tag: OrderTag(1),
        instrument: HERE,
        side,
        quantity: Quantity(quantity),
        price,
        time_in_force: TimeInForce::GoodTillCancelled,
        reduce_only: false,
        leverage: None,
    }
}

pub(crate) fn close(quantity: Option<i64>) -> Intent {
    let quantity = quantity.map(Quantity);
    Intent::Close { instrument: HERE, quantity, reason: ExitReason::ExitSignal }
}

/// Reviews in the calm scene, changed as the test wants.
pub(crate) fn judge(
    intent: &Intent,
    rules: impl FnOnce(&mut Instrument, &mut RiskLimits),
    circumstances: impl FnOnce(&mut RiskView<'_>),
) -> Result<Approved, Denial> {
    let mut instrument = instrument(InstrumentKind::Linear);
    let mut limits = RiskLimits::default();
    rules(&mut instrument, &mut limits);
    let mut view = view(&instrument);
    circumstances(&mut view);
    review(intent, &view, &limits)
}
