//! The changing part of a prompt: what is known now, and what is to be done.

use rust_decimal::Decimal;

use super::PromptSpec;
use super::facts::{Facts, list, moment, quoted};
use super::words;
use crate::decision::{
    CandleSnapshot, ClosedTrade, ExternalText, LeftOut, MarketSnapshot, PositionSnapshot, Snapshot,
    TimeframeSnapshot,
};
use crate::order::Side;
use crate::time::{MINUTE, Timestamp};

/// Characters of a text from outside that are shown; the rest is cut off.
const LONGEST_EXTERNAL: usize = 4_000;

/// One section: its name and what stands below it.
pub(super) type Section = (&'static str, String);

/// The sections in their order.
pub(super) fn sections(spec: &PromptSpec<'_>, snapshot: &Snapshot) -> Vec<Section> {
    let language = spec.language;
    let mut sections = vec![
        ("account", account(snapshot)),
        ("positions", lines(&snapshot.positions, spec, |it| position(it, snapshot.time))),
        ("markets", markets(spec, &snapshot.markets)),
        ("closed_trades", lines(&snapshot.closed_trades, spec, closed_trade)),
    ];
    if !snapshot.external.is_empty() {
        sections.push(("external", external(spec, &snapshot.external)));
    }
    if !snapshot.left_out.is_empty() {
        let omitted = lines(&snapshot.left_out, spec, left_out);
        sections.push(("left_out", format!("{}\n{omitted}", words::left_out(language))));
    }
    sections.push(("tasks", words::tasks(language, !snapshot.external.is_empty())));
    sections
}

/// A line for each, or a word that says that there are none.
fn lines<T>(items: &[T], spec: &PromptSpec<'_>, line: impl Fn(&T) -> String) -> String {
    if items.is_empty() {
        return words::none(spec.language).to_owned();
    }
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn account(snapshot: &Snapshot) -> String {
    let account = &snapshot.account;
    Facts::new()
        .time("time", snapshot.time)
        .amount("capital", account.capital)
        .amount("equity", account.equity)
        .amount("available", account.available)
        .amount("margin_used", account.margin_used)
        .amount("unrealized", account.unrealized)
        .amount("realized", account.realized)
        .amount("fees", account.fees)
        .number("open_positions", snapshot.positions.len())
        .line()
}

fn position(position: &PositionSnapshot, now: Timestamp) -> String {
    let liquidation = position.liquidation;
    let held = position.opened_at.map(|opened| Decimal::from((now - opened).0 / MINUTE));
    Facts::new()
        .text("symbol", &position.symbol.to_string())
        .text("side", side(position.side))
        .number("quantity", position.quantity)
        .amount("notional", position.notional)
        .number("entry_price", position.entry_price)
        .number("mark_price", position.mark_price)
        .number("leverage", position.leverage)
        .amount("unrealized", position.unrealized)
        .percent("unrealized_percent", position.unrealized_percent)
        .number_or_null("liquidation_price", liquidation.map(|(price, _)| price))
        .percent_or_null("liquidation_distance_percent", liquidation.map(|(_, rate)| rate))
        .number_or_null("stop_loss", position.stop_loss)
        .number_or_null("take_profit", position.take_profit)
        .time_or_null("opened_at", position.opened_at)
        .number_or_null("held_minutes", held)
        .line()
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "long",
        Side::Sell => "short",
    }
}

fn markets(spec: &PromptSpec<'_>, markets: &[MarketSnapshot]) -> String {
    let blocks = lines(markets, spec, |market| {
        let timeframes = market.timeframes.iter().map(|it| timeframe(market, it));
        std::iter::once(quotes(market)).chain(timeframes).collect::<Vec<_>>().join("\n")
    });
    if markets.is_empty() {
        return blocks;
    }
    format!("{}\n{blocks}", words::markets(spec.language))
}

fn quotes(market: &MarketSnapshot) -> String {
    let kind = if market.symbol.settle().is_some() { "perpetual" } else { "spot" };
    Facts::new()
        .text("symbol", &market.symbol.to_string())
        .text("kind", kind)
        .number("price", market.price)
        .number_or_null("bid", market.bid)
        .number_or_null("ask", market.ask)
        .number_or_null("spread_percent", spread(market))
        .percent_or_null("funding_rate_percent", market.funding_rate)
        .percent_or_null("change_24h_percent", market.change_24h)
        .amount("min_notional", market.min_notional)
        .number("min_quantity", market.min_quantity)
        .percent("taker_fee_percent", market.taker_fee)
        .line()
}

/// How far bid and ask are apart, per middle, in percent.
fn spread(market: &MarketSnapshot) -> Option<Decimal> {
    let (bid, ask) = (market.bid?, market.ask?);
    let apart = ask.checked_sub(bid)?.checked_mul(Decimal::from(200))?;
    Some(apart.checked_div(ask.checked_add(bid)?)?.round_dp(4))
}

fn timeframe(market: &MarketSnapshot, timeframe: &TimeframeSnapshot) -> String {
    let indicators = timeframe
        .indicators
        .iter()
        .fold(Facts::new(), |facts, (name, value)| facts.number(name, *value));
    let signals =
        timeframe.signals.iter().fold(Facts::new(), |facts, (name, word)| facts.text(name, word));
    Facts::new()
        .text("symbol", &market.symbol.to_string())
        .text("timeframe", timeframe.timeframe.name())
        .raw("indicators", &indicators.line())
        .raw("signals", &signals.line())
        .raw("candles", &list(timeframe.candles.iter().map(candle)))
        .line()
}

fn candle(candle: &CandleSnapshot) -> String {
    let numbers = [candle.open, candle.high, candle.low, candle.close, candle.volume];
    let numbers = numbers.iter().map(|number| number.normalize().to_string());
    list(std::iter::once(moment(candle.open_time)).chain(numbers))
}

fn closed_trade(trade: &ClosedTrade) -> String {
    Facts::new()
        .text("symbol", &trade.symbol.to_string())
        .text("side", side(trade.side))
        .number("exit_price", trade.exit_price)
        .amount("pnl", trade.pnl)
        .text("reason", &trade.reason)
        .time("closed_at", trade.closed_at)
        .line()
}

fn left_out(omitted: &LeftOut) -> String {
    Facts::new().text("symbol", &omitted.symbol.to_string()).text("reason", &omitted.reason).line()
}

/// Texts from outside as quotations, within a fence that none of them contains.
fn external(spec: &PromptSpec<'_>, texts: &[ExternalText]) -> String {
    let lines: Vec<_> = texts.iter().map(external_line).collect();
    let lines = lines.join("\n");
    let fence = "`".repeat(longest_run(&lines, '`').max(2) + 1);
    format!("{}\n{fence}json\n{lines}\n{fence}", words::external(spec.language))
}

fn external_line(external: &ExternalText) -> String {
    let shown: String = external.text.chars().take(LONGEST_EXTERNAL).collect();
    let symbol = external.symbol.as_ref().map(ToString::to_string);
    Facts::new()
        .text("source", &external.source)
        .raw("symbol", &symbol.map_or("null".to_owned(), |symbol| quoted(&symbol)))
        .time("time", external.time)
        .text("text", &shown)
        .line()
}

/// The length of the longest run of a character.
fn longest_run(text: &str, of: char) -> usize {
    text.split(|it| it != of).map(str::len).max().unwrap_or_default()
}
