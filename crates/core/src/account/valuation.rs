//! What the account is worth, what its positions bind, and the view that review gets.
//!
//! Everything is a sum over what is open now; nothing grows with history.

use super::{Account, Holding, JournalHealth, Phase, Step};
use crate::indicators::Atr;
use crate::instrument::{Instrument, InstrumentId, InstrumentKind};
use crate::journal::{AccountEvent, Purpose};
use crate::ledger::{Bucket, SubLedger};
use crate::margin::liquidation_price;
use crate::market::{MarketData, MarketEvent};
use crate::money::{Amount, Price, Quantity, Rate, Rounding};
use crate::order::Side;
use crate::position::Position;
use crate::risk::{LiveLeave, RiskView};
use crate::terms::AccountMode;
use crate::time::{Span, Timeframe, Timestamp};

/// Candles in the range that stands for an instrument's usual movement.
const RANGE_PERIOD: u32 = 14;

/// Money figures of an account, or of one owner within it, in the settle asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Valuation {
    /// Wallet and unrealized profit.
    pub equity: Amount,
    /// Profit if everything were closed at the marks.
    pub unrealized: Amount,
    /// Margin bound by positions and entry orders.
    pub margin: Amount,
    /// Maintenance margin of all positions.
    pub maintenance: Amount,
}

impl Account {
    /// What the whole account is worth.
    #[must_use]
    pub fn valuation(&self) -> Valuation {
        let wallet = self.state.ledger.wallet(&self.state.settings.settle);
        let mut sum = Valuation { equity: wallet, ..Valuation::default() };
        for ((instrument, _), position) in &self.state.positions {
            self.add_position(&mut sum, *instrument, position, true);
        }
        sum.margin += self.pending_margin(|_| true);
        sum
    }

    /// What one owner is worth: its capital, what it earned, and what it holds.
    #[must_use]
    pub fn valuation_of(&self, owner: SubLedger) -> Valuation {
        let worker = owner.worker().and_then(|worker| self.state.workers.get(&worker));
        let capital = worker.map_or(Amount::ZERO, |worker| worker.terms.capital);
        let wallet = self.state.ledger.balance(owner, Bucket::Wallet, &self.state.settings.settle);
        let mut sum = Valuation { equity: capital + wallet, ..Valuation::default() };
        for ((holder, instrument), position) in &self.state.shares {
            if *holder == owner {
                self.add_position(&mut sum, *instrument, position, false);
            }
        }
        sum.margin += self.pending_margin(|it| it == owner);
        sum
    }

    /// The price at which the venue would liquidate a position if all other prices stood still;
    /// `None` when none would.
    #[must_use]
    pub fn liquidation_price(
        &self,
        instrument: InstrumentId,
        side: crate::order::PositionSide,
    ) -> Option<Price> {
        let listed = self.state.instruments.get(instrument)?;
        let position = self.state.position(instrument, side);
        let mut collateral = self.state.ledger.wallet(&self.state.settings.settle);
        let others = self.state.positions.iter().filter(|(key, _)| **key != (instrument, side));
        for ((id, _), other) in others {
            let Some(listed) = self.state.instruments.get(*id).filter(|it| it.is_contract()) else {
                continue;
            };
            if let Some(price) = self.price_of(listed, other) {
                collateral += other.unrealized(listed, price);
                collateral -= listed.maintenance_margin(other.notional(listed, price));
            }
        }
        liquidation_price(listed, &position, collateral)
    }

    /// What a position is valued at: the market, or its entry where nothing is known of that.
    fn price_of(&self, instrument: &Instrument, position: &Position) -> Option<Price> {
        let market = self.markets.get(instrument.id).valuation();
        market.or_else(|| position.average_entry(instrument))
    }

    fn add_position(
        &self,
        sum: &mut Valuation,
        id: InstrumentId,
        position: &Position,
        whole_account: bool,
    ) {
        let Some(instrument) = self.state.instruments.get(id) else {
            return;
        };
        let Some(price) = self.price_of(instrument, position) else {
            return;
        };
        let notional = position.notional(instrument, price);
        let unrealized = position.unrealized(instrument, price);
        sum.unrealized += unrealized;
        sum.margin += margin(notional, self.leverage_in_force(instrument));
        if instrument.kind == InstrumentKind::Spot {
            // The coins are part of the wallet in another asset; here they count in this one.
            sum.equity += notional;
            return;
        }
        sum.equity += unrealized;
        if whole_account {
            sum.maintenance += instrument.maintenance_margin(notional);
        }
    }

    pub(super) fn holding(
        &self,
        owner: Option<SubLedger>,
        id: InstrumentId,
        position_side: crate::order::PositionSide,
        position: &Position,
    ) -> Option<Holding> {
        let instrument = self.state.instruments.get(id).filter(|_| !position.is_flat())?;
        let mark = self.price_of(instrument, position);
        let notional = mark.map(|mark| position.notional(instrument, mark)).unwrap_or_default();
        let leverage = self.leverage_in_force(instrument);
        Some(Holding {
            owner,
            instrument: id,
            position_side,
            quantity: position.quantity,
            notional,
            entry: position.average_entry(instrument),
            mark,
            leverage,
            margin: margin(notional, leverage),
            unrealized: mark.map(|it| position.unrealized(instrument, it)).unwrap_or_default(),
            liquidation: None,
        })
    }

    fn pending_margin(&self, concerns: impl Fn(SubLedger) -> bool) -> Amount {
        self.pending(concerns, |instrument, notional| {
            margin(notional, self.leverage_in_force(instrument))
        })
    }

    /// Sums what entry orders that may still fill are worth, each counted as `count` says.
    fn pending(
        &self,
        concerns: impl Fn(SubLedger) -> bool,
        count: impl Fn(&Instrument, Amount) -> Amount,
    ) -> Amount {
        let orders = self.state.orders.values();
        orders
            .filter(|it| it.purpose == Purpose::Entry && concerns(it.owner))
            .filter_map(|it| {
                let request = &it.order.request;
                let instrument = self.state.instruments.get(request.instrument)?;
                let price = request.kind.limit_price()?;
                let notional = instrument.notional(price, it.order.remaining());
                Some(count(instrument, notional))
            })
            .sum()
    }

    /// The leverage that the venue confirmed for an instrument, or its default.
    pub(super) fn leverage_of(&self, instrument: InstrumentId) -> u32 {
        let confirmed = self.state.leverage.get(&instrument);
        confirmed.map_or(self.state.settings.default_leverage, |it| it.leverage)
    }

    fn leverage_in_force(&self, instrument: &Instrument) -> u32 {
        if instrument.is_contract() { self.leverage_of(instrument.id) } else { 1 }
    }

    /// The state of the world for one review of a wish to trade on `side`, where it names one.
    pub(super) fn risk_view<'a>(
        &'a self,
        now: Timestamp,
        owner: SubLedger,
        instrument: &'a Instrument,
        side: Option<Side>,
    ) -> RiskView<'a> {
        let own = self.valuation_of(owner);
        let all = self.valuation();
        let orders = self.order_figures(owner, instrument.id);
        let held = self.state.share(owner, instrument.id).side();
        let side = self.position_side_of(instrument.id, held.or(side) == Some(Side::Buy));
        RiskView {
            now,
            instrument,
            market: self.markets.get(instrument.id),
            average_true_range: self.range_of(instrument),
            ready: self.phase == Phase::Ready,
            journal_available: self.journal == JournalHealth::Available,
            kill_level: self.kill_level_of(owner),
            live: self.live_leave(all.equity),
            worker_equity: own.equity,
            worker_margin: own.margin,
            worker_position: self.state.share(owner, instrument.id),
            worker_pending: orders.pending,
            worker_exiting: orders.exiting,
            exit_failed_before: false,
            worker_positions: self.instruments_in_use(owner),
            worker_recent_orders: self.recent_orders_of(owner, now),
            worker_open_orders: orders.open,
            account_equity: all.equity,
            account_margin: all.margin,
            account_maintenance: all.maintenance,
            account_position: self.state.position(instrument.id, side),
            drawdown: self.drawdown(all.equity),
            daily_loss: self.daily_loss(all.equity),
            leverage: self.leverage_in_force(instrument),
            leverage_is_free: orders.instrument_is_free
                && self.state.holders(instrument.id).next().is_none(),
            others_side: self.others_side(owner, instrument.id),
            own_best_bid: orders.best_bid,
            own_best_ask: orders.best_ask,
        }
    }

    fn live_leave(&self, equity: Amount) -> Option<LiveLeave> {
        (self.state.settings.mode == AccountMode::Live).then(|| LiveLeave {
            allowed: self.live_allowed,
            arming: self.state.arming,
            notional: self.notional(),
            lost_today: (self.state.equity.day_start - equity).max(Amount::ZERO),
        })
    }

    /// What all positions and entry orders are worth together.
    fn notional(&self) -> Amount {
        let held = self.state.positions.iter().filter_map(|((id, _), position)| {
            let instrument = self.state.instruments.get(*id)?;
            Some(position.notional(instrument, self.price_of(instrument, position)?))
        });
        held.sum::<Amount>() + self.pending(|_| true, |_, notional| notional)
    }

    fn drawdown(&self, equity: Amount) -> Rate {
        let high = self.state.equity.high_water.max(equity);
        (high - equity).ratio(high, Rounding::Ceiling).unwrap_or(Rate::ONE).max(Rate::ZERO)
    }

    /// Deepest fall below the high-water mark since this account was restored, by minutes.
    #[must_use]
    pub fn deepest_drawdown(&self) -> Rate {
        self.deepest_drawdown
    }

    fn daily_loss(&self, equity: Amount) -> Rate {
        let start = self.state.equity.day_start;
        if self.state.equity.day.is_none() {
            return Rate::ZERO;
        }
        (start - equity).ratio(start, Rounding::Ceiling).unwrap_or(Rate::ONE).max(Rate::ZERO)
    }

    fn recent_orders_of(&self, owner: SubLedger, now: Timestamp) -> u32 {
        let recent = owner.worker().and_then(|worker| self.recent_orders.get(&worker));
        // Oldest first, so that the first one that counts is found without looking at each.
        let count = recent.map_or(0, |recent| {
            recent.len() - recent.partition_point(|at| now - *at >= Span::minutes(1))
        });
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn instruments_in_use(&self, owner: SubLedger) -> u32 {
        let held = self.state.shares.keys().filter(|(holder, _)| *holder == owner);
        let mut used: Vec<_> = held.map(|(_, instrument)| *instrument).collect();
        let entering = self
            .state
            .orders
            .values()
            .filter(|it| it.owner == owner && it.purpose == Purpose::Entry);
        used.extend(entering.map(|it| it.order.request.instrument));
        used.sort_unstable();
        used.dedup();
        u32::try_from(used.len()).unwrap_or(u32::MAX)
    }

    /// The side that others hold or enter, where long and short are netted.
    fn others_side(&self, owner: SubLedger, instrument: InstrumentId) -> Option<Side> {
        if self.state.settings.position_mode == crate::venue::PositionMode::Hedge {
            return None;
        }
        let held = self.state.holders(instrument).find(|(holder, _)| *holder != owner);
        held.and_then(|(_, position)| position.side()).or_else(|| {
            let mut orders = self.state.orders.values();
            let entering = orders.find(|it| {
                it.purpose == Purpose::Entry
                    && it.owner != owner
                    && it.order.request.instrument == instrument
            });
            entering.map(|it| it.order.request.side)
        })
    }

    fn order_figures(&self, owner: SubLedger, instrument: InstrumentId) -> OrderFigures {
        let mut figures = OrderFigures { instrument_is_free: true, ..OrderFigures::default() };
        for entry in self.state.orders.values() {
            figures.open += u32::from(entry.owner == owner);
            let request = &entry.order.request;
            if request.instrument != instrument {
                continue;
            }
            figures.instrument_is_free = false;
            let remaining = entry.order.remaining();
            match entry.purpose {
                Purpose::Entry if entry.owner == owner => {
                    figures.pending += Quantity(request.side.sign() * remaining.0);
                }
                Purpose::ExitLimit if entry.owner == owner => figures.exiting += remaining,
                _ => {}
            }
            if let Some(price) = request.kind.limit_price() {
                match request.side {
                    Side::Buy => figures.best_bid = figures.best_bid.max(Some(price)),
                    Side::Sell => {
                        let best = figures.best_ask.map_or(price, |best| best.min(price));
                        figures.best_ask = Some(best);
                    }
                }
            }
        }
        figures
    }

    fn range_of(&self, instrument: &Instrument) -> Option<Price> {
        let range = self.ranges.get(&instrument.id)?.value()?;
        let mantissa = range * 10_f64.powi(i32::from(instrument.price_decimals));
        (mantissa.is_finite() && mantissa >= 1.0).then_some(Price(mantissa as i64))
    }

    /// Takes in what is neither price nor depth: changed filters, and hourly candles for ranges.
    pub(super) fn take_reference_data(&mut self, step: &mut Step<'_>, event: &MarketEvent) {
        match &event.data {
            MarketData::InstrumentChanged(instrument) => {
                let known = self.state.instruments.get(instrument.id);
                if known != Some(instrument) {
                    self.record(step, AccountEvent::InstrumentChanged(instrument.clone()));
                }
            }
            MarketData::CandleClosed { timeframe: Timeframe::OneHour, candle } => {
                let Some(listed) = self.state.instruments.get(event.instrument) else {
                    return;
                };
                let decimals = listed.price_decimals;
                let Ok(new) = Atr::new(RANGE_PERIOD) else {
                    return;
                };
                let range = self.ranges.entry(event.instrument).or_insert(new);
                let float = |price: Price| price.to_f64(decimals);
                range.update(float(candle.high), float(candle.low), float(candle.close));
            }
            _ => {}
        }
    }

    /// Notes equity at the start of each UTC day and at new highs, at most once a minute.
    pub(super) fn note_equity(&mut self, step: &mut Step<'_>) {
        let minute = step.now.floor(Span::minutes(1));
        if self.equity_noted == minute || self.phase == Phase::Idle {
            return;
        }
        self.equity_noted = minute;
        let equity = self.valuation().equity;
        if self.state.equity.day.is_some() {
            self.deepest_drawdown = self.deepest_drawdown.max(self.drawdown(equity));
        }
        let marks = self.state.equity;
        let day = step.now.day();
        let new_day = marks.day != Some(day);
        if !new_day && equity <= marks.high_water {
            return;
        }
        let high_water = marks.high_water.max(equity);
        let day_start = if new_day { equity } else { marks.day_start };
        self.record(step, AccountEvent::EquityMarked { equity, high_water, day, day_start });
    }
}

#[derive(Default)]
struct OrderFigures {
    open: u32,
    pending: Quantity,
    exiting: Quantity,
    instrument_is_free: bool,
    best_bid: Option<Price>,
    best_ask: Option<Price>,
}

fn margin(notional: Amount, leverage: u32) -> Amount {
    notional.share(1, i128::from(leverage.max(1)), Rounding::Up)
}
