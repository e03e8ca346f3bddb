//! The scalar `DateTime`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, SecondsFormat, SubsecRound, Timelike, Utc};

/// A moment, in UTC, as `2026-01-05T01:30:00Z` (RFC 3339, date-time). Read in any time zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateTime(pub(crate) chrono::DateTime<Utc>);

/// A moment, in UTC, as `2026-01-05T01:30:00Z` (RFC 3339, date-time). Read in any time zone.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let moment = chrono::DateTime::parse_from_rfc3339(text).ok();
        // Only timestamps readable by every RFC 3339 parser, since they are sent back: no second 60, for example.
        let moment = moment.map(|moment| moment.to_utc().trunc_subsecs(6)).filter(|moment| {
            text.is_ascii() && moment.nanosecond() < 1_000_000_000 && (0..=9999).contains(&moment.year())
        });
        moment.map(Self).ok_or_else(|| InputValueError::custom("write it as 2026-01-05T01:30:00Z"))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}
