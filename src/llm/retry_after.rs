//! When a server wants to be asked again: `Retry-After` in seconds or as a date, and its kin.
//!
//! A date is read against the server's own, so that no clock of ours matters.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Longest pause that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// The pause that a server asks for.
pub(super) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|it| it.parse::<f64>().ok()) {
        return pause(milliseconds / 1_000.0);
    }
    let told = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = told.parse::<f64>() {
        return pause(seconds);
    }
    let (then, now) = (date(told)?, date(text(DATE.as_str())?)?);
    pause(f64::from(i32::try_from(then - now).ok()?))
}

fn pause(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok().map(|it| it.min(LONGEST))
}

/// Seconds since 1970 of a date such as `Wed, 21 Oct 2015 07:28:00 GMT`.
fn date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|it| *it == name)?).ok()? + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|it| it.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    Some(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days since 1970 of a date of the Gregorian calendar, after H. Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn told(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        read(&pairs.collect())
    }

    #[test]
    fn a_pause_is_read_in_all_its_forms() {
        assert_eq!(told(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(told(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(told(&[("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        assert_eq!(told(&[("retry-after", "-3")]), Some(Duration::ZERO));
        assert_eq!(told(&[("retry-after", "soon")]), None);
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn a_date_is_read_against_the_servers_own() {
        let later = "Wed, 21 Oct 2015 07:28:00 GMT";
        let now = "Wed, 21 Oct 2015 07:27:30 GMT";
        let pause = told(&[("retry-after", later), ("date", now)]);
        assert_eq!(pause, Some(Duration::from_secs(30)));
        assert_eq!(told(&[("retry-after", later)]), None);
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(date("Tue, 29 Feb 2000 12:00:00 GMT"), Some(951_825_600));
    }
}
