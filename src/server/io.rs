//! The runtime for I/O: sockets, requests and databases live there, the engine does not.

use std::future::Future;

use tokio::runtime::{Handle, Runtime};

use super::ServerError;
use crate::settings::ServerSettings;

/// The runtime for I/O.
pub(super) fn io_runtime(settings: &ServerSettings) -> Result<Runtime, ServerError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.io_threads)
        .thread_name("io")
        .enable_all()
        .build()
        .map_err(|error| ServerError::Engine(error.to_string()))
}

/// Lets work be done on the I/O runtime.
pub(super) async fn on<T: Send + 'static>(
    io: &Handle,
    work: impl Future<Output = Result<T, ServerError>> + Send + 'static,
) -> Result<T, ServerError> {
    let done = io.spawn(work).await;
    done.map_err(|error| ServerError::Engine(error.to_string()))?
}
