//! Unified symbols as in ccxt (`BTC/USDT:USDT`) and the aliases people type.
//!
//! Knows nothing of instruments; a symbol is only a name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An asset code such as `USDT`: upper-case letters and digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Asset(Arc<str>);

/// `BASE/QUOTE` for spot, `BASE/QUOTE:SETTLE` for perpetual contracts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol {
    base: Asset,
    quote: Asset,
    settle: Option<Asset>,
}

/// A text that is no symbol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// The asset code is empty, too long or has a foreign character.
    #[error("{0:?} is not an asset code: 1 to 20 letters or digits are expected")]
    BadAsset(String),
    /// The text has no `/`.
    #[error("{0:?} is not a symbol: BASE/QUOTE or BASE/QUOTE:SETTLE is expected")]
    BadSymbol(String),
    /// No listed symbol has this name or alias.
    #[error("unknown symbol {name:?}; known: {known}")]
    Unknown {
        /// The name as given.
        name: String,
        /// The symbols listed, comma-separated.
        known: String,
    },
}

impl Asset {
    /// Reads an asset code; lower case is accepted.
    ///
    /// # Errors
    /// When the code is empty, longer than 20, or has other characters.
    pub fn new(code: &str) -> Result<Self, SymbolError> {
        let fits = (1..=20).contains(&code.len());
        if !fits || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(SymbolError::BadAsset(code.to_owned()));
        }
        Ok(Self(code.to_ascii_uppercase().into()))
    }

    /// Returns the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Symbol {
    /// Makes a spot symbol.
    #[must_use]
    pub fn spot(base: Asset, quote: Asset) -> Self {
        Self { base, quote, settle: None }
    }

    /// Makes the symbol of a perpetual contract.
    #[must_use]
    pub fn perpetual(base: Asset, quote: Asset, settle: Asset) -> Self {
        Self { base, quote, settle: Some(settle) }
    }

    /// The asset that is traded.
    #[must_use]
    pub fn base(&self) -> &Asset {
        &self.base
    }

    /// The asset in which the price is given.
    #[must_use]
    pub fn quote(&self) -> &Asset {
        &self.quote
    }

    /// The asset in which profit is paid; `None` for spot.
    #[must_use]
    pub fn settle(&self) -> Option<&Asset> {
        self.settle.as_ref()
    }

    /// Says whether `name` means this symbol: the unified name, or an alias such as `BTCUSDT`,
    /// `BTC-USDT`, `BTC-USDT-PERP`, `BTC/USDT`, `BTC`, in any case.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        let name = name.trim().to_ascii_uppercase();
        let pair = format!("{}/{}", self.base, self.quote);
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.strip_suffix("SWAP").or(plain.strip_suffix("PERP")).unwrap_or(&plain);
        name == self.to_string()
            || name == pair
            || name == self.base.as_str()
            || (!name.contains(':') && plain == format!("{}{}", self.base, self.quote))
    }

    /// Finds the one of `listed` that `name` means: an exact name first, then aliases in order.
    ///
    /// # Errors
    /// When none does; the error names those listed.
    pub fn resolve<'a>(name: &str, listed: &'a [Self]) -> Result<&'a Self, SymbolError> {
        let exact = name.trim().to_ascii_uppercase();
        let find = |matches: &dyn Fn(&Self) -> bool| listed.iter().find(|symbol| matches(symbol));
        find(&|symbol| symbol.to_string() == exact)
            .or_else(|| find(&|symbol| symbol.answers_to(name)))
            .ok_or_else(|| {
                let known: Vec<_> = listed.iter().map(Self::to_string).collect();
                SymbolError::Unknown { name: name.to_owned(), known: known.join(", ") }
            })
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asset({self})")
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.quote)?;
        self.settle.as_ref().map_or(Ok(()), |settle| write!(f, ":{settle}"))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({self})")
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Self, SymbolError> {
        let (pair, settle) = match text.trim().split_once(':') {
            Some((pair, settle)) => (pair, Some(Asset::new(settle)?)),
            None => (text.trim(), None),
        };
        let bad = || SymbolError::BadSymbol(text.to_owned());
        let (base, quote) = pair.split_once('/').ok_or_else(bad)?;
        Ok(Self { base: Asset::new(base)?, quote: Asset::new(quote)?, settle })
    }
}

impl TryFrom<String> for Symbol {
    type Error = SymbolError;
    fn try_from(text: String) -> Result<Self, SymbolError> {
        text.parse()
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.to_string()
    }
}

impl TryFrom<String> for Asset {
    type Error = SymbolError;
    fn try_from(code: String) -> Result<Self, SymbolError> {
        Self::new(&code)
    }
}

impl From<Asset> for String {
    fn from(asset: Asset) -> Self {
        asset.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_read_back_what_they_write() {
        for text in ["BTC/USDT:USDT", "ETH/BTC", "BTC/USD:BTC"] {
            assert_eq!(text.parse::<Symbol>().unwrap().to_string(), text);
        }
        assert!("BTCUSDT".parse::<Symbol>().is_err());
        assert!("BTC/US DT".parse::<Symbol>().is_err());
    }

    #[test]
    fn aliases_find_the_listed_symbol() {
        let listed: Vec<Symbol> =
            ["BTC/USDT:USDT", "BTC/USDT", "ETH/BTC"].map(|s| s.parse().unwrap()).into();
        for alias in ["BTCUSDT", "btc-usdt-perp", "BTC", "BTC-USDT-SWAP", "btc/usdt:usdt"] {
            assert_eq!(Symbol::resolve(alias, &listed).unwrap().to_string(), "BTC/USDT:USDT");
        }
        assert_eq!(Symbol::resolve("BTC/USDT", &listed).unwrap().to_string(), "BTC/USDT");
        let error = Symbol::resolve("DOGE", &listed).unwrap_err();
        assert!(error.to_string().contains("known: BTC/USDT:USDT, BTC/USDT, ETH/BTC"));
    }
}
