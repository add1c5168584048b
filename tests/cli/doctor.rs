//! `banyan doctor`: what it checks.

use crate::banyan::{banyan, run};

const CHECKS: [&str; 4] = ["processors", "arithmetic", "simulated time", "risk limits"];

#[test]
fn doctor_lists_its_checks_and_passes() {
    let answer = run(&mut banyan(&["doctor"]));
    for check in CHECKS {
        let line = answer.text().lines().find(|line| line.contains(check));
        assert!(line.is_some_and(|line| line.starts_with("ok ")), "{check}: {answer:#?}");
    }
    assert_eq!(answer.stderr, "");
}

#[test]
fn doctor_speaks_json() {
    let answer = run(&mut banyan(&["doctor", "--json"])).json();
    assert_eq!(answer["passed"], true);
    let checks = answer["checks"].as_array().unwrap();
    let names: Vec<_> = checks.iter().map(|it| it["check"].as_str().unwrap()).collect();
    for check in CHECKS {
        assert!(names.contains(&check), "{check}: {answer:#}");
    }
    assert!(checks.iter().all(|it| it["passed"] == true && it["detail"].is_string()), "{answer:#}");
}
