//! Moments.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Timelike, Utc};

/// A moment, in UTC, as `2026-01-05T01:30:00Z` (RFC 3339, date-time). Read in any time zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

/// A moment, in UTC, as `2026-01-05T01:30:00Z` (RFC 3339, date-time). Read in any time zone.
#[Scalar(name = "DateTime", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for Moment {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let moment = DateTime::parse_from_rfc3339(text).ok();
        // What is read is told again: nothing that other readers of RFC 3339 stumble over, such as a second 60.
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
