//! A candle on which there is nothing to do costs no allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use banyan_core::instrument::Instruments;
use banyan_core::market::{Candle, MarketData, MarketEvent, MarketViews};
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::Side;
use banyan_core::strategy::{AnyStrategy, Effects, Strategy, StrategyEvent};
use banyan_core::time::{MINUTE, Timeframe, Timestamp};
use banyan_core::worker::{WorkerBook, WorkerView};
use serde_json::json;

use crate::fixtures::{HERE, config, perpetual, price};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// The only way to count allocations is to be the allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the layout is handed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn candle(minute: i64, at: Price) -> Candle {
    Candle {
        open_time: Timestamp(minute * MINUTE),
        open: at,
        high: at,
        low: at,
        close: at,
        volume: Quantity(1),
    }
}

#[test]
fn a_quiet_candle_allocates_nothing() {
    let configs = [
        (
            "grid",
            json!({"upper_price": 60_000, "lower_price": 40_000, "grid_count": 100,
            "total_investment": 10_000, "trailing": true, "stop_price": 30_000}),
        ),
        (
            "dca",
            json!({"order_amount": 100, "interval_minutes": 60, "safety_order_count": 9,
            "safety_order_amount": 100}),
        ),
        ("rsi", json!({"order_amount": 100, "timeframe": "1m"})),
        ("ema_cross", json!({"order_amount": 100, "timeframe": "1m"})),
    ];
    let instruments = Instruments::new([perpetual()]);
    let mut markets = MarketViews::default();
    let data =
        MarketData::Trade { price: price(50_000), quantity: Quantity(1), aggressor: Side::Buy };
    markets.apply(&MarketEvent { time: Timestamp(0), instrument: HERE, data });
    for (kind, fields) in configs {
        let mut strategy = AnyStrategy::new(&config(kind, fields), &[&perpetual()]).unwrap();
        let mut effects = Effects::default();
        let book = WorkerBook::default();
        let mut used = 0;
        for minute in 0..200 {
            effects.clear();
            let limits = banyan_core::risk::RiskLimits::default();
            let view = WorkerView {
                worker: banyan_core::ids::WorkerId::default(),
                strategy_version: 1,
                now: Timestamp(minute * MINUTE),
                instruments: &instruments,
                markets: &markets,
                book: &book,
                capital: Amount::from_units(10_000),
                limits: &limits,
            };
            let event = StrategyEvent::CandleClosed {
                instrument: HERE,
                timeframe: Timeframe::OneMinute,
                candle: candle(minute, Price(500_000 + minute % 2)),
            };
            let before = COUNT.with(Cell::get);
            strategy.handle(&event, &view, &mut effects);
            // The first one places orders and grows the lists.
            if minute > 0 && effects.intents.is_empty() {
                used += COUNT.with(Cell::get) - before;
            }
        }
        assert_eq!(used, 0, "{kind}");
        assert!(effects.refused_by.is_some(), "{kind} says why it did nothing");
    }
}
