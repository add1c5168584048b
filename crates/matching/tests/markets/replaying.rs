//! In which order and how recordings are played.

use banyan_core::instrument::InstrumentId;
use banyan_core::market::Candle;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_matching::market::{Level, Market, MarketChange, MarketStep};
use banyan_matching::replay::{DataProblem, Recording, ReplayMarket, ReplaySettings};

use crate::{NEW_YEAR, at, recording, take};

const BTC: InstrumentId = InstrumentId(0);

fn candles(file: &str, first_minute: i64, rows: &[&str]) -> Recording {
    let rows = rows.iter().zip(first_minute..);
    let lines = rows.map(|(row, minute)| format!("\n{},{row}", NEW_YEAR + minute * 60_000));
    let text = "open_time,open,high,low,close,volume".to_owned() + &lines.collect::<String>();
    recording(&text, file)
}

/// `count` candles of one minute whose prices rise by one from 100.
fn rising(file: &str, first_minute: i64, count: i64) -> Recording {
    let row = |n: i64| format!("{n},{},{},{},1.5", n + 2, n - 1, n + 1);
    let rows: Vec<_> = (100..100 + count).map(row).collect();
    candles(file, first_minute, &rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn market(recordings: &[Recording]) -> ReplayMarket {
    ReplayMarket::new(recordings, &ReplaySettings::default()).unwrap()
}

fn all(recordings: &[Recording]) -> Vec<MarketStep> {
    take(&mut market(recordings), usize::MAX)
}

/// Time after the new year in milliseconds, price and aggressor of every print.
fn prints(steps: &[MarketStep]) -> Vec<(i64, i64, Side)> {
    let print = |step: &MarketStep| match step.change {
        MarketChange::Print { price, aggressor, .. } => {
            Some((step.time.milliseconds() - NEW_YEAR, price.0, aggressor))
        }
        _ => None,
    };
    steps.iter().filter_map(print).collect()
}

fn closed(steps: &[MarketStep]) -> Vec<(Timestamp, Timeframe, Candle)> {
    let close = |step: &MarketStep| match step.change {
        MarketChange::CandleClosed { timeframe, candle } => Some((step.time, timeframe, candle)),
        _ => None,
    };
    steps.iter().filter_map(close).collect()
}

fn name(change: &MarketChange) -> &'static str {
    match change {
        MarketChange::Depth { .. } => "depth",
        MarketChange::Taker { .. } => "taker",
        MarketChange::Print { .. } => "print",
        MarketChange::Mark(_) => "mark",
        MarketChange::Funding(_) => "funding",
        MarketChange::CandleClosed { .. } => "closed",
        MarketChange::Instrument(_) => "instrument",
    }
}

#[test]
fn a_rising_candle_visits_its_low_first_and_a_falling_one_its_high() {
    let rows = ["100,105,95,102,7", "102,104,90,91,7"];
    let steps = all(&[candles("WIF-USDT-PERP-1m.csv", 0, &rows)]);
    use Side::{Buy, Sell};
    let expected = [
        (0, 100, Buy),
        (15_000, 95, Sell),
        (30_000, 105, Buy),
        (59_999, 102, Sell),
        (60_000, 102, Buy),
        (75_000, 104, Buy),
        (90_000, 90, Sell),
        (119_999, 91, Buy),
    ];
    assert_eq!(prints(&steps), expected);
    let names: Vec<_> = steps[..9].iter().map(|step| name(&step.change)).collect();
    let pair = ["depth", "print"];
    assert_eq!(names, [&pair[..], &pair, &pair, &pair, &["closed"]].concat());
}

#[test]
fn a_candle_is_closed_at_its_end_as_it_was_recorded() {
    let steps = all(&[candles("BTC-USDT-PERP-1m.csv", 0, &["46319.0,46385.5,46319.0,46377,7.25"])]);
    let candle = Candle {
        open_time: at(0),
        open: Price(4_631_900),
        high: Price(4_638_550),
        low: Price(4_631_900),
        close: Price(4_637_700),
        volume: Quantity(7_250),
    };
    assert_eq!(closed(&steps), [(at(60_000), Timeframe::OneMinute, candle)]);
}

#[test]
fn candle_prints_reach_everything_and_have_a_book_around_them() {
    let settings = ReplaySettings {
        half_spread_ticks: 3,
        levels: 2,
        level_notional: Amount::from_units(10_000),
        warmup_candles: 0,
    };
    let recording = candles("BTC-USDT-PERP-1m.csv", 0, &["40000,40000,40000,40000,1"]);
    let mut market = ReplayMarket::new(&[recording], &settings).unwrap();
    let steps = take(&mut market, 2);
    let level = |price| Level { price: Price(price), quantity: Quantity(250) };
    assert_eq!(
        steps[0].change,
        MarketChange::Depth {
            bids: vec![level(3_999_970), level(3_999_960)],
            asks: vec![level(4_000_030), level(4_000_040)],
        }
    );
    assert!(matches!(steps[1].change, MarketChange::Print { quantity: None, .. }));
}

const TRADES: &str = "time,trade_id,price,quantity,buyer_maker\n\
    1640995201000,1,100.5,2.5,False\n1640995201000,2,100.7,1,True\n\
    1640995259999,3,100.1,1,1\n1640995380000,9,101,4,0\n";

#[test]
fn trades_are_printed_with_quantity_and_aggressor() {
    let steps = all(&[recording(TRADES, "WIF-USDT-trades.csv")]);
    use Side::{Buy, Sell};
    let expected = [(1_000, 1_005, Buy), (1_000, 1_007, Sell), (59_999, 1_001, Sell)];
    assert_eq!(prints(&steps)[..3], expected);
    let first = steps.iter().find_map(|step| match step.change {
        MarketChange::Print { quantity, .. } => quantity,
        _ => None,
    });
    assert_eq!(first, Some(Quantity(2_500)));
    assert_eq!(steps.iter().filter(|step| name(&step.change) == "depth").count(), 4);
}

#[test]
fn trades_become_minutes_without_holes() {
    let steps = all(&[recording(TRADES, "WIF-USDT-trades.csv")]);
    let seen: Vec<_> = closed(&steps)
        .into_iter()
        .map(|(time, _, it)| (time, it.open.0, it.high.0, it.low.0, it.close.0, it.volume.0))
        .collect();
    let expected = [
        (at(60_000), 1_005, 1_007, 1_001, 1_001, 4_500),
        (at(120_000), 1_001, 1_001, 1_001, 1_001, 0),
        (at(180_000), 1_001, 1_001, 1_001, 1_001, 0),
        (at(240_000), 1_010, 1_010, 1_010, 1_010, 4_000),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn quotes_take_the_place_of_the_made_book() {
    let quotes = "time,bid,bid_size,ask,ask_size\n\
        1640995201000,100.4,3,100.6,0\n1640995202000,100.4,3,100.6,2\n";
    let steps =
        all(&[recording(TRADES, "WIF-USDT-trades.csv"), recording(quotes, "WIF-USDT-quotes.csv")]);
    let names: Vec<_> = steps[..5].iter().map(|step| name(&step.change)).collect();
    assert_eq!(names, ["depth", "print", "print", "depth", "print"]);
    let level = |price, quantity| Level { price: Price(price), quantity: Quantity(quantity) };
    let one_sided = MarketChange::Depth { bids: vec![level(1_004, 3_000)], asks: vec![] };
    assert_eq!(steps[0].change, one_sided);
    assert_eq!(steps.iter().filter(|step| name(&step.change) == "depth").count(), 2);
}

#[test]
fn funding_is_settled_after_the_candle_that_ends_at_the_same_time() {
    let funding =
        format!("time,rate\n{},0.0001\n{},-0.00025\n", NEW_YEAR + 60_000, NEW_YEAR + 90_000);
    let steps = all(&[
        recording(&funding, "funding-WIF-USDT-PERP-8h.csv"),
        rising("WIF-USDT-PERP-1m.csv", 0, 2),
    ]);
    let of_interest: Vec<_> = steps
        .iter()
        .filter(|step| {
            matches!(step.change, MarketChange::Funding(_) | MarketChange::CandleClosed { .. })
        })
        .map(|step| (step.time, name(&step.change)))
        .collect();
    let expected = [
        (at(60_000), "closed"),
        (at(60_000), "funding"),
        (at(90_000), "funding"),
        (at(120_000), "closed"),
    ];
    assert_eq!(of_interest, expected);
    let rates: Vec<_> = steps
        .iter()
        .filter_map(|step| match step.change {
            MarketChange::Funding(rate) => Some(rate),
            _ => None,
        })
        .collect();
    assert_eq!(rates, [Rate(1_000_000), Rate(-2_500_000)]);
}

#[test]
fn instruments_are_merged_in_the_order_of_time_and_listed_as_they_came() {
    let recordings = [rising("ETH-USDT-PERP-1m.csv", 0, 3), rising("BTC-USDT-PERP-1m.csv", 1, 3)];
    let instruments = market(&recordings).instruments();
    let listed: Vec<_> = instruments.iter().map(|it| it.symbol.to_string()).collect();
    assert_eq!(listed, ["ETH/USDT:USDT", "BTC/USDT:USDT"]);
    let steps = all(&recordings);
    let at_one: Vec<_> = steps
        .iter()
        .filter(|step| step.time == at(60_000))
        .map(|step| (step.instrument.0, name(&step.change)))
        .collect();
    let expected = [(0, "closed"), (0, "depth"), (0, "print"), (1, "depth"), (1, "print")];
    assert_eq!(at_one, expected);
    assert_eq!(steps.len(), 6 * 9);
}

#[test]
fn files_of_one_symbol_continue_each_other() {
    let (january, february) =
        (rising("BTC-USDT-1m-01.csv", 0, 3), rising("BTC-USDT-1m-02.csv", 3, 2));
    let steps = all(&[february.clone(), january.clone()]);
    assert_eq!(closed(&steps).len(), 5);
    let problem = |recordings: &[Recording]| {
        let error = ReplayMarket::new(recordings, &ReplaySettings::default()).unwrap_err();
        (error.file, error.problem)
    };
    let gap = DataProblem::Gap { from: at(180_000), to: at(300_000), missing: 2 };
    let late = rising("BTC-USDT-1m-late.csv", 5, 2);
    assert_eq!(problem(&[january.clone(), late]), ("BTC-USDT-1m-late.csv".into(), gap));
    let overlapping = rising("BTC-USDT-1m-again.csv", 2, 3);
    let overlap = DataProblem::Overlap("BTC-USDT-1m-01.csv".into());
    assert_eq!(problem(&[january, overlapping]), ("BTC-USDT-1m-again.csv".into(), overlap));
}

#[test]
fn two_sources_of_prices_for_one_symbol_are_refused() {
    let recordings = [rising("WIF-USDT-1m.csv", 0, 3), recording(TRADES, "WIF-USDT-trades.csv")];
    let error = ReplayMarket::new(&recordings, &ReplaySettings::default()).unwrap_err();
    assert_eq!(error.problem, DataProblem::Incompatible("WIF-USDT-1m.csv".into()));
}

#[test]
fn data_finer_than_the_listing_are_played_exactly() {
    let market = market(&[candles("BTC-USDT-PERP-1m.csv", 0, &["40000,40001,39999,40000.125,1"])]);
    let instruments = market.instruments();
    let btc = instruments.get(BTC).unwrap();
    assert_eq!((btc.price_decimals, btc.filters.tick), (3, Price(1)));
}

fn warm(recordings: &[Recording], warmup_candles: usize) -> ReplayMarket {
    let settings = ReplaySettings { warmup_candles, ..Default::default() };
    ReplayMarket::new(recordings, &settings).unwrap()
}

#[test]
fn warm_up_candles_are_history_and_not_played() {
    let mut market = warm(&[rising("BTC-USDT-1m.csv", 0, 20)], 12);
    assert_eq!(market.next_at(), Some(at(12 * 60_000)));
    let minutes = market.history(BTC, Timeframe::OneMinute, 3);
    let times: Vec<_> = minutes.iter().map(|candle| candle.open_time).collect();
    assert_eq!(times, [at(9 * 60_000), at(10 * 60_000), at(11 * 60_000)]);
    let fives = market.history(BTC, Timeframe::FiveMinutes, 10);
    assert_eq!(fives.len(), 2);
    assert_eq!((fives[1].open_time, fives[1].open), (at(300_000), Price(10_500)));
    assert_eq!(fives[1].volume, Quantity(750_000));
    assert_eq!(market.history(InstrumentId(7), Timeframe::OneMinute, 3), []);
    assert_eq!(closed(&take(&mut market, usize::MAX)).len(), 8);
}

#[test]
fn history_holds_no_candle_of_which_the_beginning_is_missing() {
    let market = warm(&[rising("BTC-USDT-1m.csv", 3, 20)], 15);
    let fives = market.history(BTC, Timeframe::FiveMinutes, 10);
    let times: Vec<_> = fives.iter().map(|candle| candle.open_time).collect();
    assert_eq!(times, [at(300_000), at(600_000)]);
}

#[test]
fn no_history_reaches_beyond_the_first_step() {
    let recordings = [rising("BTC-USDT-1m.csv", 0, 30), rising("ETH-USDT-1m.csv", 5, 30)];
    let mut market = warm(&recordings, 10);
    let start = market.next_at().unwrap();
    assert_eq!(start, at(15 * 60_000));
    for id in [InstrumentId(0), InstrumentId(1)] {
        let history = market.history(id, Timeframe::OneMinute, 100);
        assert_eq!(history.last().unwrap().open_time + Span::minutes(1), start);
    }
    assert_eq!(market.history(InstrumentId(0), Timeframe::OneMinute, 100).len(), 15);
    assert_eq!(closed(&take(&mut market, usize::MAX)).len(), 15 + 20);
}

#[test]
fn without_warm_up_there_is_no_history_and_too_much_is_refused() {
    let recordings = [rising("BTC-USDT-1m.csv", 0, 5)];
    assert_eq!(market(&recordings).history(BTC, Timeframe::OneMinute, 10), []);
    let settings = ReplaySettings { warmup_candles: 5, ..Default::default() };
    let error = ReplayMarket::new(&recordings, &settings).unwrap_err();
    assert_eq!(error.problem, DataProblem::WarmupTooLong { candles: 5, warmup: 5 });
}
