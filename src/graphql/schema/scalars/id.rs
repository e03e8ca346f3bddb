//! Opaque, typed ids: clients keep them, never read them.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Encodes the id of an object.
pub(crate) fn encode(kind: &str, key: impl std::fmt::Display) -> ID {
    ID(URL_SAFE_NO_PAD.encode(format!("{kind}:{key}")))
}

/// Decodes the kind and key of an id.
pub(crate) fn decode(id: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    text.split_once(':').map(|(kind, key)| (kind.to_owned(), key.to_owned()))
}

/// Returns the key of an id of the kind; the nil UUID, never found, for any other.
pub(crate) fn uuid(kind: &str, id: &ID) -> Uuid {
    match decode(id) {
        Some((of, key)) if of == kind => Uuid::parse_str(&key).unwrap_or(Uuid::nil()),
        _ => Uuid::nil(),
    }
}
