//! The scalar `Date`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

use crate::rfc3339::parse_date;

/// A day of the calendar, as `2026-01-05` (RFC 3339, full-date).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A day of the calendar, as `2026-01-05` (RFC 3339, full-date). Read in exactly this form: four digits, two and two, of an
/// existing day.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let date = parse_date(text).map(Self);
        date.ok_or_else(|| InputValueError::custom("write an existing day as 2026-01-05"))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
