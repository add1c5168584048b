//! Recorded markets: CSV text of candles, trades, quotes and funding becomes a market that repeats
//! it in the order of time.
//!
//! No file is opened here; the text and the name of its file come in.

mod cursor;
mod depth;
mod error;
mod file_name;
mod join;
mod market;
mod number;
mod parse;
mod recording;

pub use error::{DataError, DataProblem};
pub use file_name::{FileName, read_file_name};
pub use market::{ReplayMarket, ReplaySettings};
pub use parse::{ParseOptions, parse};
pub use recording::{Recording, RecordingKind};
