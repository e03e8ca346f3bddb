//! The scalar `Date`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

/// A day of the calendar, as `2026-01-05` (RFC 3339, full-date).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A day of the calendar, as `2026-01-05` (RFC 3339, full-date).
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            // Exactly this form: others are ambiguous.
            Value::String(text) if text.len() == 10 => {
                let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
                day.map(Self).map_err(|_| InputValueError::custom("there is no such day; write it as 2026-01-05"))
            }
            Value::String(_) => Err(InputValueError::custom("write a day as 2026-01-05")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
