//! Which report answers which command, which order a report is about, and what a sender gets when
//! the answer does not come or the venue refuses to listen.

use banyan_core::ids::ClientOrderId;
use banyan_core::venue::{RejectReason, VenueCommand, VenueReport};

/// The order that a command is about.
pub(super) fn order_of_command(command: &VenueCommand) -> Option<ClientOrderId> {
    match command {
        VenueCommand::SubmitOrder { request, .. } => Some(request.client_id),
        VenueCommand::CancelOrder { client_id, .. }
        | VenueCommand::QueryOrder { client_id, .. } => Some(*client_id),
        VenueCommand::FetchSnapshot { .. } | VenueCommand::SetLeverage { .. } => None,
    }
}

/// The order that a report is about.
pub(super) fn order_of_report(report: &VenueReport) -> Option<ClientOrderId> {
    match report {
        VenueReport::OrderAccepted { client_id, .. }
        | VenueReport::OrderRejected { client_id, .. }
        | VenueReport::SubmitOutcomeLost { client_id }
        | VenueReport::OrderTriggered { client_id }
        | VenueReport::OrderCancelled { client_id }
        | VenueReport::CancelRejected { client_id, .. }
        | VenueReport::OrderExpired { client_id }
        | VenueReport::OrderReported { client_id, .. } => Some(*client_id),
        VenueReport::OrderFilled(fill) => fill.client_id,
        VenueReport::QueryFailed { client_id } => *client_id,
        VenueReport::SnapshotTaken(_)
        | VenueReport::FundingBooked(_)
        | VenueReport::LeverageSet { .. }
        | VenueReport::LeverageRejected { .. }
        | VenueReport::StreamInterrupted => None,
    }
}

/// Says whether a report that came of executing a command is the direct answer to it.
#[must_use]
pub fn is_answer(command: &VenueCommand, report: &VenueReport) -> bool {
    use {VenueCommand as C, VenueReport as R};
    let kind = match command {
        C::SubmitOrder { .. } => {
            matches!(report, R::OrderAccepted { .. } | R::OrderRejected { .. })
        }
        C::CancelOrder { .. } => {
            matches!(report, R::OrderCancelled { .. } | R::CancelRejected { .. })
        }
        C::QueryOrder { .. } => matches!(report, R::OrderReported { .. } | R::QueryFailed { .. }),
        C::FetchSnapshot { .. } => matches!(report, R::SnapshotTaken(_) | R::QueryFailed { .. }),
        C::SetLeverage { .. } => {
            matches!(report, R::LeverageSet { .. } | R::LeverageRejected { .. })
        }
    };
    kind && order_of_command(command) == order_of_report(report)
}

/// Says whether a venue tells this on its user stream, so that it may come twice.
pub(super) fn may_repeat(report: &VenueReport) -> bool {
    !matches!(
        report,
        VenueReport::OrderReported { .. }
            | VenueReport::QueryFailed { .. }
            | VenueReport::SnapshotTaken(_)
            | VenueReport::LeverageSet { .. }
            | VenueReport::LeverageRejected { .. }
            | VenueReport::CancelRejected { .. }
    )
}

/// What the sender of a command gets when no answer came in time.
#[must_use]
pub fn lost(command: &VenueCommand) -> VenueReport {
    match command {
        VenueCommand::SubmitOrder { request, .. } => {
            VenueReport::SubmitOutcomeLost { client_id: request.client_id }
        }
        VenueCommand::CancelOrder { client_id, .. } => {
            VenueReport::CancelRejected { client_id: *client_id, reason: None }
        }
        VenueCommand::QueryOrder { client_id, .. } => {
            VenueReport::QueryFailed { client_id: Some(*client_id) }
        }
        VenueCommand::FetchSnapshot { .. } => VenueReport::QueryFailed { client_id: None },
        VenueCommand::SetLeverage { instrument, .. } => {
            VenueReport::LeverageRejected { instrument: *instrument, reason: None }
        }
    }
}

/// What the sender of a command gets when the venue refuses it unseen.
pub(super) fn refused(command: &VenueCommand, reason: RejectReason) -> VenueReport {
    match command {
        VenueCommand::SubmitOrder { request, .. } => {
            VenueReport::OrderRejected { client_id: request.client_id, reason }
        }
        VenueCommand::CancelOrder { client_id, .. } => {
            VenueReport::CancelRejected { client_id: *client_id, reason: Some(reason) }
        }
        VenueCommand::SetLeverage { instrument, .. } => {
            VenueReport::LeverageRejected { instrument: *instrument, reason: Some(reason) }
        }
        VenueCommand::QueryOrder { .. } | VenueCommand::FetchSnapshot { .. } => lost(command),
    }
}
