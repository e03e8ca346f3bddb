//! Messages of the WebSocket protocol.

use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A message from the client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Pong {},
    Subscribe {
        id: String,
        payload: Map<String, Value>,
    },
    Complete {
        id: String,
    },
}

/// A `next` message around a serialized response.
pub(super) fn next_message(id: &str, response: &Bytes) -> Option<Message> {
    let id = Value::from(id).to_string();
    let mut text = Vec::with_capacity(id.len() + response.len() + 40);
    for part in [&b"{\"id\":"[..], id.as_bytes(), b",\"type\":\"next\",\"payload\":", response, b"}"] {
        text.extend_from_slice(part);
    }
    Utf8Bytes::try_from(Bytes::from(text)).ok().map(Message::Text)
}

/// An `error` message.
pub(super) fn error_message(id: &str, response: &async_graphql::Response) -> Value {
    json!({ "id": id, "type": "error", "payload": response.errors })
}

/// Close reason for a duplicate operation id, within the 123 bytes of a close frame.
pub(super) fn duplicate_id_reason(id: &str) -> String {
    let shown: String = id.chars().take_while(|c| !c.is_control()).take(20).collect();
    format!("Subscriber for {shown} already exists")
}
