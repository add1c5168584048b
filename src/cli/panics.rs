//! `banyan simulate --panics`: one worker panics until it is given up; its siblings never notice.

use serde_json::json;

use super::{Exit, output};
use crate::simulation::panics::{PanicReport, demonstrate};

pub(super) fn run(as_json: bool) -> Exit {
    let report = demonstrate();
    if as_json {
        output::json(&json!({
            "panics": report.panics,
            "restarts": report.restarts,
            "epochs": report.epochs,
            "state": report.state,
            "reason": report.reason,
            "sibling_restarts": report.sibling_restarts,
            "sibling_state": report.sibling_state,
            "sibling_fills_before": report.sibling_fills_before,
            "sibling_fills_after": report.sibling_fills_after,
            "passed": report.passed(),
        }));
    } else {
        output::write(&to_text(&report));
    }
    if report.passed() { Exit::Success } else { Exit::Failed }
}

fn to_text(report: &PanicReport) -> String {
    format!(
        "worker   {} panics, {} restarts under {} epochs, now {:?}: {}\n\
         sibling  {} restarts, {:?}, fills before {} and after {}\n",
        report.panics,
        report.restarts,
        report.epochs,
        report.state,
        report.reason.as_deref().unwrap_or("no reason"),
        report.sibling_restarts,
        report.sibling_state,
        report.sibling_fills_before,
        report.sibling_fills_after,
    )
}
