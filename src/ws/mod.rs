//! WebSocket connections: the protocol, its limits, and one task for each socket.

pub mod protocol;
mod session;
mod settings;
mod sockets;

pub use settings::WsSettings;
pub use sockets::Sockets;
