//! `banyan simulate`: what it answers. That the invariants hold over many seeds is shown by running
//! many seeds, which `make simulate` does.

use crate::banyan::{banyan, run};

#[test]
fn a_few_seeds_hold_and_the_summary_adds_them_up() {
    let answer = run(&mut banyan(&["simulate", "--seeds", "0..2", "--json"])).json();
    assert_eq!(answer["seeds"], 2);
    assert_eq!(answer["violations"], 0, "{answer:#}");
    for figure in ["events", "orders", "fills", "restarts", "panics", "protected"] {
        assert!(answer[figure].as_u64().is_some_and(|it| it > 0), "{figure}: {answer:#}");
    }
    assert!(answer["fewest_orders"].as_u64().is_some_and(|it| it >= 200), "{answer:#}");
    assert!(answer["restarts"].as_u64().is_some_and(|it| it >= 6), "{answer:#}");
    assert_eq!(answer["event_log_hash"].as_str().map(str::len), Some(64));
    let decisions = &answer["decisions"];
    for figure in ["made", "failed", "approved_intents"] {
        assert!(decisions[figure].as_u64().is_some_and(|it| it > 0), "{figure}: {decisions:#}");
    }
    let questions = decisions["questions"].as_object().expect("questions by treatment");
    for (treated, count) in questions {
        assert!(count.as_u64().is_some_and(|it| it > 0), "no model was {treated}: {decisions:#}");
    }
}

#[test]
fn the_same_seeds_give_the_same_hash_on_any_number_of_threads() {
    let hash = |seeds: &str, threads: &str| {
        let arguments = ["simulate", "--seeds", seeds, "--threads", threads, "--json"];
        run(&mut banyan(&arguments)).json()["event_log_hash"].clone()
    };
    assert_eq!(hash("3..5", "1"), hash("3..5", "2"));
    assert_ne!(hash("3..5", "2"), hash("4..6", "2"));
}

#[test]
fn a_trace_tells_what_is_sent_told_and_durable() {
    let answer = run(&mut banyan(&["simulate", "--seeds", "7..8", "--trace"]));
    assert_eq!(answer.json()["seed"], 7);
    for word in [" sent SubmitOrder", " told OrderAccepted", " durable OrderPlanned"] {
        assert!(answer.stderr.contains(word), "{word}");
    }
}

#[test]
fn a_worker_that_panics_is_given_up_and_its_sibling_never_notices() {
    let answer = run(&mut banyan(&["simulate", "--panics", "--json"])).json();
    assert_eq!(answer["passed"], true, "{answer:#}");
    assert_eq!(answer["state"], "error");
    assert_eq!(answer["reason"], "panicked 5 times within 10 minutes");
    assert_eq!((&answer["restarts"], &answer["sibling_restarts"]), (&4.into(), &0.into()));
}

#[test]
fn ranges_that_make_no_sense_are_refused() {
    for seeds in ["5", "5..5", "9..3", "a..b", "-1..4", ""] {
        let answer = run(&mut banyan(&["simulate", "--seeds", seeds]));
        assert_eq!(answer.code, Some(2), "{seeds:?}: {answer:#?}");
        assert_eq!(answer.stdout, "");
    }
}
