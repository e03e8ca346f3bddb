//! The scalar `JSON`, for values in a form given by an SOP.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value, to_value};

/// Any JSON value.
#[derive(Debug, Clone)]
pub(crate) struct Json(pub(crate) serde_json::Value);

/// Any JSON value, as `{ "label": "puskesmas" }` (RFC 8259). Each field and
/// argument of this type names its schema.
#[Scalar(name = "JSON", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        value.into_json().map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        // Every JSON value is a GraphQL value.
        to_value(&self.0).unwrap_or_default()
    }
}
