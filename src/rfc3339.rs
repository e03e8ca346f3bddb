//! Dates and moments as text (RFC 3339): the forms taken, and the one form given.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, SubsecRound, Timelike, Utc};

/// Reads a date (full-date): four digits, two and two, of an existing day.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    // The library also takes signs, blanks and single digits.
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && date.to_string() == text).then_some(date)
}

/// Reads a moment (date-time) with any offset, cut to microseconds. No second 60, and no moment before the year 0 or
/// after the year 9999 of UTC: those could not be written back.
pub fn parse_date_time(text: &str) -> Option<DateTime<Utc>> {
    // The library also takes a blank between date and time, and U+2212 as a minus.
    let is_exact = text.is_ascii() && matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    let moment = DateTime::parse_from_rfc3339(text).ok().filter(|_| is_exact)?.to_utc();
    let is_writable = moment.nanosecond() < 1_000_000_000 && (0..=9999).contains(&moment.year());
    is_writable.then(|| moment.trunc_subsecs(6))
}

/// Writes a moment: in UTC, always with microseconds, as `2026-01-05T01:30:00.000000Z`. Texts sort as their moments do.
pub fn format_date_time(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use jsonschema::Validator;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Another reader of the same RFC, as forms have it.
    fn reader(format: &str) -> Validator {
        jsonschema::draft202012::options().should_validate_formats(true).build(&json!({ "format": format })).unwrap()
    }

    /// Text that is a date or nearly one.
    fn nearly_a_date() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]",
            "[+-]?[0-9]{1,5}[- /][+ ]?[0-9]{1,2}[- ][+ ]?[0-9]{1,2}[ Z]?",
        ]
    }

    /// Text that is a moment or nearly one, in a year of both readers.
    fn nearly_a_moment() -> impl Strategy<Value = String> {
        prop_oneof![
            "20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
            "[+ ]?20[0-9]{2}-[0-1][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-5][0-9][.,]?[0-9]{0,12} ?(Z|z|UTC|[+\u{2212}-][0-9]{2}:?[0-9]{0,2})?",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_date_is_an_existing_day_in_one_form(text in nearly_a_date()) {
            let date = parse_date(&text);
            prop_assert_eq!(date.is_some(), reader("date").is_valid(&json!(text)), "{}", text);
            prop_assert!(date.is_none_or(|date| date.to_string() == text), "{}", text);
        }

        #[test]
        fn a_moment_has_the_form_of_the_rfc(text in nearly_a_moment()) {
            let is_valid = reader("date-time").is_valid(&json!(text));
            prop_assert_eq!(parse_date_time(&text).is_some(), is_valid, "{}", text);
        }

        #[test]
        fn moments_are_written_in_one_width_and_sort_as_text(
            earlier in -62_167_219_200_000_000_i64..253_402_300_800_000_000,
            later in -62_167_219_200_000_000_i64..253_402_300_800_000_000,
        ) {
            let moment = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap();
            let (one, other) = (format_date_time(moment(earlier)), format_date_time(moment(later)));
            prop_assert_eq!((one.len(), other.len()), (27, 27));
            prop_assert_eq!(one.cmp(&other), earlier.cmp(&later));
            prop_assert_eq!(parse_date_time(&one), Some(moment(earlier)), "it reads back as it was");
        }
    }

    #[test]
    fn other_forms_are_not_taken() {
        for text in
            ["+2026-1-05", "2026- 1-05", "2026-1-5", "2026-02-30", "02026-01-05", "2026-01-05 ", "2026-01-0５", ""]
        {
            assert_eq!(parse_date(text), None, "{text:?}");
        }
        for text in [
            "2026-01-05 01:30:00Z",
            "2026-01-05T01:30Z",
            "2026-01-05T01:30:00",
            "2026-01-05T01:30:00,5Z",
            "2026-01-05T01:30:00.Z",
            "2026-01-05T01:30:60Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T01:30:00+0700",
            "2026-01-05T01:30:00+07",
            "2026-01-05T01:30:00\u{2212}07:00",
            "2026-01-05T01:30:00 +07:00",
            " 2026-01-05T01:30:00Z",
            "2026-01-05T01:30:00Z\u{0}",
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(parse_date_time(text), None, "{text:?}");
        }
        let moment = parse_date_time("2026-01-05t08:30:00.1234567+07:00").unwrap();
        assert_eq!(format_date_time(moment), "2026-01-05T01:30:00.123456Z");
    }
}
