//! A folder for one test, removed afterwards, and the recordings that tests write into it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// The name under which a recording of minutes of the BTC perpetual is recognised.
pub(crate) const BTC: &str = "BTC-USDT-PERP-1m.csv";
/// The same for ETH.
pub(crate) const ETH: &str = "ETH-USDT-PERP-1m.csv";
/// 2026-01-01T00:00:00Z in milliseconds.
pub(crate) const START: i64 = 1_767_225_600_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HEADER: &str = "open_time,open,high,low,close,volume";

/// Rows after which every strategy with its defaults has traded.
const ROWS: usize = 1_000;
/// Rows from one trough of the price to the next.
const WAVE: usize = 360;

/// A folder that no other test sees.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("banyan-cli-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder for temporary files is there");
        Self(path)
    }

    /// A path in the folder, as an argument.
    pub(crate) fn path(&self, name: &str) -> String {
        let path = self.0.join(name).into_os_string();
        path.into_string().expect("temporary folders have names in UTF-8")
    }

    /// Writes a file and returns its path, as an argument.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a temporary file can be written");
        path
    }

    /// Writes minutes of BTC in which every strategy trades.
    pub(crate) fn btc(&self) -> String {
        self.write(BTC, candles(42_000, ROWS))
    }

    /// Writes minutes of ETH at the same times.
    pub(crate) fn eth(&self) -> String {
        self.write(ETH, candles(3_000, ROWS))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Minutes of a price that swings by three percent around `price`, with some noise; one decimal.
pub(crate) fn candles(price: i64, rows: usize) -> String {
    let ticks = price * 10;
    let mut noise = Noise(1);
    let mut open = ticks;
    let mut text = format!("{HEADER}\n");
    for row in 0..rows {
        let close = ticks + swing(ticks * 3 / 100, row) + noise.below(ticks / 500);
        let (high, low) = (open.max(close) + ticks / 1_000, open.min(close) - ticks / 1_000);
        let time = START + row as i64 * MINUTE;
        let [open_, high, low, close_] = [open, high, low, close].map(one_decimal);
        text += &format!("{time},{open_},{high},{low},{close_},{}\n", 100 + row % 7);
        open = close;
    }
    text
}

/// A wave of straight lines between plus and minus `height`.
fn swing(height: i64, row: usize) -> i64 {
    let (place, quarter) = ((row % WAVE) as i64, WAVE as i64 / 4);
    let rise = if place < quarter {
        place
    } else if place < 3 * quarter {
        2 * quarter - place
    } else {
        place - 4 * quarter
    };
    height * rise / quarter
}

fn one_decimal(ticks: i64) -> String {
    format!("{}.{}", ticks / 10, ticks % 10)
}

/// A linear congruential generator with the constants of Knuth's MMIX.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % bound
    }
}
