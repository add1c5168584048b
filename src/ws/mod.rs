//! WebSocket connections: the protocol, its limits, and one task for each socket.

mod settings;

pub use settings::WsSettings;
