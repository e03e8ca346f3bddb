use std::collections::BTreeMap;

use chrono::Weekday::{self, Fri, Mon, Sat, Sun, Thu, Tue, Wed};
use proptest::prelude::*;

use super::*;
use crate::procedure::WorkingHours;

fn hours(days: &[Weekday], from: &str, until: &str) -> WorkingHours {
    WorkingHours { days: days.to_vec(), from: from.parse().unwrap(), until: until.parse().unwrap() }
}

/// Monday to Thursday 07:30–12:00 and 13:00–16:00, Friday 07:30–11:30 and 13:00–16:30; closed on 17 August 2026, a Monday.
fn office(zone: &str) -> Office {
    Office {
        addresses: Default::default(),
        key: "kota".to_owned(),
        name: "Dinas".to_owned(),
        city: "Kota".to_owned(),
        time_zone: zone.parse().unwrap(),
        code: "KTA".to_owned(),
        number_format: "{office}/{number}".to_owned(),
        domain: "kota.go.id".to_owned(),
        reserved_labels: Vec::new(),
        racks: Vec::new(),
        roles: BTreeMap::new(),
        hours: vec![
            hours(&[Mon, Tue, Wed, Thu], "13:00:00", "16:00:00"),
            hours(&[Mon, Tue, Wed, Thu], "07:30:00", "12:00:00"),
            hours(&[Fri], "07:30:00", "11:30:00"),
            hours(&[Fri], "13:00:00", "16:30:00"),
        ],
        holidays: vec!["2026-08-17".parse().unwrap()],
        english: Default::default(),
    }
}

fn time(amount: u32, unit: TimeUnit) -> StandardTime {
    StandardTime { amount, unit, printed: String::new() }
}

fn at(zone: Tz, local: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    zone.from_local_datetime(&local).unwrap().to_utc()
}

/// Each row: arrived, amount, unit, due; all by the office's clock.
fn holds(zone: &str, rows: &[(&str, u32, TimeUnit, &str)]) {
    let office = office(zone);
    let calendar = Calendar::new(&office);
    for (arrived, amount, unit, due) in rows {
        let found = calendar.due(at(office.time_zone, arrived), &time(*amount, *unit)).unwrap();
        let shown = found.with_timezone(&office.time_zone).format("%Y-%m-%d %H:%M").to_string();
        assert_eq!(shown, *due, "{zone}: {amount} {unit:?} from {arrived}");
    }
}

#[test]
fn minutes_and_hours_run_in_working_time_only() {
    use TimeUnit::{Hour, Minute};
    for zone in ["Asia/Pontianak", "Asia/Makassar"] {
        holds(
            zone,
            &[
                // Within a stretch, up to its very end, across lunch, across the night.
                ("2026-08-11 09:00", 5, Minute, "2026-08-11 09:05"),
                ("2026-08-11 11:55", 5, Minute, "2026-08-11 12:00"),
                ("2026-08-11 11:55", 10, Minute, "2026-08-11 13:05"),
                ("2026-08-11 12:30", 10, Minute, "2026-08-11 13:10"),
                ("2026-08-11 15:30", 45, Minute, "2026-08-12 07:45"),
                // At closing time the office no longer works; before opening not yet.
                ("2026-08-11 16:00", 5, Minute, "2026-08-12 07:35"),
                ("2026-08-11 12:00", 5, Minute, "2026-08-11 13:05"),
                ("2026-08-11 05:00", 1, Hour, "2026-08-11 08:30"),
                // Friday's own lunch; then Saturday, Sunday and the holiday.
                ("2026-08-14 11:00", 1, Hour, "2026-08-14 13:30"),
                ("2026-08-14 16:00", 1, Hour, "2026-08-18 08:00"),
                ("2026-08-15 10:00", 1, Hour, "2026-08-18 08:30"),
                ("2026-08-17 10:00", 30, Minute, "2026-08-18 08:00"),
                // A whole day of seven and a half hours, and a little.
                ("2026-08-11 07:30", 8, Hour, "2026-08-12 08:00"),
            ],
        );
    }
}

#[test]
fn a_day_is_the_same_moment_of_the_next_working_day() {
    use TimeUnit::Day;
    holds(
        "Asia/Makassar",
        &[
            ("2026-08-11 09:15", 1, Day, "2026-08-12 09:15"),
            ("2026-08-11 09:15", 3, Day, "2026-08-14 09:15"),
            // Thursday's 11:45 falls into Friday's lunch: the afternoon's opening.
            ("2026-08-13 11:45", 1, Day, "2026-08-14 13:00"),
            // Friday's 16:15 is after the others' closing: closing time; over the weekend and the holiday.
            ("2026-08-14 16:15", 1, Day, "2026-08-18 16:00"),
            ("2026-08-14 16:15", 4, Day, "2026-08-21 16:15"),
            // Outside hours: from the next opening.
            ("2026-08-11 12:30", 1, Day, "2026-08-12 13:00"),
            ("2026-08-11 20:00", 1, Day, "2026-08-13 07:30"),
            ("2026-08-11 03:00", 1, Day, "2026-08-12 07:30"),
            ("2026-08-16 10:00", 1, Day, "2026-08-19 07:30"),
        ],
    );
}

#[test]
fn the_day_is_the_offices_day_and_not_that_of_utc() {
    // Midnight UTC is 07:00 in Pontianak, before opening, and 08:00 in Makassar, within hours.
    let midnight: DateTime<Utc> = "2026-08-12T00:00:00Z".parse().unwrap();
    let five = time(5, TimeUnit::Minute);
    let due = |zone: &str| Calendar::new(&office(zone)).due(midnight, &five).unwrap().to_rfc3339();
    assert_eq!(due("Asia/Pontianak"), "2026-08-12T00:35:00+00:00");
    assert_eq!(due("Asia/Makassar"), "2026-08-12T00:05:00+00:00");

    // 23:45 UTC on Thursday is Friday 06:45 and 07:45; the holiday begins at 17:00 and 16:00 UTC of the day before.
    let evening: DateTime<Utc> = "2026-08-13T23:45:00Z".parse().unwrap();
    let day = time(1, TimeUnit::Day);
    let due = |zone: &str| Calendar::new(&office(zone)).due(evening, &day).unwrap().to_rfc3339();
    assert_eq!(due("Asia/Pontianak"), "2026-08-18T00:30:00+00:00");
    assert_eq!(due("Asia/Makassar"), "2026-08-17T23:45:00+00:00");
}

#[test]
fn the_year_turns_with_the_offices_clock() {
    for (zone, last) in [("Asia/Pontianak", "2026-12-31T16:59:59Z"), ("Asia/Makassar", "2026-12-31T15:59:59Z")] {
        let calendar = Calendar::new(&office(zone));
        let last: DateTime<Utc> = last.parse().unwrap();
        assert_eq!(calendar.year(last), 2026, "{zone}");
        assert_eq!(calendar.year(last + TimeDelta::seconds(1)), 2027, "{zone}");
    }
    Calendar::new(&office("Asia/Makassar")).year(DateTime::<Utc>::MAX_UTC);
}

#[test]
fn an_office_without_working_time_has_no_due_times() {
    let arrived = "2026-08-12T03:00:00Z".parse().unwrap();
    let mut never = office("Asia/Makassar");
    never.hours.clear();
    let mut backwards = office("Asia/Makassar");
    backwards.hours = vec![hours(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], "16:00:00", "08:00:00")];
    for office in [never, backwards] {
        for unit in [TimeUnit::Minute, TimeUnit::Hour, TimeUnit::Day] {
            assert_eq!(Calendar::new(&office).due(arrived, &time(1, unit)), None);
        }
        assert!(!Calendar::new(&office).is_working(arrived));
    }
}

#[test]
fn an_absurd_time_has_no_due_time() {
    let calendar = Calendar::new(&office("Asia/Makassar"));
    for unit in [TimeUnit::Minute, TimeUnit::Hour, TimeUnit::Day] {
        assert_eq!(calendar.due("2026-08-12T03:00:00Z".parse().unwrap(), &time(u32::MAX, unit)), None);
        assert_eq!(calendar.due(DateTime::<Utc>::MAX_UTC, &time(1, unit)), None);
        let _ = calendar.due(DateTime::<Utc>::MIN_UTC, &time(1, unit));
    }
}

#[test]
fn adjacent_hours_are_joined() {
    let mut office = office("Asia/Makassar");
    office.hours = vec![
        hours(&[Tue], "08:00:00", "10:00:00"),
        hours(&[Tue], "09:00:00", "12:00:00"),
        hours(&[Tue], "12:00:00", "13:00:00"),
        hours(&[Tue], "08:30:00", "09:00:00"),
    ];
    let due = Calendar::new(&office).due(at(office.time_zone, "2026-08-11 08:00"), &time(5, TimeUnit::Hour));
    assert_eq!(due, Some(at(office.time_zone, "2026-08-11 13:00")));
}

#[test]
fn daylight_saving_changes_lose_no_working_time() {
    // Berlin, 2026: 02:00–03:00 is left out on 29 March and comes twice on 25 October, both Sundays.
    let mut office = office("Europe/Berlin");
    office.hours = vec![hours(&[Sun], "02:30:00", "04:00:00")];
    let calendar = Calendar::new(&office);
    let due = |arrived: &str, amount, unit| {
        let arrived: DateTime<Utc> = arrived.parse().unwrap();
        calendar.due(arrived, &time(amount, unit)).unwrap().to_rfc3339()
    };
    assert_eq!(due("2026-03-29T00:00:00Z", 30, TimeUnit::Minute), "2026-03-29T01:30:00+00:00");
    assert_eq!(due("2026-10-25T00:00:00Z", 150, TimeUnit::Minute), "2026-10-25T03:00:00+00:00");
    assert_eq!(due("2026-03-22T01:45:00Z", 1, TimeUnit::Day), "2026-03-29T01:00:00+00:00");
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("Asia/Pontianak"), Just("Asia/Makassar"), Just("Asia/Jayapura"), Just("Europe/Berlin")]
}

fn units() -> impl Strategy<Value = TimeUnit> {
    prop_oneof![Just(TimeUnit::Minute), Just(TimeUnit::Hour), Just(TimeUnit::Day)]
}

/// Seconds of 2026 and 2027.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    (1_767_225_600_i64..1_830_297_600).prop_map(|at| DateTime::from_timestamp(at, 0).unwrap())
}

proptest! {
    #[test]
    fn due_times_are_monotonic(
        zone in zones(), unit in units(), amount in 1u32..200, one in moments(), apart in 0i64..200_000,
    ) {
        let calendar = Calendar::new(&office(zone));
        let time = time(amount, unit);
        let other = one + TimeDelta::seconds(apart);
        prop_assert!(calendar.due(one, &time).unwrap() <= calendar.due(other, &time).unwrap());
    }

    #[test]
    fn a_due_time_is_in_working_time_and_after_the_arrival(
        zone in zones(), unit in units(), amount in 1u32..200, arrived in moments(),
    ) {
        let calendar = Calendar::new(&office(zone));
        let due = calendar.due(arrived, &time(amount, unit)).unwrap();
        prop_assert!(due > arrived);
        // Closing time itself is still on time.
        prop_assert!(calendar.is_working(due) || calendar.is_working(due - TimeDelta::seconds(1)));
    }

    #[test]
    fn minutes_are_the_minutes_that_the_office_worked(
        zone in zones(), amount in 1u32..900, minute in 29_453_760_i64..30_504_960,
    ) {
        let calendar = Calendar::new(&office(zone));
        let arrived = DateTime::from_timestamp(minute * 60, 0).unwrap();
        let due = calendar.due(arrived, &time(amount, TimeUnit::Minute)).unwrap();
        let mut worked = 0;
        let mut now = arrived;
        while now < due {
            worked += u32::from(calendar.is_working(now));
            now += TimeDelta::minutes(1);
        }
        prop_assert_eq!(worked, amount);
    }
}
