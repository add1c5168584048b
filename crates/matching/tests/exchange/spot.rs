//! Spot: assets change hands, nothing is borrowed.

use banyan_core::instrument::{FeeRates, InstrumentKind};
use banyan_core::money::{Amount, Rate};
use banyan_matching::exchange::AccountSettings;
use banyan_matching::market::MarketChange;

use crate::desk::*;

fn wallet(usdt_units: i64, btc_units: i64) -> AccountSettings {
    let balances = vec![(usdt(), units(usdt_units)), (btc(), units(btc_units))];
    AccountSettings { balances, ..AccountSettings::default() }
}

fn desk() -> Desk {
    Desk::with(&[(ANNA, wallet(1_000, 5)), (BEN, wallet(10_000, 50))])
}

#[test]
fn a_trade_moves_base_and_quote_and_both_pay_the_fee_in_quote() {
    let mut desk = desk();
    desk.submit(BEN, on(SPOT, limit(1, Sell, 3, 100)));
    desk.submit(ANNA, on(SPOT, market(2, Buy, 3)));
    assert_eq!(desk.balance(ANNA, &btc()), units(8));
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "699.85");
    assert_eq!(desk.balance(BEN, &btc()), units(47));
    assert_eq!(desk.balance(BEN, &usdt()).to_string(), "10299.94");
    assert!(desk.snapshot(ANNA).positions.is_empty());
}

#[test]
fn a_buy_needs_its_quote_and_its_fee() {
    let mut desk = desk();
    let buy = |id, quantity| on(SPOT, limit(id, Buy, quantity, 100));
    assert_eq!(desk.submit(ANNA, buy(1, 10)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, buy(1, 9)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, buy(2, 1)), ["rejected 2 InsufficientFunds"]);
    desk.submit(BEN, on(SPOT, market(3, Sell, 4)));
    // 400 and the maker's 0.08 were spent; 500.25 are still held.
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "599.92");
    assert_eq!(desk.submit(ANNA, buy(2, 1)), ["rejected 2 InsufficientFunds"]);
    desk.step_on(SPOT, depth(&[], &[(100, 5)]));
    assert_eq!(desk.balance(ANNA, &btc()), units(14));
}

#[test]
fn a_market_buy_is_paid_at_the_worst_price_it_reaches() {
    let mut desk = desk();
    desk.step_on(SPOT, depth(&[], &[(100, 4), (400, 4)]));
    let buy = |id, quantity| on(SPOT, market(id, Buy, quantity));
    assert_eq!(desk.submit(ANNA, buy(1, 5)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, buy(2, 4)), ["accepted 2", "filled 2 buy 4@100 taker"]);
}

#[test]
fn a_sell_needs_its_base() {
    let mut desk = desk();
    let sell = |id, quantity| on(SPOT, limit(id, Sell, quantity, 100));
    assert_eq!(desk.submit(ANNA, sell(1, 6)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, sell(1, 3)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, sell(2, 3)), ["rejected 2 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, on(SPOT, market(2, Sell, 2)))[0], "accepted 2");
}

#[test]
fn spot_orders_that_a_loss_on_margin_has_eaten_are_cancelled() {
    let settings = AccountSettings { default_leverage: 2, ..wallet(1_000, 5) };
    let mut desk = Desk::with(&[(ANNA, settings)]);
    desk.depth(&[(40, 50)], &[(100, 10)]);
    desk.submit(ANNA, market(1, Buy, 10));
    desk.submit(ANNA, on(SPOT, limit(2, Buy, 3, 100)));
    desk.submit(ANNA, on(SPOT, limit(3, Buy, 1, 100)));
    // 999.5 less 600 lost and 0.2 of fee no longer cover the 400.2 that both hold.
    let lines = desk.submit(ANNA, market(4, Sell, 10));
    assert_eq!(lines, ["accepted 4", "filled 4 sell 10@40 taker", "cancelled 3"]);
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "399.3");
    assert_eq!(desk.snapshot(ANNA).open_orders.len(), 1);
}

#[test]
fn a_buyer_never_pays_more_fee_than_his_order_had_set_aside() {
    let balances = vec![(usdt(), units(3) + Amount(1))];
    let settings = AccountSettings { balances, ..AccountSettings::default() };
    let mut desk = Desk::with(&[(ANNA, settings)]);
    let mut cheap = instrument(SPOT, "BTC/USDT", InstrumentKind::Spot);
    cheap.fees = FeeRates { maker: Rate(1), taker: Rate(1) };
    desk.step_on(SPOT, MarketChange::Instrument(cheap.into()));
    // Each part alone would be charged the smallest amount, all together no more than that.
    assert_eq!(desk.submit(ANNA, on(SPOT, limit(1, Buy, 3, 1))), ["accepted 1"]);
    for _ in 0..3 {
        desk.step_on(SPOT, depth(&[], &[(1, 1)]));
    }
    let fees: Vec<_> = desk.fills(ANNA).iter().map(|fill| fill.fee.0).collect();
    assert_eq!(fees, [0, 0, 1]);
    assert_eq!(desk.balance(ANNA, &usdt()), Amount::ZERO);
}
