//! What the parser accepts, and what it says of everything else.

use banyan_core::symbol::Symbol;
use banyan_core::time::Timeframe;
use banyan_matching::replay::{
    DataProblem, ParseOptions, RecordingKind, ReplayMarket, ReplaySettings, parse,
};
use proptest::prelude::*;

use crate::{NEW_YEAR, at, recording, take};

const CANDLES: &str = "open_time,open,high,low,close,volume";
const TRADES: &str = "time,trade_id,price,quantity,buyer_maker";
const QUOTES: &str = "time,bid,bid_size,ask,ask_size";
const FUNDING: &str = "time,rate";

/// The line and the problem of a file with this header and these rows, whose times are given as
/// milliseconds after the new year.
fn refusal(file: &str, header: &str, rows: &[&str]) -> (Option<usize>, DataProblem) {
    let shifted = rows.iter().map(|row| match row.split_once(',') {
        Some((time, rest)) => match time.parse::<i64>() {
            Ok(time) => format!("{},{rest}", time + NEW_YEAR),
            Err(_) => (*row).to_owned(),
        },
        None => (*row).to_owned(),
    });
    let text = std::iter::once(header.to_owned()).chain(shifted).collect::<Vec<_>>().join("\n");
    let error = parse(&text, file, &ParseOptions::default()).unwrap_err();
    assert_eq!(error.file, file);
    (error.line, error.problem)
}

#[test]
fn every_kind_is_known_by_its_header() {
    let cases = [
        (CANDLES, "1640995200000,1,2,1,2,0", RecordingKind::Candles(Timeframe::OneMinute)),
        (TRADES, "1640995200123,7,1.5,2e-06,True", RecordingKind::Trades),
        (QUOTES, "1640995200123,1.5,2,1.6,0", RecordingKind::Quotes),
        (FUNDING, "1640995200017,-0.0001", RecordingKind::Funding),
    ];
    for (header, row, kind) in cases {
        let recording = recording(&format!("{header}\n{row}\n"), "BTC-USDT-PERP-1m.csv");
        assert_eq!(recording.kind(), kind);
        assert_eq!(recording.rows(), 1);
        assert_eq!(recording.symbol().to_string(), "BTC/USDT:USDT");
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_accepted() {
    let text = format!("\u{feff}{FUNDING}\r\n1640995200000,0.0001\r\n1641024000000,0.0002\r\n\r\n");
    assert_eq!(recording(&text, "funding-XRP-USDT-PERP-8h.csv").rows(), 2);
}

#[test]
fn bad_headers_and_empty_files_are_refused() {
    let file = "BTC-USDT-1m.csv";
    let header = "time,price";
    assert_eq!(
        refusal(file, header, &["0,1"]),
        (Some(1), DataProblem::UnknownHeader(header.into()))
    );
    assert_eq!(refusal(file, "", &[]), (Some(1), DataProblem::UnknownHeader(String::new())));
    assert_eq!(refusal(file, CANDLES, &[]), (None, DataProblem::Empty));
}

/// Each row stands between two good ones and is refused for this reason.
fn refuse_candles(cases: &[(&str, DataProblem)]) {
    for (row, problem) in cases {
        let rows = ["0,10,12,9,11,5", row, "300000,10,12,9,11,5"];
        let refused = refusal("BTC-USDT-1m.csv", CANDLES, &rows);
        assert_eq!(refused, (Some(3), problem.clone()), "{row}");
    }
}

#[test]
fn unreadable_candles_are_refused_with_their_line() {
    use DataProblem as P;
    refuse_candles(&[
        ("60000,10,12,9,11", P::ColumnCount { expected: 6, found: 5 }),
        ("60000,10,12,9,11,5,6", P::ColumnCount { expected: 6, found: 7 }),
        ("", P::ColumnCount { expected: 6, found: 1 }),
        ("soon,10,12,9,11,5", P::NotANumber("soon".into())),
        ("60000,ten,12,9,11,5", P::NotANumber("ten".into())),
        ("60000,,12,9,11,5", P::NotANumber(String::new())),
        ("60000,10,NaN,9,11,5", P::NotFinite("NaN".into())),
        ("60000,10,12,-inf,11,5", P::NotFinite("-inf".into())),
        ("60000,10,1e40,9,11,5", P::OutOfRange("1e40".into())),
        ("9999999999999999,10,12,9,11,5", P::OutOfRange("10001640995199999".into())),
    ]);
}

#[test]
fn contradictory_candles_are_refused_with_their_line() {
    use DataProblem as P;
    let timeframe = Timeframe::OneMinute;
    refuse_candles(&[
        ("60000,10,12,0,11,5", P::NotPositive { column: "low" }),
        ("60000,-10,12,9,11,5", P::NotPositive { column: "open" }),
        ("60000,10,12,9,11,-5", P::Negative { column: "volume" }),
        ("60000,10,9,12,11,5", P::HighBelowLow),
        ("60000,13,12,9,11,5", P::OutsideRange { column: "open" }),
        ("60000,10,12,9,8,5", P::OutsideRange { column: "close" }),
        ("-60000,10,12,9,11,5", P::Unsorted { time: at(-60_000), previous: at(0) }),
        ("0,10,12,9,11,5", P::DuplicateTime(at(0))),
        ("60001,10,12,9,11,5", P::NotAligned { time: at(60_001), timeframe }),
        ("240000,10,12,9,11,5", P::Gap { from: at(60_000), to: at(240_000), missing: 3 }),
    ]);
}

#[test]
fn bad_trades_are_refused_with_their_line() {
    use DataProblem as P;
    let cases = [
        ("5,8,10,1", P::ColumnCount { expected: 5, found: 4 }),
        ("5,x,10,1,True", P::NotANumber("x".into())),
        ("5,8,0,1,True", P::NotPositive { column: "price" }),
        ("5,8,10,0,True", P::NotPositive { column: "quantity" }),
        ("5,8,10,1,yes", P::NotABoolean("yes".into())),
        ("4,8,10,1,True", P::Unsorted { time: at(4), previous: at(5) }),
        ("5,7,10,1,True", P::DuplicateTrade(7)),
        ("6,6,10,1,True", P::TradeOrder { id: 6, previous: 7 }),
    ];
    for (row, problem) in cases {
        let rows = ["5,7,10,1,False", row];
        assert_eq!(refusal("BTC-USDT.csv", TRADES, &rows), (Some(3), problem), "{row}");
    }
}

#[test]
fn bad_quotes_and_fundings_are_refused_with_their_line() {
    use DataProblem as P;
    let quotes = [
        ("5,10,1,10,1", P::Crossed),
        ("5,10,-1,11,1", P::Negative { column: "bid_size" }),
        ("5,0,1,11,1", P::NotPositive { column: "bid" }),
        ("3,10,1,11,1", P::Unsorted { time: at(3), previous: at(4) }),
    ];
    for (row, problem) in quotes {
        let rows = ["4,10,1,11,1", row];
        assert_eq!(refusal("BTC-USDT.csv", QUOTES, &rows), (Some(3), problem), "{row}");
    }
    let fundings = [
        ("4,0.1", P::DuplicateTime(at(4))),
        ("3,0.1", P::Unsorted { time: at(3), previous: at(4) }),
        ("5,1", P::OutOfRange("1".into())),
        ("5,-2.5", P::OutOfRange("-2.5".into())),
        ("5,nan", P::NotFinite("nan".into())),
    ];
    for (row, problem) in fundings {
        let rows = ["4,0.0001", row];
        assert_eq!(refusal("BTC-USDT-PERP.csv", FUNDING, &rows), (Some(3), problem), "{row}");
    }
}

#[test]
fn errors_name_file_line_and_reason() {
    let text = format!("{CANDLES}\n1640995200000,1,2,1,2,0\n1640995380000,1,2,1,2,0");
    let error = parse(&text, "x/BTC-USDT-1m.csv", &ParseOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "x/BTC-USDT-1m.csv, line 3: 2 candle(s) missing from 2022-01-01T00:01:00.000Z to \
         2022-01-01T00:03:00.000Z"
    );
}

#[test]
fn gaps_are_accepted_on_demand() {
    let text = format!("{CANDLES}\n1640995200000,1,2,1,2,0\n1640995380000,1,2,1,2,0");
    let options = ParseOptions { allow_gaps: true, ..Default::default() };
    assert_eq!(parse(&text, "BTC-USDT-1m.csv", &options).unwrap().rows(), 2);
}

#[test]
fn the_timeframe_comes_from_options_name_or_spacing() {
    let text = format!("{CANDLES}\n1640995200000,1,2,1,2,0\n1640995500000,1,2,1,2,0");
    let named = |file: &str, timeframe| {
        let options = ParseOptions { timeframe, ..Default::default() };
        parse(&text, file, &options).map(|it| it.kind()).map_err(|error| error.problem)
    };
    let five = Ok(RecordingKind::Candles(Timeframe::FiveMinutes));
    assert_eq!(named("ETH-BTC-5m-2018.csv", None), five);
    assert_eq!(named("ETH-BTC.csv", None), five);
    assert_eq!(named("ETH-BTC-1h.csv", Some(Timeframe::FiveMinutes)), five);
    assert!(matches!(named("ETH-BTC-1m.csv", None), Err(DataProblem::Gap { missing: 4, .. })));
    assert!(matches!(named("ETH-BTC-1h.csv", None), Err(DataProblem::NotAligned { .. })));
    let single = format!("{CANDLES}\n1640995200000,1,2,1,2,0");
    let error = parse(&single, "ETH-BTC.csv", &ParseOptions::default()).unwrap_err();
    assert_eq!(error.problem, DataProblem::UnknownTimeframe(None));
}

#[test]
fn the_symbol_must_be_known() {
    let text = format!("{FUNDING}\n0,0.0001");
    let error = parse(&text, "rates.csv", &ParseOptions::default()).unwrap_err();
    assert_eq!((error.line, error.problem), (None, DataProblem::UnknownSymbol));
    let symbol: Symbol = "WIF/USDT:USDT".parse().unwrap();
    let options = ParseOptions { symbol: Some(symbol.clone()), ..Default::default() };
    assert_eq!(*parse(&text, "BTC-USDT.csv", &options).unwrap().symbol(), symbol);
}

#[test]
fn the_noise_of_doubles_breaks_no_rule() {
    let row = "1515560400000,0.09946999000000001,0.09946999,0.099,0.09946999000000001,2527.92";
    let recording = recording(&format!("{CANDLES}\n{row}"), "ETH-BTC-5m-2018-01.csv");
    assert_eq!(recording.precision().price_decimals, 8);
}

/// A text that looks like a file: a good header and rows of more or less good fields.
fn almost_a_file() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![CANDLES, TRADES, QUOTES, FUNDING]);
    let field = prop_oneof![
        8 => "[0-9]{1,13}(\\.[0-9]{1,9})?(e-?[0-9]{1,2})?",
        1 => "(True|NaN|-[0-9]|1e17|)",
    ];
    let row = prop::collection::vec(field, 1..7).prop_map(|fields| fields.join(","));
    (header, prop::collection::vec(row, 0..4))
        .prop_map(|(header, rows)| format!("{header}\n{}", rows.join("\n")))
}

/// Parses and, where that works, plays.
fn play(text: &str) {
    let options = ParseOptions { allow_gaps: true, ..Default::default() };
    if let Ok(recording) = parse(text, "WIF-USDT-PERP-1m.csv", &options)
        && let Ok(mut market) = ReplayMarket::new(&[recording], &ReplaySettings::default())
    {
        take(&mut market, 100);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        play(&text);
    }

    #[test]
    fn no_file_makes_the_replay_panic(text in almost_a_file()) {
        play(&text);
    }

    #[test]
    fn every_quote_that_parses_can_be_played(
        bid in "[0-9]{1,12}(\\.[0-9]{0,12})?", ask in "[0-9]{1,12}(\\.[0-9]{0,12})?",
        size in "[0-9]{1,12}(\\.[0-9]{0,12})?",
    ) {
        play(&format!("{QUOTES}\n1640995200000,{bid},{size},{ask},{size}"));
        play(&format!("{TRADES}\n1640995200000,1,{bid},{size},True"));
        play(&format!("{CANDLES}\n1640995200000,{bid},{bid},{bid},{bid},{size}"));
    }
}
