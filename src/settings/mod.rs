//! Settings: defaults, then a profile, then a file, then the environment; composed once, handed out
//! by room.
//!
//! Unknown keys and values out of bounds are errors that name the key. No room sees the whole.

pub(crate) mod number;
mod replay;
mod risk;
mod server;
mod sources;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::replay::{ReplayDefaults, SimulationSettings};
pub use self::risk::RiskSettings;
pub use self::server::ServerSettings;
use self::sources::{check_shape, overlay, parse, read, set};
use crate::api::ApiSettings;
use crate::auth::AuthSettings;
use crate::exchanges::PaperExchangeSettings;
use crate::fleet::TradingSettings;
use crate::llm::LlmSettings;
use crate::store::StoreSettings;
use crate::telemetry::LogSettings;
use crate::ws::WsSettings;

/// The defaults, as the user may read them.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");
/// The profiles that come with the binary.
const PROFILES: [(&str, &str); 2] = [
    ("demo", include_str!("../../config/demo.toml")),
    ("production", include_str!("../../config/production.toml")),
];
/// What environment variables of ours begin with.
const PREFIX: &str = "BANYAN__";

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Replays.
    pub replay: ReplayDefaults,
    /// Simulations.
    pub simulation: SimulationSettings,
    /// Limits of parameter strategies.
    pub risk: RiskSettings,
    /// Logins.
    pub auth: AuthSettings,
    /// The REST interface.
    pub api: ApiSettings,
    /// WebSocket connections.
    pub ws: WsSettings,
    /// Where the server listens, and how it ends.
    pub server: ServerSettings,
    /// Where data is kept.
    pub store: StoreSettings,
    /// What may be traded.
    pub trading: TradingSettings,
    /// The embedded exchange.
    pub paper: PaperExchangeSettings,
    /// Models.
    pub llm: LlmSettings,
    /// Logs.
    pub log: LogSettings,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no TOML, has an unknown key, or a value of a wrong type.
    #[error("{origin}: {message}")]
    Text {
        /// The file or variable.
        origin: String,
        /// What is wrong.
        message: String,
    },
    /// A value is out of its bounds.
    #[error("{field}: {message}")]
    Value {
        /// The key.
        field: String,
        /// What is wrong.
        message: String,
    },
}

impl Settings {
    /// Composes the settings from the defaults, a profile, a file and variables of the environment.
    ///
    /// A profile is one that comes with the binary, or `config/NAME.toml` below the working folder,
    /// which goes before.
    ///
    /// # Errors
    /// The first source that is wrong, by name.
    pub fn load(
        profile: Option<&str>,
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut table = parse(DEFAULTS, "config/default.toml")?;
        let profile = profile.map(profile_text).transpose()?;
        let file = file.map(read).transpose()?;
        for (name, text) in profile.into_iter().chain(file) {
            overlay(&mut table, parse(&text, &name)?)
                .map_err(|message| SettingsError::Text { origin: name.clone(), message })?;
            check_shape(&table, &name)?;
        }
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let path: Vec<_> = key.split("__").map(str::to_ascii_lowercase).collect();
            set(&mut table, &path, &value)
                .map_err(|message| SettingsError::Text { origin: name.clone(), message })?;
            check_shape(&table, &name)?;
        }
        let settings = check_shape(&table, "config/default.toml")?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        self.replay.check()?;
        self.risk.limits()?;
        let sections = [
            ("api", self.api.check()),
            ("ws", self.ws.check()),
            ("server", self.server.check()),
            ("trading", self.trading.check()),
            ("paper", self.paper.check()),
            ("llm", self.llm.check()),
            ("log", self.log.check()),
        ];
        for (section, checked) in sections {
            checked.map_err(|broken| section_error(section, broken))?;
        }
        Ok(())
    }

    /// The settings as TOML, secrets masked.
    ///
    /// # Panics
    /// Never: settings are tables of plain values.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are plain values")
    }
}

fn section_error(section: &str, (key, why): (&str, &str)) -> SettingsError {
    let field = format!("{section}.{key}");
    SettingsError::Value { field, message: why.to_owned() }
}

/// The text of a profile, with where it is from.
fn profile_text(name: &str) -> Result<(String, String), SettingsError> {
    let path = format!("config/{name}.toml");
    let plain = name.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it));
    if plain && Path::new(&path).is_file() {
        return read(Path::new(&path));
    }
    let known = PROFILES.iter().find(|(known, _)| *known == name);
    let text = known.ok_or_else(|| SettingsError::Value {
        field: "profile".to_owned(),
        message: format!("{name:?} is neither demo nor production, and there is no {path}"),
    })?;
    Ok((path, text.1.to_owned()))
}
