//! A stage with one account and one worker, and what both tell about themselves.

use banyan::actors::{GetStatus, Level, OnWorker, Panic, StartAccount, WorkerState};
use banyan::simulation::panics::demonstrate;
use banyan::simulation::silence_injected_panics;

#[test]
fn a_worker_that_panics_too_often_is_given_up_with_a_reason() {
    silence_injected_panics();
    let report = demonstrate();
    assert!(report.passed(), "{report:#?}");
    assert_eq!(report.state, WorkerState::Error);
    let notice = report.notices.iter().find(|notice| notice.level == Level::Error);
    assert!(notice.is_some_and(|it| it.message.contains("panicked 5 times")), "{report:#?}");
}

/// The messages that people's requests become are plain values that can be sent between threads.
#[test]
fn requests_can_cross_threads() {
    fn is_send<T: Send>() {}
    is_send::<GetStatus>();
    is_send::<OnWorker>();
    is_send::<Panic>();
    is_send::<StartAccount>();
}
