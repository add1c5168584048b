//! Reads symbol and timeframe out of the name of a recorded file.

use banyan_core::symbol::{Asset, Symbol};
use banyan_core::time::Timeframe;

/// What the name of a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileName {
    /// The symbol, when the name has the shape `BASE-QUOTE[-PERP]...`.
    pub symbol: Option<Symbol>,
    /// The timeframe, when a part of the name is one.
    pub timeframe: Option<Timeframe>,
}

/// Reads names such as `BTC-USDT-PERP-1m-2022-01.csv`, `ETH-BTC-5m-2018-01.csv`,
/// `BTC-USDT-trades-2021-01-08.csv` and `funding-XRP-USDT-PERP-8h.csv`; folders before the name
/// are ignored.
#[must_use]
pub fn read_file_name(name: &str) -> FileName {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.strip_prefix("funding-").unwrap_or(stem);
    let mut parts = stem.split('-').peekable();
    let pair = parts.next().and_then(asset).zip(parts.next().and_then(asset));
    let Some((base, quote)) = pair else {
        return FileName::default();
    };
    let perpetual = parts.next_if(|part| matches!(*part, "PERP" | "SWAP")).is_some();
    let symbol = if perpetual {
        Symbol::perpetual(base, quote.clone(), quote)
    } else {
        Symbol::spot(base, quote)
    };
    FileName { symbol: Some(symbol), timeframe: parts.find_map(|part| part.parse().ok()) }
}

/// Takes upper-case codes that start with a letter or hold one (`1000PEPE`), so that words and
/// dates are no assets.
fn asset(part: &str) -> Option<Asset> {
    let upper = part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let named = part.bytes().any(|byte| byte.is_ascii_uppercase());
    if upper && named { Asset::new(part).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbol_and_timeframe_are_found() {
        let cases = [
            ("BTC-USDT-PERP-1m-2022-01.csv", "BTC/USDT:USDT", Some(Timeframe::OneMinute)),
            ("data/ETH-BTC-5m-2018-01.csv", "ETH/BTC", Some(Timeframe::FiveMinutes)),
            ("BTC-USDT-trades-2021-01-08.csv", "BTC/USDT", None),
            ("C:\\x\\funding-XRP-USDT-PERP-8h.csv", "XRP/USDT:USDT", None),
            ("1000PEPE-USDT-PERP.csv", "1000PEPE/USDT:USDT", None),
        ];
        for (name, symbol, timeframe) in cases {
            let read = read_file_name(name);
            assert_eq!(read.symbol.unwrap().to_string(), symbol);
            assert_eq!(read.timeframe, timeframe, "{name}");
        }
    }

    #[test]
    fn names_of_another_shape_say_nothing() {
        for name in ["", "prices.csv", "trades-2021-01-08.csv", "BTC-1m.csv", "2021-01-08.csv", "-"]
        {
            assert_eq!(read_file_name(name).symbol, None, "{name}");
        }
    }
}
