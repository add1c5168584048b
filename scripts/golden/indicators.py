"""Golden values of the technical indicators, computed by TA-Lib.

Pinned: Python 3.11, TA-Lib==0.8.2 (bundles the C library 0.8.1), numpy==2.4.6.

Usage:
    python3 -m venv venv
    venv/bin/pip install TA-Lib==0.8.2 numpy==2.4.6
    venv/bin/python scripts/golden/indicators.py crates/core/tests/data/indicators

Writes one CSV per indicator: the index of the candle and the outputs with 17 significant digits,
for the first 60 candles after warm-up and every 397th candle after that.

The candles are not stored; `crates/core/tests/indicators.rs` generates the same ones from this
recipe, in integers (price tick 0.01, volume step 0.001):

    splitmix64: u(k) = mix(SEED + k * 0x9E3779B97F4A7C15 mod 2^64), k = 1, 2, ...
    candle i draws d1..d4 = u(4i+1 .. 4i+4) >> 33
        open   = the previous close, 5_000_000 ticks at first
        close  = open + d1 % 6801 - 3400
        high   = max(open, close) + d2 % 1001
        low    = min(open, close) - d3 % 1001
        volume = d4 % 990_000 + 10_000
    candles FLAT have open = high = low = close = the previous close, so that a market that stands
    still is covered too
    open time = FIRST_OPEN + i minutes
"""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import talib

CANDLES = 100_000
SEED = 42
FIRST_CLOSE = 5_000_000
FLAT = range(60_000, 60_800)
FIRST_OPEN = 1_600_000_020_000_000
MINUTE = 60_000_000
DAY = 86_400_000_000

AFTER_WARM_UP = 60
STRIDE = 397

MASK = 2**64 - 1


def draw(k):
    z = (SEED + k * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return (z ^ (z >> 31)) >> 33


def candles():
    """Integer candles (open_time, high, low, close, volume)."""
    close = FIRST_CLOSE
    for i in range(CANDLES):
        d1, d2, d3, d4 = (draw(4 * i + k) for k in range(1, 5))
        open_ = close
        if i in FLAT:
            high = low = close
        else:
            close = open_ + d1 % 6801 - 3400
            high = max(open_, close) + d2 % 1001
            low = min(open_, close) - d3 % 1001
        assert low > 0
        yield FIRST_OPEN + i * MINUTE, high, low, close, d4 % 990_000 + 10_000


def vwap(series):
    """Exact rational arithmetic, rounded once: TA-Lib has no VWAP."""
    day, notional, volume = None, 0, 0
    for open_time, high, low, close, traded in series:
        if open_time // DAY != day:
            day, notional, volume = open_time // DAY, 0, 0
        notional += (high + low + close) * traded
        volume += traded
        yield float(Fraction(notional, 300 * volume))


def goldens(series):
    """Yields (file name, column names, arrays with NaN before warm-up)."""
    _, high, low, close, volume = (np.array(column, dtype=np.float64) for column in zip(*series))
    high, low, close, volume = high / 100, low / 100, close / 100, volume / 1000
    for period in (9, 21, 55, 200):
        yield f"ema_{period}", ["ema"], [talib.EMA(close, period)]
    for period in (5, 20):
        yield f"sma_{period}", ["sma"], [talib.SMA(close, period)]
    yield "volume_sma_20", ["sma"], [talib.SMA(volume, 20)]
    for period in (7, 14):
        yield f"rsi_{period}", ["rsi"], [talib.RSI(close, period)]
    for periods in ((12, 26, 9), (5, 35, 5)):
        name = "macd_" + "_".join(map(str, periods))
        yield name, ["line", "signal", "histogram"], talib.MACD(close, *periods)
    for period in (7, 14):
        yield f"atr_{period}", ["atr"], [talib.ATR(high, low, close, period)]
    for period, deviations in ((20, 2.0), (50, 2.5)):
        bands = talib.BBANDS(close, period, deviations, deviations)
        yield f"bollinger_{period}_{deviations}", ["upper", "middle", "lower"], bands
    for period in (7, 14):
        functions = (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
        outputs = [function(high, low, close, period) for function in functions]
        yield f"adx_{period}", ["adx", "plus_di", "minus_di"], outputs
    yield "vwap", ["vwap"], [np.array(list(vwap(series)))]


def write(path, columns, outputs):
    table = np.column_stack(outputs)
    first = int(np.argmax(np.isfinite(table).all(axis=1)))
    indices = sorted({*range(first, first + AFTER_WARM_UP), *range(first, CANDLES, STRIDE)})
    lines = [",".join(["index", *columns])]
    for index in indices:
        lines.append(",".join([str(index), *(f"{value:.17g}" for value in table[index])]))
    path.write_text("\n".join(lines) + "\n")


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns, outputs in goldens(list(candles())):
        write(folder / f"{name}.csv", columns, outputs)


if __name__ == "__main__":
    main()
