//! Decimal numbers as recorded files have them: read exactly, freed of the noise of doubles.
//!
//! Programs that write doubles leave 0.09946999000000001 where 0.09946999 was meant. Fifteen
//! significant digits survive every double, so the rest is rounded away.

use std::cmp::Ordering;

use super::error::DataProblem;

/// Significant digits that a double keeps.
const KEPT_DIGITS: u32 = 15;
/// Decimals that are kept.
const KEPT_DECIMALS: i32 = 18;

/// `mantissa * 10^-scale` without trailing zeros after the point; at most 18 digits in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    mantissa: i64,
    scale: u8,
}

impl Number {
    /// Reads `[+-]digits[.digits][e[+-]digits]`.
    pub(super) fn read(text: &str) -> Result<Self, DataProblem> {
        let (mantissa, scale) = scan(text.as_bytes()).ok_or_else(|| unreadable(text))?;
        canonical(mantissa, scale).ok_or_else(|| DataProblem::OutOfRange(text.to_owned()))
    }

    /// Digits after the point.
    pub(super) fn decimals(self) -> u8 {
        self.scale
    }

    /// Digits before the point; 0 below one.
    pub(super) fn digits(self) -> u8 {
        let whole = self.mantissa.unsigned_abs() / 10_u64.pow(u32::from(self.scale));
        whole.checked_ilog10().map_or(0, |log| log as u8 + 1)
    }

    pub(super) fn is_positive(self) -> bool {
        self.mantissa > 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The mantissa at `decimals`, to the nearest; `None` when it has more than `digits` digits.
    pub(super) fn at(self, decimals: u8, digits: u32) -> Option<i64> {
        let value = if decimals >= self.scale {
            let factor = 10_i64.checked_pow(u32::from(decimals - self.scale))?;
            self.mantissa.checked_mul(factor)?
        } else {
            divide_nearest(self.mantissa, 10_i64.pow(u32::from(self.scale - decimals)))
        };
        (value.unsigned_abs() < 10_u64.pow(digits)).then_some(value)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        let common = self.scale.max(other.scale);
        let raised = |number: &Self| {
            i128::from(number.mantissa) * 10_i128.pow(u32::from(common - number.scale))
        };
        raised(self).cmp(&raised(other))
    }
}

fn unreadable(text: &str) -> DataProblem {
    let bare = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if matches!(bare.as_str(), "nan" | "inf" | "infinity") {
        DataProblem::NotFinite(text.to_owned())
    } else {
        DataProblem::NotANumber(text.to_owned())
    }
}

/// Splits the text into a mantissa of at most 18 digits (what follows is cut off) and a scale.
fn scan(text: &[u8]) -> Option<(i64, i32)> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (mut mantissa, mut scale) = (0_i64, 0_i32);
    let (mut seen, mut fraction, mut end) = (false, false, text.len());
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                let room = mantissa < 10_i64.pow(17);
                if room {
                    mantissa = mantissa * 10 + i64::from(byte - b'0');
                }
                scale += i32::from(room && fraction) - i32::from(!room && !fraction);
                seen = true;
            }
            b'.' if !fraction => fraction = true,
            b'e' | b'E' => {
                end = index;
                break;
            }
            _ => return None,
        }
    }
    let exponent = if end < text.len() { read_exponent(&text[end + 1..])? } else { 0 };
    let signed = if negative { -mantissa } else { mantissa };
    seen.then_some((signed, scale.saturating_sub(exponent)))
}

fn read_exponent(text: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(text).ok()?;
    let exponent: i32 = text.parse().ok()?;
    Some(exponent.clamp(-1_000, 1_000))
}

/// Rounds to the digits and decimals kept and strips trailing zeros; `None` beyond 18 digits.
fn canonical(mantissa: i64, scale: i32) -> Option<Number> {
    let digits = mantissa.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
    let noise = i32::try_from(digits.saturating_sub(KEPT_DIGITS)).ok()?.min(scale);
    let cut = noise.max(scale.saturating_sub(KEPT_DECIMALS)).max(0);
    let (mut mantissa, mut scale) = match u32::try_from(cut).ok()? {
        0 => (mantissa, scale),
        19.. => (0, 0),
        cut => (divide_nearest(mantissa, 10_i64.pow(cut)), scale - cut as i32),
    };
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    if scale < 0 && mantissa != 0 {
        mantissa = mantissa.checked_mul(10_i64.checked_pow(scale.unsigned_abs())?)?;
    }
    let fits = mantissa.unsigned_abs() < 10_u64.pow(18);
    fits.then_some(Number { mantissa, scale: scale.max(0) as u8 })
}

fn divide_nearest(value: i64, divisor: i64) -> i64 {
    let (quotient, remainder) = (value / divisor, value % divisor);
    let away = remainder.abs() >= divisor - remainder.abs();
    quotient + if away { value.signum() } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (i64, u8) {
        let number = Number::read(text).unwrap();
        (number.mantissa, number.scale)
    }

    #[test]
    fn the_noise_of_doubles_is_rounded_away() {
        assert_eq!(read("0.09946999000000001"), (9_946_999, 8));
        assert_eq!(read("0.00031099999999999997"), (311, 6));
        assert_eq!(read("1.4999999999999999e-05"), (15, 6));
        assert_eq!(read("2300413.7295"), (23_004_137_295, 4));
    }

    #[test]
    fn plain_and_scientific_notation_agree() {
        assert_eq!(read("2e-06"), read("0.000002"));
        assert_eq!(read("1.5E3"), read("1500.0"));
        assert_eq!(read("+7"), (7, 0));
        assert_eq!(read("-0.50"), (-5, 1));
        assert_eq!(read("0e99"), (0, 0));
        assert_eq!(read("1e-99"), (0, 0));
    }

    #[test]
    fn what_is_no_number_is_refused_by_kind() {
        for text in ["", ".", "-", "1,5", "12a", "0x10", "1e", "1e+-3", "e5", "1.2.3"] {
            assert!(matches!(Number::read(text), Err(DataProblem::NotANumber(_))), "{text}");
        }
        for text in ["NaN", "inf", "-Infinity", "+INF"] {
            assert!(matches!(Number::read(text), Err(DataProblem::NotFinite(_))), "{text}");
        }
        for text in ["1e18", "1e300", "123456789012345678901"] {
            assert!(matches!(Number::read(text), Err(DataProblem::OutOfRange(_))), "{text}");
        }
    }

    #[test]
    fn the_mantissa_is_taken_to_the_nearest() {
        let number = Number::read("12.345").unwrap();
        assert_eq!((number.at(4, 18), number.at(2, 18)), (Some(123_450), Some(1_235)));
        assert_eq!(number.at(3, 4), None);
        assert_eq!(number.digits(), 2);
        assert_eq!(Number::read("0.5").unwrap().digits(), 0);
    }

    proptest! {
        #[test]
        fn numbers_are_ordered_as_their_values(
            a in -1_000_000_i64..1_000_000,
            b in -1_000_000_i64..1_000_000,
            scale in 0_i32..7,
        ) {
            let left = Number::read(&format!("{a}e-{scale}")).unwrap();
            let right = Number::read(&format!("{b}e-{scale}")).unwrap();
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
        }

        #[test]
        fn doubles_survive_their_own_printing(mantissa in 0_i64..1_000_000_000, scale in 0_i32..9) {
            let double = mantissa as f64 / 10_f64.powi(scale);
            let noisy = Number::read(&format!("{}", double * 3.0 / 3.0)).unwrap();
            prop_assert_eq!(noisy, Number::read(&format!("{mantissa}e-{scale}")).unwrap());
        }

        #[test]
        fn any_text_is_answered(text in "[-+0-9.eEnaif]{0,30}") {
            let _ = Number::read(&text);
        }
    }
}
