//! The history a made-up market is born with.

use banyan_core::instrument::InstrumentId;
use banyan_core::market::{Candle, Resampler};
use banyan_core::time::{DAY, Span, Timeframe, Timestamp};
use banyan_matching::market::{Market, MarketChange};
use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};

use crate::{at, take};

/// Half past ten and some seconds, so that minutes, hours and days are all cut.
fn start() -> Timestamp {
    at(((10 * 60 + 30) * 60 + 17) * 1_000)
}

fn market(seed: u64) -> SyntheticMarket {
    SyntheticMarket::new(&SyntheticSettings::new(seed, start())).unwrap()
}

fn ids(market: &SyntheticMarket) -> impl Iterator<Item = InstrumentId> + use<> {
    (0..market.instruments().len() as u32).map(InstrumentId)
}

#[test]
fn ninety_days_are_there_at_every_timeframe() {
    let market = market(1);
    for timeframe in Timeframe::ALL {
        let candles = market.history(InstrumentId(1), timeframe, usize::MAX);
        let first = at(0) - Span(90 * DAY);
        let end = start().floor(timeframe.span());
        let count = (end - first).0 / timeframe.span().0;
        assert_eq!(candles.len() as i64, count, "{timeframe}");
        assert_eq!(candles[0].open_time, first);
        let apart = |pair: &[Candle]| pair[1].open_time - pair[0].open_time;
        assert!(candles.windows(2).all(|pair| apart(pair) == timeframe.span()));
    }
}

#[test]
fn the_newest_candles_do_not_depend_on_how_many_are_asked_for() {
    let market = market(2);
    for timeframe in Timeframe::ALL {
        let long = market.history(InstrumentId(4), timeframe, 80);
        assert_eq!(long.len(), 80);
        for limit in [0, 1, 7, 60] {
            let short = market.history(InstrumentId(4), timeframe, limit);
            assert_eq!(short, long[80 - limit..], "{timeframe} {limit}");
        }
    }
}

#[test]
fn longer_candles_are_made_of_the_minutes() {
    let market = market(3);
    let minutes = market.history(InstrumentId(2), Timeframe::OneMinute, usize::MAX);
    for timeframe in &Timeframe::ALL[1..] {
        let mut resampler = Resampler::new(Timeframe::OneMinute, *timeframe).unwrap();
        let made: Vec<_> = minutes.iter().flat_map(|minute| resampler.push(minute)).collect();
        assert_eq!(market.history(InstrumentId(2), *timeframe, usize::MAX), made, "{timeframe}");
    }
}

#[test]
fn every_candle_opens_where_the_one_before_closed() {
    let market = market(4);
    for id in ids(&market) {
        let tick = market.instruments().get(id).unwrap().filters.tick.0;
        let candles = market.history(id, Timeframe::OneMinute, 5_000);
        assert!(candles.windows(2).all(|pair| pair[0].close == pair[1].open));
        for candle in candles {
            let Candle { open, high, low, close, volume, .. } = candle;
            assert!(low <= open.min(close) && open.max(close) <= high);
            assert!(low.is_positive() && volume.is_positive());
            assert!([open, high, low, close].iter().all(|price| price.0 % tick == 0));
        }
    }
}

#[test]
fn the_market_goes_on_where_the_past_ended() {
    let mut market = market(5);
    let last: Vec<_> =
        ids(&market).map(|id| market.history(id, Timeframe::OneMinute, 1)[0]).collect();
    let steps = take(&mut market, 20_000);
    for id in ids(&market) {
        let next = steps.iter().filter(|step| step.instrument == id);
        let next = next.into_iter().find_map(|step| match step.change {
            MarketChange::CandleClosed { candle, .. } => Some(candle),
            _ => None,
        });
        let (last, next) = (last[id.0 as usize], next.unwrap());
        assert_eq!(next.open, last.close);
        assert_eq!(next.open_time, last.open_time + Span::minutes(1));
    }
}

#[test]
fn calm_minutes_of_the_past_stay_within_a_percent() {
    let market = market(6);
    let (mut calm, mut wild) = (0.0_f64, 0.0_f64);
    for id in ids(&market) {
        for candle in market.history(id, Timeframe::OneMinute, usize::MAX) {
            let range = (candle.high.0 - candle.low.0) as f64 / candle.open.0 as f64;
            let regime = market.regime_at(id, candle.open_time).unwrap();
            let largest = if regime.is_wild() { &mut wild } else { &mut calm };
            *largest = largest.max(range);
        }
    }
    assert!(calm > 0.002 && calm < 0.01, "{calm}");
    assert!(wild > 0.005, "{wild}");
}

#[test]
fn the_past_follows_from_the_seed() {
    let of = |seed| market(seed).history(InstrumentId(0), Timeframe::OneHour, 50);
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}
