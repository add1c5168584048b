//! The REST interface: one file for each resource, thin.

mod settings;

pub use settings::ApiSettings;
