//! Opaque, typed, authenticated ids: clients keep them, never read them.

use async_graphql::{Context, ID, Result};
use uuid::Uuid;

use crate::graphql::context::session::service;
use crate::graphql::error;

/// What the MAC of an id is for.
const CONTEXT: &[&[u8]] = &[b"id"];

/// An id, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DecodedId {
    /// The kind of object.
    pub(crate) kind: String,
    key: Vec<u8>,
}

impl DecodedId {
    /// The key of an object in the database.
    pub(crate) fn uuid(&self) -> Option<Uuid> {
        Uuid::from_slice(&self.key).ok()
    }

    /// The key of an object by name.
    pub(crate) fn name(&self) -> Option<&str> {
        std::str::from_utf8(&self.key).ok()
    }
}

/// Encodes the id of an object.
pub(crate) fn encode(context: &Context<'_>, kind: &str, key: impl AsRef<[u8]>) -> Result<ID> {
    let bytes = [kind.as_bytes(), b":", key.as_ref()].concat();
    Ok(ID(service(context)?.keys().encode_authenticated(CONTEXT, &bytes)))
}

/// Decodes an id, of the argument of that name. Refuses one that this server did not give.
pub(crate) fn decode(context: &Context<'_>, argument: &str, id: &ID) -> Result<DecodedId> {
    let bytes = service(context)?.keys().decode_authenticated(CONTEXT, id);
    let decoded = bytes.and_then(|bytes| {
        let colon = bytes.iter().position(|byte| *byte == b':')?;
        let (kind, key) = bytes.split_at_checked(colon)?;
        Some(DecodedId { kind: String::from_utf8(kind.to_vec()).ok()?, key: key.get(1..)?.to_vec() })
    });
    decoded.ok_or_else(|| error::invalid_id(argument))
}

/// Returns the key of an id of that kind, of the argument of that name. Refuses any other id.
pub(crate) fn uuid(context: &Context<'_>, kind: &str, argument: &str, id: &ID) -> Result<Uuid> {
    let decoded = decode(context, argument, id)?;
    let key = decoded.uuid().filter(|_| decoded.kind == kind);
    key.ok_or_else(|| error::invalid_id(argument))
}

/// The same of an optional argument.
pub(crate) fn optional_uuid(
    context: &Context<'_>,
    kind: &str,
    argument: &str,
    id: Option<&ID>,
) -> Result<Option<Uuid>> {
    id.map(|id| uuid(context, kind, argument, id)).transpose()
}
