//! Working time: an office's hours and holidays, and the due time of a step. Pure.
//!
//! Everything is computed in the office's zone and given in UTC. Minutes and hours run while the office works; a day is
//! the same moment by the office's clock on its next working day.

use std::collections::HashSet;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta};
use chrono::{TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::procedure::{Office, StandardTime, TimeUnit};

#[cfg(test)]
mod tests;

/// How far ahead a due time is looked for. A standard time beyond is a mistake in a file, and must not hold a request up.
const HORIZON_DAYS: u32 = 100 * 366;

/// Working time from a moment until just before another.
type WorkingPeriod = (DateTime<Utc>, DateTime<Utc>);

/// When an office works.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: Tz,
    /// From Monday: the stretches of a working day, in order, none touching the next.
    week: [Vec<(NaiveTime, NaiveTime)>; 7],
    holidays: HashSet<NaiveDate>,
}

impl Calendar {
    /// The calendar of an office. Periods with an end before their beginning count for nothing; adjacent ones are
    /// joined.
    pub fn new(office: &Office) -> Self {
        let mut week: [Vec<(NaiveTime, NaiveTime)>; 7] = Default::default();
        for hours in office.hours.iter().filter(|hours| hours.from < hours.until) {
            for day in &hours.days {
                if let Some(stretches) = week.get_mut(day.num_days_from_monday() as usize) {
                    stretches.push((hours.from, hours.until));
                }
            }
        }
        for stretches in &mut week {
            stretches.sort_unstable();
            stretches.dedup_by(|next, before| {
                let meets = next.0 <= before.1;
                if meets {
                    before.1 = before.1.max(next.1);
                }
                meets
            });
        }
        Self { zone: office.time_zone, week, holidays: office.holidays.iter().copied().collect() }
    }

    /// Returns the due time of a step, from its arrival.
    ///
    /// An arrival outside working hours counts from the next opening. Minutes and hours run in working time only, and
    /// may be over at closing time. A number of days is the same moment of the day, that many working days later, moved
    /// into the day's hours: to the next opening, or, after the last, to closing time.
    ///
    /// None without such a moment within a hundred years, as for an office without hours.
    pub fn due(&self, arrived: DateTime<Utc>, time: &StandardTime) -> Option<DateTime<Utc>> {
        let amount = i64::from(time.amount);
        match time.unit {
            TimeUnit::Minute => self.after_working(arrived, TimeDelta::try_minutes(amount)?),
            TimeUnit::Hour => self.after_working(arrived, TimeDelta::try_hours(amount)?),
            TimeUnit::Day => self.after_days(arrived, time.amount),
        }
    }

    /// True if the office works at a moment. At closing time it does not.
    pub fn is_working(&self, at: DateTime<Utc>) -> bool {
        self.local(at)
            .is_some_and(|local| self.stretches(local.date()).iter().any(|(from, until)| *from <= at && at < *until))
    }

    /// The year in the office's zone, for request numbers.
    pub fn year(&self, at: DateTime<Utc>) -> i32 {
        self.local(at).map_or(at.year(), |local| local.year())
    }

    /// The first moment with this much working time since `arrived`; the next working moment for none.
    fn after_working(&self, arrived: DateTime<Utc>, mut left: TimeDelta) -> Option<DateTime<Utc>> {
        let mut now = arrived;
        for (_, stretches) in self.working_days(self.local(arrived)?.date()) {
            for (from, until) in stretches {
                now = now.max(from);
                if now >= until {
                    continue;
                }
                let worked = until - now;
                if left <= worked {
                    return now.checked_add_signed(left);
                }
                left -= worked;
                now = until;
            }
        }
        None
    }

    /// The same moment of the day, this many working days later.
    fn after_days(&self, arrived: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
        let begun = self.local(self.after_working(arrived, TimeDelta::zero())?)?;
        let (date, stretches) = self.working_days(begun.date()).nth(usize::try_from(days).ok()?)?;
        let at = self.instant(date.and_time(begun.time()), false)?;
        let (_, closing) = *stretches.last()?;
        // Within a stretch the first `max` changes nothing; before one it opens.
        let (from, _) = stretches.iter().find(|(_, until)| at < *until).copied().unwrap_or((closing, closing));
        Some(at.max(from).min(closing))
    }

    /// The working days from a date on, within the horizon, with their stretches.
    fn working_days(&self, from: NaiveDate) -> impl Iterator<Item = (NaiveDate, Vec<WorkingPeriod>)> {
        let never = self.week.iter().all(Vec::is_empty);
        let days = if never { 0 } else { HORIZON_DAYS };
        (0..days)
            .map_while(move |ahead| from.checked_add_days(Days::new(ahead.into())))
            .map(|date| (date, self.stretches(date)))
            .filter(|(_, stretches)| !stretches.is_empty())
    }

    /// A date's working time, in order. Empty on a holiday and on a day of the week without hours.
    fn stretches(&self, date: NaiveDate) -> Vec<WorkingPeriod> {
        if self.holidays.contains(&date) {
            return Vec::new();
        }
        let hours = self.week.get(date.weekday().num_days_from_monday() as usize).map_or(&[][..], Vec::as_slice);
        hours
            .iter()
            .filter_map(|(from, until)| {
                Some((self.instant(date.and_time(*from), false)?, self.instant(date.and_time(*until), true)?))
            })
            .filter(|(from, until)| from < until)
            .collect()
    }

    /// A moment by the office's clock; none out of range.
    fn local(&self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
        let utc = at.naive_utc();
        utc.checked_add_offset(self.zone.offset_from_utc_datetime(&utc).fix())
    }

    /// The moment of a time by the office's clock. Times that occur twice (clocks set back): opening takes the first,
    /// closing the last. Skipped times (clocks set forward): the moment of the change.
    fn instant(&self, local: NaiveDateTime, closing: bool) -> Option<DateTime<Utc>> {
        let on_clock = |local: NaiveDateTime| match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(at) => Some(at.to_utc()),
            MappedLocalTime::Ambiguous(first, last) => Some(if closing { last.to_utc() } else { first.to_utc() }),
            MappedLocalTime::None => None,
        };
        on_clock(local).or_else(|| {
            // Leaps begin and end on whole minutes, and none is longer than a day.
            let minute = local.with_second(0)?.with_nanosecond(0)?;
            (1..=24 * 60).find_map(|ahead| on_clock(minute.checked_add_signed(TimeDelta::minutes(ahead))?))
        })
    }
}
