//! WebSockets: the protocol `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>) and its close codes.

mod close_code;
mod connection;
mod message;

pub use close_code::CloseCode;
pub(super) use connection::upgrade;
