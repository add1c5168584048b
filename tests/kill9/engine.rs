//! The engine process: the same code as `banyan serve`, on the exchange of another process.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use banyan::server::{self, OpenMarketplace};
use banyan::settings::Settings;

use crate::client::{Line, WireMarketplace};

/// Serves until it is stopped or killed. Settings come from the environment, as those of any
/// server may.
pub(crate) fn run(socket: PathBuf) -> ExitCode {
    let settings = Settings::load(None, None, std::env::vars()).expect("the settings are right");
    settings.log.begin();
    let opener = move |premises: server::Premises| {
        let opened: std::pin::Pin<Box<dyn Future<Output = _>>> = Box::pin(async move {
            let line = Line::open(&socket, premises.clock, &premises.io).await;
            Ok(OpenMarketplace {
                enter: Box::new(move || Rc::new(WireMarketplace::new(line))),
                threads: Vec::new(),
                close: Box::new(|| Box::pin(async {})),
            })
        });
        opened
    };
    let ended = server::run_on(&settings, Box::new(opener), |ready| {
        // Where it is, and which process, for whoever started it by way of another.
        println!("{} {}", ready.url, std::process::id());
    });
    match ended {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the engine did not start: {error}");
            ExitCode::from(3)
        }
    }
}
