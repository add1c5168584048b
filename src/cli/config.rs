//! `banyan config`: the settings in force.

use super::{Exit, output};
use crate::settings::Settings;

pub(super) fn run(settings: &Settings, json: bool) -> Exit {
    if json {
        output::json(&serde_json::to_value(settings).unwrap_or_default());
    } else {
        output::write(&settings.to_toml());
    }
    Exit::Success
}
