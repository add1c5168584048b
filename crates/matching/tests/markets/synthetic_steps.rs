//! The steps of a made-up market.

use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::market::Candle;
use banyan_core::money::Rate;
use banyan_core::order::Side;
use banyan_core::symbol::Symbol;
use banyan_core::time::{HOUR, Span, Timeframe};
use banyan_matching::market::{Level, Market, MarketChange, MarketStep};
use banyan_matching::synthetic::{Regime, SyntheticMarket, SyntheticSettings};

use crate::{at, take};

fn settings(seed: u64) -> SyntheticSettings {
    SyntheticSettings { step: Span::seconds(5), ..SyntheticSettings::new(seed, at(0)) }
}

fn only(symbols: &[&str], settings: SyntheticSettings) -> SyntheticMarket {
    let symbols = symbols.iter().map(|symbol| symbol.parse().unwrap()).collect();
    SyntheticMarket::new(&SyntheticSettings { symbols, ..settings }).unwrap()
}

/// All steps of the first `hours`.
fn hours(market: &SyntheticSettings, hours: i64) -> Vec<MarketStep> {
    let end = Some(market.start + Span(hours * HOUR));
    let mut market = SyntheticMarket::new(&SyntheticSettings { end, ..market.clone() }).unwrap();
    take(&mut market, usize::MAX)
}

fn candles(steps: &[MarketStep], id: u32) -> Vec<Candle> {
    let of_id = steps.iter().filter(|step| step.instrument == InstrumentId(id));
    of_id
        .filter_map(|step| match step.change {
            MarketChange::CandleClosed { candle, .. } => Some(candle),
            _ => None,
        })
        .collect()
}

#[test]
fn six_symbols_are_listed_and_others_refused() {
    let market = SyntheticMarket::new(&settings(1)).unwrap();
    let symbols: Vec<_> = market.instruments().iter().map(|it| it.symbol.to_string()).collect();
    let expected = [
        "BTC/USDT:USDT",
        "ETH/USDT:USDT",
        "SOL/USDT:USDT",
        "XRP/USDT:USDT",
        "DOGE/USDT:USDT",
        "BTC/USDT",
    ];
    assert_eq!(symbols, expected);
    let unknown: Vec<Symbol> = vec!["ETH/BTC".parse().unwrap()];
    let settings = SyntheticSettings { symbols: unknown, ..settings(1) };
    let error = SyntheticMarket::new(&settings).unwrap_err();
    assert!(error.to_string().contains("ETH/BTC"), "{error}");
}

#[test]
fn the_same_seed_makes_the_same_market() {
    let of = |seed| take(&mut SyntheticMarket::new(&settings(seed)).unwrap(), 20_000);
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn an_instrument_does_not_depend_on_what_else_is_listed() {
    let all = hours(&settings(3), 1);
    let settings = SyntheticSettings { end: Some(at(3_600_000)), ..settings(3) };
    let mut alone = only(&["SOL/USDT:USDT"], settings);
    let alone = take(&mut alone, usize::MAX);
    let among: Vec<_> = all.iter().filter(|step| step.instrument == InstrumentId(2)).collect();
    assert_eq!(alone.len(), among.len());
    assert!(alone.iter().zip(among).all(|(one, other)| one.change == other.change));
}

fn check_side(instrument: &Instrument, levels: &[Level]) {
    assert!((5..=8).contains(&levels.len()), "{levels:?}");
    for level in levels {
        assert!(instrument.accepts_price(level.price), "{level:?}");
        assert!(level.quantity.is_positive());
        assert_eq!(level.quantity.0 % instrument.filters.step.0, 0);
    }
}

#[test]
fn books_and_orders_keep_the_rules_of_the_instrument() {
    let market = SyntheticMarket::new(&settings(4)).unwrap();
    let instruments = market.instruments();
    for step in hours(&settings(4), 6) {
        let instrument = instruments.get(step.instrument).unwrap();
        match step.change {
            MarketChange::Depth { bids, asks } => {
                check_side(instrument, &bids);
                check_side(instrument, &asks);
                assert!(bids.windows(2).all(|pair| pair[0].price > pair[1].price));
                assert!(asks.windows(2).all(|pair| pair[0].price < pair[1].price));
                assert!(bids[0].price < asks[0].price);
            }
            MarketChange::Taker { quantity, limit, .. } => {
                assert!(instrument.accepts_price(limit) && quantity.is_positive());
            }
            MarketChange::Mark(price) => {
                assert!(price.is_positive() && instrument.is_contract());
            }
            _ => {}
        }
    }
}

#[test]
fn takers_cross_the_spread_on_both_sides_with_sizes_of_a_heavy_tail() {
    let mut ask_and_bid = None;
    let (mut crossing, mut sizes, mut buys) = (0, Vec::new(), 0);
    let symbols = vec!["BTC/USDT:USDT".parse().unwrap()];
    for step in hours(&SyntheticSettings { symbols, ..settings(5) }, 24) {
        match step.change {
            MarketChange::Depth { bids, asks } => {
                ask_and_bid = Some((asks[0].price, bids[0].price));
            }
            MarketChange::Taker { side, quantity, limit } => {
                let (ask, bid) = ask_and_bid.unwrap();
                let crosses = if side == Side::Buy { limit >= ask } else { limit <= bid };
                crossing += usize::from(crosses);
                buys += usize::from(side == Side::Buy);
                sizes.push(quantity.0);
            }
            _ => {}
        }
    }
    sizes.sort_unstable();
    let share = buys as f64 / sizes.len() as f64;
    assert!((0.4..0.6).contains(&share), "{share}");
    assert_eq!(crossing, sizes.len());
    let median = sizes[sizes.len() / 2];
    assert!(sizes[sizes.len() - 1] > 50 * median);
}

#[test]
fn minutes_are_closed_on_time_and_without_holes() {
    let steps = hours(&settings(6), 3);
    for step in &steps {
        if let MarketChange::CandleClosed { timeframe, candle } = step.change {
            assert_eq!(timeframe, Timeframe::OneMinute);
            assert_eq!(step.time, candle.open_time + Span::minutes(1));
        }
    }
    for id in 0..6 {
        let minutes = candles(&steps, id);
        assert_eq!(minutes.len(), 180);
        assert!(minutes.windows(2).all(|pair| pair[0].close == pair[1].open));
        assert!(minutes.iter().all(|it| it.low <= it.open.min(it.close)));
        assert!(minutes.iter().any(|it| it.volume.is_positive()));
    }
}

#[test]
fn funding_is_settled_three_times_a_day_for_contracts_alone() {
    let mut seen = Vec::new();
    for step in hours(&settings(7), 48) {
        if let MarketChange::Funding(rate) = step.change {
            assert!(rate.abs() <= Rate::from_basis_points(30), "{rate}");
            assert_ne!(rate, Rate::ZERO);
            seen.push((step.instrument.0, (step.time - at(0)).0 / HOUR));
            assert_eq!(step.time.floor(Span(8 * HOUR)), step.time);
        }
    }
    for id in 0..6 {
        let times: Vec<_> = seen.iter().filter(|it| it.0 == id).map(|it| it.1).collect();
        let expected: &[i64] = if id == 5 { &[] } else { &[8, 16, 24, 32, 40, 48] };
        assert_eq!(times, expected);
    }
}

#[test]
fn a_funding_flip_changes_the_sign_every_time() {
    let settings = SyntheticSettings { regimes: vec![Regime::FundingFlip], ..settings(8) };
    let mut changes = 0;
    let rates: Vec<_> = hours(&settings, 96)
        .into_iter()
        .filter(|step| step.instrument == InstrumentId(0))
        .filter_map(|step| match step.change {
            MarketChange::Funding(rate) => Some(rate.0),
            _ => None,
        })
        .collect();
    for pair in rates.windows(2) {
        changes += usize::from(pair[0].signum() != pair[1].signum());
    }
    assert!(changes >= rates.len() / 2, "{rates:?}");
    assert!(rates.iter().all(|rate| rate.abs() >= Rate::from_basis_points(5).0));
}

#[test]
fn calm_minutes_stay_within_a_percent_and_wild_ones_need_not() {
    let (mut calm, mut wild) = (0.0_f64, 0.0_f64);
    for seed in 0..4 {
        let settings = settings(seed);
        let market = SyntheticMarket::new(&settings).unwrap();
        let steps = hours(&settings, 4 * 24);
        for id in 0..6 {
            for candle in candles(&steps, id) {
                let range = (candle.high.0 - candle.low.0) as f64 / candle.open.0 as f64;
                let regime = market.regime_at(InstrumentId(id), candle.open_time).unwrap();
                let largest = if regime.is_wild() { &mut wild } else { &mut calm };
                *largest = largest.max(range);
            }
        }
    }
    assert!(calm > 0.002 && calm < 0.01, "{calm}");
    assert!(wild > 0.01, "{wild}");
}

#[test]
fn every_regime_occurs_within_ninety_days_and_can_be_forced() {
    let market = SyntheticMarket::new(&settings(9)).unwrap();
    let hour = |hour: i64| at(0) + Span(hour * HOUR);
    let mut seen: Vec<_> =
        (0..90 * 24).filter_map(|n| market.regime_at(InstrumentId(1), hour(n))).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, Regime::ALL);
    let settings = SyntheticSettings { regimes: vec![Regime::Squeeze], ..settings(9) };
    let squeeze = SyntheticMarket::new(&settings).unwrap();
    let forced = |n| squeeze.regime_at(InstrumentId(0), hour(n)) == Some(Regime::Squeeze);
    assert!((0..1_000).all(forced));
}

#[test]
fn a_forced_crash_falls_within_the_hour() {
    let settings = SyntheticSettings { regimes: vec![Regime::Crash], ..settings(10) };
    let minutes = candles(&hours(&settings, 1), 0);
    let (first, last) = (minutes[0].open.0, minutes[minutes.len() - 1].close.0);
    assert!(last * 100 < first * 98, "{first} {last}");
}

#[test]
fn spot_follows_the_perpetual_with_a_small_basis() {
    let steps = hours(&settings(11), 24);
    let (perpetual, spot) = (candles(&steps, 0), candles(&steps, 5));
    let mut different = 0;
    for (one, other) in perpetual.iter().zip(&spot) {
        let basis = (one.close.0 - other.close.0) as f64 / one.close.0 as f64;
        assert!(basis.abs() < 0.0015, "{basis}");
        different += usize::from(one.close != other.close);
    }
    assert!(different > 1_000);
}

#[test]
fn a_market_ends_when_told_and_else_never() {
    let end = at(90_000);
    let mut market =
        SyntheticMarket::new(&SyntheticSettings { end: Some(end), ..settings(12) }).unwrap();
    let steps = take(&mut market, usize::MAX);
    assert!(steps.last().unwrap().time <= end);
    assert_eq!(market.next_step(), None);
    let mut endless = SyntheticMarket::new(&settings(12)).unwrap();
    assert_eq!(take(&mut endless, 100_000).len(), 100_000);
}

#[test]
fn a_start_within_a_minute_closes_that_minute_first() {
    let start = at(10_000) + Span(7);
    let settings = SyntheticSettings { start, ..settings(13) };
    let steps = hours(&settings, 1);
    assert!(steps.iter().all(|step| step.time >= start));
    assert_eq!(candles(&steps, 0)[0].open_time, at(0));
    assert_eq!(steps[0].time, start);
}
