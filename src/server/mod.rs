//! The server: composes store, exchange, engine and interfaces, and runs them until it is stopped.
//!
//! The one room that knows all others. It holds no rule of trading and answers no request.

mod demo;
mod error;
mod fleet;
mod folder;
mod io;
mod models;
mod parts;
mod signals;

pub use demo::DemoLogin;
pub use error::ServerError;
pub use parts::{MarketplaceOpener, OpenMarketplace, Premises};

use crate::settings::Settings;

/// Where a server is, once it answers.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Its origin, without a slash at the end.
    pub url: String,
    /// The demo user's login, where there is one.
    pub demo: Option<DemoLogin>,
    /// Where the rule-based demo model, which is not an AI, is asked, where there is one.
    pub house_model_url: Option<String>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Another engine has taken its data over.
    Fenced,
}

/// Runs the server on the embedded exchange until the process is told to stop.
///
/// # Errors
/// When something that it needs cannot be had; nothing was traded then.
pub fn run(settings: &Settings, announce: impl FnOnce(&Ready)) -> Result<Ended, ServerError> {
    let paper = settings.paper.plan();
    run_on(settings, Box::new(move |premises| Box::pin(parts::embedded(premises, paper))), announce)
}

/// Runs the server on whatever exchange the opener finds.
///
/// # Errors
/// When something that it needs cannot be had; nothing was traded then.
pub fn run_on(
    settings: &Settings,
    opener: MarketplaceOpener,
    announce: impl FnOnce(&Ready),
) -> Result<Ended, ServerError> {
    let io = io::io_runtime(&settings.server)?;
    let system = actix::System::new();
    let ended = system.block_on(async {
        let mut running = parts::start(settings, io.handle().clone(), opener).await?;
        announce(&running.ready());
        let why = running.wait().await;
        running.stop().await;
        Ok(why)
    });
    // Requests that still run are given up: whoever asked hears nothing, as after a crash.
    io.shutdown_timeout(std::time::Duration::from_secs(1));
    ended
}
