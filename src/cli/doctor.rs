//! `banyan doctor`: is this machine fit, and does the engine work here at all?

use std::num::NonZeroUsize;

use banyan_core::money::Price;
use banyan_core::time::{HOUR, Timestamp};
use serde_json::json;

use super::{Exit, output};
use crate::clock::Clock;
use crate::settings::Settings;
use crate::simulation::{Pace, run as run_paused};

struct Check {
    name: &'static str,
    passed: bool,
    detail: String,
}

pub(super) fn run(settings: &Settings, as_json: bool) -> Exit {
    let checks = [processors(), arithmetic(), simulated_time(), limits(settings)];
    let passed = checks.iter().all(|check| check.passed);
    if as_json {
        let told: Vec<_> = checks
            .iter()
            .map(|it| json!({ "check": it.name, "passed": it.passed, "detail": it.detail }))
            .collect();
        output::json(&json!({ "passed": passed, "checks": told }));
    } else {
        for check in &checks {
            let mark = if check.passed { "ok  " } else { "FAIL" };
            output::write(&format!("{mark} {:<16} {}\n", check.name, check.detail));
        }
    }
    if passed { Exit::Success } else { Exit::Failed }
}

fn processors() -> Check {
    let count = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Check { name: "processors", passed: true, detail: count.to_string() }
}

/// A release that was built without overflow checks would lose money in silence.
fn arithmetic() -> Check {
    let largest = Price(std::hint::black_box(i64::MAX));
    // This panic is asked for; nobody needs to read of it.
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let checked = std::panic::catch_unwind(|| largest + Price(1)).is_err();
    std::panic::set_hook(tell);
    let detail = if checked { "overflow is caught" } else { "overflow wraps around" };
    Check { name: "arithmetic", passed: checked, detail: detail.to_owned() }
}

fn simulated_time() -> Check {
    let passed = run_paused(Pace::Unlimited, async {
        let clock = Clock::starting_at(Timestamp(0));
        tokio::time::sleep(clock.wait_until(Timestamp(HOUR))).await;
        clock.now() == Timestamp(HOUR)
    });
    let detail = if passed { "an hour passed at once" } else { "paused time does not jump" };
    Check { name: "simulated time", passed, detail: detail.to_owned() }
}

fn limits(settings: &Settings) -> Check {
    match settings.risk.limits() {
        Ok(_) => Check { name: "risk limits", passed: true, detail: "within bounds".to_owned() },
        Err(error) => Check { name: "risk limits", passed: false, detail: error.to_string() },
    }
}
