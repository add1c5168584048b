//! An exchange on disk whose process ends, and the one after it.

use std::future::Future;
use std::path::Path;

use actix::prelude::*;
use banyan::clock::Clock;
use banyan::exchanges::{
    EmbeddedExchange, ExchangeFileError, GetCandles, PaperSettings, SaveExchange, open_paper,
};
use banyan_core::market::Candle;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderKind, Side};
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_core::venue::VenueReport;

use crate::desk::{BTC, Desk, START, is_fill};

/// Not at the beginning of any candle.
const BEGIN: Timestamp = Timestamp(START.0 + 37_123 * 1_000_000);
const LATER: Timestamp = Timestamp(BEGIN.0 + 30 * 3_600 * 1_000_000);

fn settings() -> PaperSettings {
    PaperSettings {
        symbols: vec!["BTC/USDT:USDT".parse().expect("a symbol")],
        step: Span::seconds(5),
        ..PaperSettings::default()
    }
}

/// A process that begins at `start` and ends without a word when the future does.
fn process<T, F: Future<Output = T>>(
    file: &Path,
    start: Timestamp,
    live: impl FnOnce(Addr<EmbeddedExchange>) -> F,
) -> T {
    let io = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let lived = System::new().block_on(async {
        let clock = Clock::starting_at(start);
        let exchange = open_paper(file, &settings(), clock, io.handle(), None).await;
        live(exchange.expect("the exchange opens")).await
    });
    drop(io);
    lived
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn an_account_goes_on_where_it_was_left() {
    let folder = folder();
    let file = folder.path().join("exchange.db");
    let (before, resting) = process(&file, START, async |exchange| {
        let desk = Desk::open(exchange, 1).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        desk.submit(Side::Buy, OrderKind::Market, Quantity(200));
        desk.wait_for(is_fill).await;
        let price = Price(desk.price().await.0 / 2 / 10 * 10);
        let resting = desk.submit(Side::Buy, OrderKind::Limit { price }, Quantity(100));
        let accepted = |report: &VenueReport| match report {
            VenueReport::OrderAccepted { client_id, .. } => *client_id == resting,
            _ => false,
        };
        desk.wait_for(accepted).await;
        (desk.books().await, resting)
    });
    let after = process(&file, START + Span::minutes(10), async |exchange| {
        let desk = Desk::connect(exchange, 2).await;
        desk.wait_for(|report| *report == VenueReport::StreamInterrupted).await;
        assert_eq!(desk.heard.messages.borrow().len(), 1);
        desk.books().await
    });
    assert!(!before.fills.is_empty() && !before.positions.is_empty());
    assert_eq!(after.fills, before.fills);
    assert_eq!(after.positions, before.positions);
    assert_eq!(after.balances, before.balances);
    assert_eq!(after.open_orders, before.open_orders);
    assert_eq!(after.open_orders[0].client_id, resting);
}

#[test]
fn the_market_goes_on_while_nobody_is_there() {
    let folder = folder();
    let file = folder.path().join("exchange.db");
    let candles = async |exchange: Addr<EmbeddedExchange>, timeframe, limit| {
        let ask = GetCandles { instrument: BTC, timeframe, limit };
        exchange.send(ask).await.expect("the exchange is there")
    };
    let minute = Timeframe::OneMinute;
    let before = process(&file, BEGIN, async |exchange| candles(exchange, minute, 2_000).await);
    assert!(before.len() == 2_000 && is_whole(&before, minute));
    let all = async |exchange: Addr<EmbeddedExchange>| {
        let mut all = Vec::new();
        for timeframe in Timeframe::ALL {
            all.push((timeframe, candles(exchange.clone(), timeframe, 1_000).await));
        }
        all
    };
    let after = process(&file, LATER, async |exchange| {
        let told = all(exchange.clone()).await;
        exchange.send(SaveExchange).await.expect("it is there").expect("it can be saved");
        told
    });
    for (timeframe, candles) in &after {
        assert!(is_whole(candles, *timeframe), "{timeframe:?}");
        let newest = candles.last().expect("there are some").open_time;
        assert!(newest + timeframe.span() + timeframe.span() > LATER, "{timeframe:?}");
    }
    // A third life, which begins with the past in its file, tells the same.
    let third = process(&file, LATER, async |exchange| all(exchange).await);
    assert_eq!(third, after);
}

fn is_whole(candles: &[Candle], timeframe: Timeframe) -> bool {
    candles.windows(2).all(|pair| pair[1].open_time - pair[0].open_time == timeframe.span())
}

#[test]
fn a_clock_that_was_set_back_does_not_turn_time_back() {
    let folder = folder();
    let file = folder.path().join("exchange.db");
    let later = START + Span::minutes(10);
    let before = process(&file, later, async |exchange| {
        let desk = Desk::open(exchange, 1).await;
        desk.submit(Side::Buy, OrderKind::Market, Quantity(200));
        desk.wait_for(is_fill).await;
        desk.books().await
    });
    let after = process(&file, START, async |exchange| {
        let desk = Desk::connect(exchange, 2).await;
        let reached = desk.look(|world, _| world.clock()).await;
        assert!(reached > later);
        desk.books().await
    });
    assert_eq!((after.fills, after.balances), (before.fills, before.balances));
}

#[test]
fn an_account_is_opened_once() {
    let folder = folder();
    let file = folder.path().join("exchange.db");
    for number in 1..=2 {
        let books = process(&file, START, async |exchange| {
            let desk = Desk::open(exchange, number).await;
            desk.books().await
        });
        assert_eq!(books.balances, crate::desk::rich().balances);
        assert_eq!(books.last_trade, banyan_core::ids::TradeId::default());
    }
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = folder();
    let file = folder.path().join("exchange.db");
    process(&file, START, async |_first| {
        let clock = Clock::starting_at(START);
        let io = tokio::runtime::Handle::current();
        let second = open_paper(&file, &settings(), clock, &io, None).await;
        assert!(matches!(second, Err(ExchangeFileError::InUse(_))), "{second:?}");
    });
}

#[test]
fn a_damaged_file_is_told_from_a_good_one() {
    for (sql, told) in [
        ("UPDATE checkpoints SET world = x'6363'", "is not the one that was written"),
        ("DELETE FROM inputs WHERE number = 1", "inputs are missing"),
    ] {
        let folder = folder();
        let file = folder.path().join("exchange.db");
        process(&file, START, async |exchange| {
            drop(Desk::open(exchange, 1).await);
        });
        System::new().block_on(async {
            let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await;
            let pool = pool.expect("a database");
            sqlx::query(sql).execute(&pool).await.expect("it can be damaged");
            pool.close().await;
            let io = tokio::runtime::Handle::current();
            let clock = Clock::starting_at(START);
            let opened = open_paper(&file, &settings(), clock, &io, None).await;
            let why = opened.expect_err("it is damaged").to_string();
            assert!(why.contains(told), "{why}");
        });
    }
}
