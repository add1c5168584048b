//! Observed markets: closed candles in, exact numbers out, and what is left out.

use banyan_core::decision::MarketSnapshot;
use banyan_core::indicators::{Atr, Ema, Macd, Rsi};
use banyan_core::instrument::TradingStatus;
use banyan_core::market::{Candle, MarketData};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::prompt::{Indicators, Observer};
use banyan_core::time::{Span, Timeframe, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::desk::{BTC, Desk, ETH, MIDNIGHT, candle, listed, price, rising};

const HOURS: [Timeframe; 2] = [Timeframe::FourHours, Timeframe::OneHour];

fn observer(timeframes: &[Timeframe]) -> Observer {
    let listed = listed();
    let instruments: Vec<_> = listed.iter().collect();
    Observer::new(timeframes, &Indicators::default(), &instruments)
}

fn feed(observer: &mut Observer, timeframe: Timeframe, candles: &[Candle]) {
    for candle in candles {
        observer.observe(BTC, timeframe, candle);
    }
}

/// A desk and an observer of one timeframe whose market rises to 50,000.
fn risen(timeframe: Timeframe, count: i64) -> (Desk, Observer) {
    let mut desk = Desk::new();
    desk.quote(BTC, 50_000);
    let mut observer = observer(&[timeframe]);
    feed(&mut observer, timeframe, &rising(timeframe, MIDNIGHT, count, 50_000));
    (desk, observer)
}

fn market(desk: &Desk, observer: &Observer) -> Result<MarketSnapshot, String> {
    let instrument = desk.instruments.get(BTC).unwrap();
    observer.market(instrument, &desk.view()).map_err(|omitted| omitted.reason)
}

fn value(market: &MarketSnapshot, timeframe: usize, name: &str) -> Option<Decimal> {
    let found = market.timeframes[timeframe].indicators.iter().find(|it| it.0 == name);
    found.map(|it| it.1)
}

#[test]
fn a_market_is_shown_with_its_prices_minimums_and_fees() {
    let (mut desk, mut observer) = risen(Timeframe::OneHour, 40);
    observer.funding(BTC, Rate::from_basis_points(1));
    desk.now = MIDNIGHT + Span::seconds(10);
    desk.quote(BTC, 50_100);
    let market = market(&desk, &observer).unwrap();
    assert_eq!(market.symbol.to_string(), "BTC/USDT:USDT");
    assert_eq!(market.price, Decimal::from(50_100));
    assert_eq!(market.bid, Some(Decimal::new(500_999, 1)));
    assert_eq!(market.ask, Some(Decimal::new(501_001, 1)));
    assert_eq!(market.funding_rate, Some(Rate::from_basis_points(1)));
    assert_eq!(market.taker_fee, Rate::from_basis_points(5));
    assert_eq!(market.min_quantity, Decimal::new(1, 3));
    // A thousandth of a coin is worth more than the five dollars that the filter names.
    assert_eq!(market.min_notional, Amount::from_decimal(Decimal::new(50_11, 2)).unwrap());
}

#[test]
fn indicators_are_those_of_the_closed_candles() {
    let (desk, observer) = risen(Timeframe::OneHour, 60);
    let market = market(&desk, &observer).unwrap();
    let (mut fast, mut slow) = (Ema::new(9).unwrap(), Ema::new(21).unwrap());
    let (mut rsi, mut atr) = (Rsi::new(14).unwrap(), Atr::new(14).unwrap());
    let mut macd = Macd::new(12, 26, 9).unwrap();
    for it in rising(Timeframe::OneHour, MIDNIGHT, 60, 50_000) {
        let close = it.close.to_f64(1);
        fast.update(close);
        slow.update(close);
        rsi.update(close);
        macd.update(close);
        atr.update(it.high.to_f64(1), it.low.to_f64(1), close);
    }
    let macd = macd.value().unwrap();
    for (name, expected) in [
        ("ema_9", fast.value().unwrap()),
        ("ema_21", slow.value().unwrap()),
        ("rsi_14", rsi.value().unwrap()),
        ("atr_14", atr.value().unwrap()),
        ("macd", macd.line),
        ("macd_signal", macd.signal),
        ("macd_histogram", macd.histogram),
    ] {
        let shown = value(&market, 0, name).unwrap().to_f64().unwrap();
        assert!((shown - expected).abs() <= 0.005, "{name}: {shown}, {expected}");
    }
    let signals = &market.timeframes[0].signals;
    assert!(signals.contains(&("ema".to_owned(), "bullish".to_owned())));
    assert!(signals.contains(&("rsi".to_owned(), "overbought".to_owned())));
}

#[test]
fn an_indicator_that_saw_too_little_is_not_shown() {
    let (desk, observer) = risen(Timeframe::OneHour, 14);
    let market = market(&desk, &observer).unwrap();
    assert!(value(&market, 0, "ema_9").is_some());
    for name in ["ema_21", "rsi_14", "atr_14", "macd"] {
        assert_eq!(value(&market, 0, name), None, "{name}");
    }
    assert!(market.timeframes[0].signals.is_empty());
}

#[test]
fn the_last_candles_are_shown_as_they_were() {
    let (desk, observer) = risen(Timeframe::OneHour, 40);
    let candles = market(&desk, &observer).unwrap().timeframes.remove(0).candles;
    assert_eq!(candles.len(), 6);
    let last = candles.last().unwrap();
    assert_eq!(last.open_time, MIDNIGHT - Span::minutes(60));
    assert_eq!((last.open, last.close), (Decimal::from(49_999), Decimal::from(50_000)));
    assert_eq!((last.high, last.low), (Decimal::from(50_005), Decimal::from(49_995)));
    assert_eq!(last.volume, Decimal::new(25, 1));
    assert!(candles.windows(2).all(|it| it[0].open_time < it[1].open_time));
}

#[test]
fn a_candle_counts_once_and_only_in_order() {
    let (desk, mut observer) = risen(Timeframe::OneHour, 40);
    let before = observer.clone();
    feed(&mut observer, Timeframe::OneHour, &rising(Timeframe::OneHour, MIDNIGHT, 40, 60_000));
    // Not its own: a timeframe and an instrument that nobody asked for.
    observer.observe(BTC, Timeframe::OneMinute, &candle(MIDNIGHT, 1));
    observer.observe(
        banyan_core::instrument::InstrumentId(9),
        Timeframe::OneHour,
        &candle(MIDNIGHT, 1),
    );
    assert_eq!(observer, before);
    observer.observe(BTC, Timeframe::OneHour, &candle(MIDNIGHT, 50_001));
    assert_ne!(observer, before);
    assert!(market(&desk, &observer).is_ok());
}

#[test]
fn timeframes_come_from_the_shortest_to_the_longest() {
    let mut desk = Desk::new();
    desk.quote(BTC, 50_000);
    let mut observer = observer(&HOURS);
    for timeframe in HOURS {
        feed(&mut observer, timeframe, &rising(timeframe, MIDNIGHT, 30, 50_000));
    }
    let market = market(&desk, &observer).unwrap();
    let order: Vec<_> = market.timeframes.iter().map(|it| it.timeframe).collect();
    assert_eq!(order, [Timeframe::OneHour, Timeframe::FourHours]);
}

#[test]
fn what_cannot_be_trusted_is_left_out_and_why() {
    let reason = |desk: &Desk, observer: &Observer| market(desk, observer).unwrap_err();
    let (mut desk, observer) = risen(Timeframe::OneHour, 40);
    assert!(market(&desk, &observer).is_ok());

    // Nobody told a price.
    assert_eq!(reason(&Desk::new(), &observer), "no_price");
    // Nothing was heard for longer than the limit.
    desk.now = MIDNIGHT + Span::seconds(30);
    assert!(market(&desk, &observer).is_ok());
    desk.now = MIDNIGHT + Span::seconds(31);
    assert_eq!(reason(&desk, &observer), "stale");
    // Prices go on, and candles do not.
    desk.now = MIDNIGHT + Span::minutes(120);
    desk.quote(BTC, 50_000);
    assert!(market(&desk, &observer).is_ok());
    desk.now = MIDNIGHT + Span::minutes(121);
    desk.quote(BTC, 50_000);
    assert_eq!(reason(&desk, &observer), "stale");
    // No candle was ever closed.
    let (mut desk, observer) = risen(Timeframe::OneHour, 0);
    assert_eq!(reason(&desk, &observer), "no_candles");
    // The venue takes no orders.
    let mut halted = (**desk.instruments.get(BTC).unwrap()).clone();
    halted.filters.status = TradingStatus::Halted;
    desk.instruments.put(halted.into());
    assert_eq!(reason(&desk, &observer), "closed");
}

#[test]
fn markets_are_told_in_the_order_of_the_strategy() {
    let (mut desk, observer) = risen(Timeframe::OneHour, 40);
    let (shown, omitted) = observer.markets(&desk.view());
    assert_eq!(shown.iter().map(|it| it.instrument).collect::<Vec<_>>(), [BTC]);
    assert_eq!(omitted.len(), 1);
    assert_eq!((omitted[0].symbol.to_string(), omitted[0].reason.as_str()), {
        ("ETH/USDT:USDT".to_owned(), "no_price")
    });
    desk.quote(ETH, 3_000);
    assert_eq!(observer.markets(&desk.view()).1[0].reason, "no_candles");
}

#[test]
fn the_change_of_a_day_is_against_the_close_a_day_ago() {
    let (mut desk, observer) = risen(Timeframe::OneHour, 40);
    desk.quote(BTC, 50_976);
    // 24 hours ago the candle closed at 49,976.
    let change = market(&desk, &observer).unwrap().change_24h.unwrap();
    assert_eq!(change, Rate(200_096_046));
    let (desk, observer) = risen(Timeframe::OneHour, 20);
    assert_eq!(market(&desk, &observer).unwrap().change_24h, None);
    // Days are too coarse to tell what was 24 hours ago.
    let (desk, observer) = risen(Timeframe::OneDay, 20);
    assert_eq!(market(&desk, &observer).unwrap().change_24h, None);
}

#[test]
fn after_a_long_gap_averages_begin_anew() {
    let (mut desk, mut observer) = risen(Timeframe::OneHour, 60);
    let gap = |hours: i64| candle(MIDNIGHT + Span::minutes(60 * hours), 60_000);
    let mut short = observer.clone();
    short.observe(BTC, Timeframe::OneHour, &gap(6));
    observer.observe(BTC, Timeframe::OneHour, &gap(7));
    desk.now = MIDNIGHT + Span::minutes(60 * 8);
    desk.quote(BTC, 60_000);
    assert!(value(&market(&desk, &short).unwrap(), 0, "ema_21").is_some());
    let market = market(&desk, &observer).unwrap();
    assert_eq!(value(&market, 0, "ema_21"), None);
    assert_eq!(market.timeframes[0].candles.len(), 1);
}

#[test]
fn enough_of_the_past_is_asked_for() {
    let observer = observer(&HOURS);
    // Three times the 35 candles of the moving averages' convergence, and a day of hours.
    assert_eq!(observer.candles_needed(Timeframe::FourHours), 105);
    assert_eq!(observer.candles_needed(Timeframe::OneHour), 105);
    assert_eq!(observer.candles_needed(Timeframe::OneMinute), 0);
    let quarter = self::observer(&[Timeframe::FiveMinutes]);
    assert_eq!(quarter.candles_needed(Timeframe::FiveMinutes), 301);
    let (desk, observer) = {
        let needed = i64::try_from(quarter.candles_needed(Timeframe::FiveMinutes)).unwrap();
        risen(Timeframe::FiveMinutes, needed)
    };
    assert!(market(&desk, &observer).unwrap().change_24h.is_some());
}

#[test]
fn a_saved_observer_goes_on_where_it_was_and_stays_small() {
    let mut observer = observer(&HOURS);
    let past = rising(Timeframe::OneHour, MIDNIGHT, 3_000, 50_000);
    feed(&mut observer, Timeframe::OneHour, &past[..1_500]);
    let early = postcard::to_stdvec(&observer).unwrap();
    let mut restored: Observer = postcard::from_bytes(&early).unwrap();
    assert_eq!(restored, observer);
    feed(&mut observer, Timeframe::OneHour, &past[1_500..]);
    feed(&mut restored, Timeframe::OneHour, &past[1_500..]);
    assert_eq!(restored, observer);
    let late = postcard::to_stdvec(&observer).unwrap();
    assert!(late.len() < early.len() + 64, "{} after {}", late.len(), early.len());
}

#[test]
fn nothing_of_an_open_candle_is_shown() {
    // The market jumps after the last candle was closed: prices show it, nothing else does.
    let (mut desk, observer) = risen(Timeframe::OneHour, 60);
    let before = market(&desk, &observer).unwrap();
    desk.now = Timestamp(MIDNIGHT.0 + 1);
    desk.tell(BTC, MarketData::Mark(price(90_000)));
    let after = market(&desk, &observer).unwrap();
    assert_eq!(after.price, Decimal::from(90_000));
    assert_eq!(after.timeframes, before.timeframes);
}

/// Candles as a broken source might tell them: any price, any order, any gap.
fn any_candles() -> impl Strategy<Value = Vec<(bool, Candle)>> {
    let price = prop_oneof![1_i64..1_000_000, Just(i64::MAX), Just(i64::MIN + 1), Just(0)];
    let hours = prop_oneof![0_i64..200, -1_000_000_i64..1_000_000];
    let candle = (hours, [price.clone(), price.clone(), price.clone(), price], any::<u32>());
    let candle = candle.prop_map(|(hour, [open, high, low, close], volume)| Candle {
        open_time: MIDNIGHT + Span::minutes(60 * hour),
        open: Price(open),
        high: Price(high),
        low: Price(low),
        close: Price(close),
        volume: Quantity(volume.into()),
    });
    prop::collection::vec((any::<bool>(), candle), 0..120)
}

proptest! {
    #[test]
    fn whatever_candles_come_the_observer_stays_bounded_and_goes_on(candles in any_candles()) {
        let mut desk = Desk::new();
        let mut observer = observer(&HOURS);
        for (long, candle) in &candles {
            observer.observe(BTC, HOURS[usize::from(!long)], candle);
        }
        prop_assert!(postcard::to_stdvec(&observer).unwrap().len() < 8_192);
        let newest = candles.iter().map(|(_, candle)| candle.open_time).max();
        desk.now = newest.unwrap_or(MIDNIGHT) + Span::minutes(60);
        desk.quote(BTC, 50_000);
        if let Ok(market) = market(&desk, &observer) {
            let shown = market.timeframes.iter().flat_map(|it| &it.candles);
            prop_assert!(shown.clone().count() <= 12);
            prop_assert!(shown.clone().all(|it| it.open_time < desk.now));
        }
    }
}
