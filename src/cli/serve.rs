//! `banyan serve`: runs the server until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CommandError, Exit, output};
use crate::server::{self, Ended, Ready, ServerError};
use crate::settings::Settings;

#[derive(Args)]
pub(super) struct ServeArguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The folder below which everything is kept.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

impl ServeArguments {
    pub(super) fn as_variables(&self) -> Vec<(String, String)> {
        let listen = self.listen.map(|it| ("BANYAN__SERVER__LISTEN", it.to_string()));
        let folder = self.data_dir.as_ref().map(|it| it.display().to_string());
        let data_dir = folder.map(|it| ("BANYAN__STORE__DATA_DIR", it));
        listen.into_iter().chain(data_dir).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

pub(super) fn run(settings: &Settings, json: bool) -> Result<Exit, CommandError> {
    settings.log.begin();
    crate::telemetry::log_panics();
    let ended = server::run(settings, move |ready| announce(ready, json));
    match ended {
        Ok(Ended::Stopped) => Ok(Exit::Success),
        Ok(Ended::Fenced) => {
            Err(CommandError::InUse("another engine has taken this data over".to_owned()))
        }
        Err(ServerError::InUse(message)) => Err(CommandError::InUse(message)),
        Err(error @ ServerError::Settings(_)) => Err(CommandError::Usage(error.to_string())),
        Err(error) => Err(CommandError::Data(error.to_string())),
    }
}

/// Says where the server is, once it answers.
fn announce(ready: &Ready, json: bool) {
    let Ready { url, demo, house_model_url } = ready;
    if json {
        let mut line = json!({ "url": url });
        if let Some(login) = demo {
            line["email"] = login.email.as_str().into();
            line["password"] = login.password.expose().into();
        }
        if let Some(house) = house_model_url {
            line["house_model_url"] = house.as_str().into();
        }
        output::json(&line);
        return;
    }
    let mut text = format!("Banyan answers at {url}\n");
    if let Some(login) = demo {
        let (email, password) = (&login.email, login.password.expose());
        text += &format!("  login     {email}\n  password  {password}\n");
    }
    if let Some(house) = house_model_url {
        text += &format!("  model     {house} (the rule-based demo model, not an AI)\n");
    }
    text += "Press Ctrl-C to stop.\n";
    output::write(&text);
}
