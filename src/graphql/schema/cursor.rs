//! Cursors of pages: a place in one list, in its order and under its filter. Cursors of events are places in the log, valid in
//! each of its lists: `service/following/cursor.rs`.

use async_graphql::{InputType, Result, Value};
use chrono::DateTime;
use uuid::Uuid;

use crate::graphql::error;
use crate::service::Service;
use crate::store::{PageKey, SortValue};

/// The first byte of a place by a moment.
const MOMENT: u8 = 0;

/// The first byte of a place by a text.
const TEXT: u8 = 1;

/// A list in an order and under a filter: what a cursor is valid for.
pub(crate) struct CursorList<'a> {
    service: &'a Service,
    name: String,
    filter: String,
}

impl<'a> CursorList<'a> {
    /// The list of that name, which includes its order, under a filter as sent.
    pub(crate) fn new(service: &'a Service, name: impl Into<String>, filter: &impl InputType) -> Self {
        Self { service, name: name.into(), filter: canonical(InputType::to_value(filter)).to_string() }
    }

    /// Encodes the cursor of a place.
    pub(crate) fn encode(&self, place: &PageKey) -> String {
        let (kind, value) = match &place.value {
            SortValue::Moment(moment) => (MOMENT, moment.timestamp_micros().to_be_bytes().to_vec()),
            SortValue::Text(text) => (TEXT, text.clone().into_bytes()),
        };
        let bytes = [&[kind][..], place.id.as_bytes(), &value].concat();
        self.service.keys().encode_authenticated(&self.context(), &bytes)
    }

    /// Decodes the cursor of the argument of that name. Refuses one that this list did not give.
    pub(crate) fn decode(&self, argument: &str, cursor: &str) -> Result<PageKey> {
        let bytes = self.service.keys().decode_authenticated(&self.context(), cursor);
        bytes.as_deref().and_then(read).ok_or_else(|| error::invalid_cursor(argument))
    }

    fn context(&self) -> [&[u8]; 3] {
        [b"cursor", self.name.as_bytes(), self.filter.as_bytes()]
    }
}

/// Reads the bytes of a place.
fn read(bytes: &[u8]) -> Option<PageKey> {
    let (kind, rest) = bytes.split_first()?;
    let (id, value) = rest.split_first_chunk()?;
    let value = match *kind {
        MOMENT => SortValue::Moment(DateTime::from_timestamp_micros(i64::from_be_bytes(value.try_into().ok()?))?),
        TEXT => SortValue::Text(String::from_utf8(value.to_vec()).ok()?),
        _ => return None,
    };
    Some(PageKey { value, id: Uuid::from_bytes(*id) })
}

/// A filter in one form: null is absent, and lists are sets.
fn canonical(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let given = fields.into_iter().filter(|(_, field)| *field != Value::Null);
            Value::Object(given.map(|(name, field)| (name, canonical(field))).collect())
        }
        Value::List(items) => {
            let mut items: Vec<Value> = items.into_iter().map(canonical).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            Value::List(items)
        }
        other => other,
    }
}
