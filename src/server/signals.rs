//! What ends a server: a signal, or the loss of its data to another engine.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::Ended;

/// Waits until the process is told to stop, or the journal belongs to another process.
pub(super) async fn wait(mut fenced: mpsc::Receiver<()>) -> Ended {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be heard; only another engine can end this one");
        fenced.recv().await;
        return Ended::Fenced;
    };
    tokio::select! {
        biased;
        Some(()) = fenced.recv() => Ended::Fenced,
        _ = interrupt.recv() => Ended::Stopped,
        _ = terminate.recv() => Ended::Stopped,
    }
}
