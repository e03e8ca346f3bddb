//! The scalar `DateTime`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::Utc;

use crate::rfc3339::{format_date_time, parse_date_time};

/// A moment (RFC 3339, date-time).
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateTime(pub(crate) chrono::DateTime<Utc>);

/// A moment (RFC 3339, date-time). Written in UTC and always with microseconds, the precision of what is stored:
/// `2026-01-05T01:30:00.000000Z`, 27 characters, which sort as the moments do. Read with any offset (`Z`, `+07:00`) and any number
/// of digits after the second, or none: `2026-01-05T08:30:00+07:00`. Digits after the sixth are cut off; no second 60.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let moment = parse_date_time(text).map(Self);
        moment.ok_or_else(|| InputValueError::custom("write it as 2026-01-05T01:30:00Z or 2026-01-05T08:30:00+07:00"))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(format_date_time(self.0))
    }
}
