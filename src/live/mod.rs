//! Event fan-out: the tail of the event log, read once and cached for all followers. A follower is only a position in the log, so a slow
//! one costs no memory and delays no other; a follower behind the tail reads the database.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::store::{LogPosition, NumberedEvent, RequestFacts};

/// Maximum number of entries in the tail.
const TAIL_LENGTH: usize = 1024;

/// An event of the log with the facts that decide its visibility.
#[derive(Debug)]
pub struct TailEntry {
    /// The event and its place in the log.
    pub numbered: NumberedEvent,
    /// The request's facts, read after the event; none for an office event.
    pub about: Option<Arc<RequestFacts>>,
}

/// The tail of the event log.
#[derive(Debug)]
pub struct Tail {
    recent: RwLock<Recent>,
    head: watch::Sender<i64>,
}

#[derive(Debug)]
struct Recent {
    /// One for every place up to the end, without a gap.
    entries: VecDeque<Arc<TailEntry>>,
    end: LogPosition,
    /// The number of log truncations (restored backups).
    truncations: u64,
}

/// The next entry after a position in the log.
#[derive(Debug)]
pub enum Next {
    /// The entry.
    Entry(Arc<TailEntry>),
    /// Nothing yet.
    Nothing,
    /// The position is before the tail: read the database.
    Behind,
}

impl Tail {
    /// Creates an empty tail at the current end of the log.
    pub fn new(end: LogPosition) -> Self {
        let recent = Recent { entries: VecDeque::new(), end, truncations: 0 };
        Self { recent: RwLock::new(recent), head: watch::Sender::new(end.position) }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Recent> {
        self.recent.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last known position.
    pub fn end(&self) -> LogPosition {
        self.read().end
    }

    /// Returns the number of log truncations (a backup restored under a running server). Positions from before a truncation are
    /// invalid.
    pub fn truncations(&self) -> u64 {
        self.read().truncations
    }

    /// Returns the entry after a position.
    pub fn after(&self, position: i64) -> Next {
        let recent = self.read();
        if position >= recent.end.position {
            return Next::Nothing;
        }
        let first = recent.end.position - i64::try_from(recent.entries.len()).unwrap_or(i64::MAX);
        let index = usize::try_from(position - first).ok();
        index.and_then(|index| recent.entries.get(index)).map_or(Next::Behind, |entry| Next::Entry(entry.clone()))
    }

    /// Subscribes to the log's last position.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// Returns the number of followers.
    pub fn followers(&self) -> usize {
        self.head.receiver_count()
    }

    /// Appends entries to the tail.
    pub fn publish(&self, entries: Vec<TailEntry>) {
        let end = {
            let mut recent = self.write();
            for entry in entries {
                // The tail has no gaps: it restarts after one.
                if entry.numbered.place.position != recent.end.position + 1 {
                    recent.entries.clear();
                }
                recent.end = entry.numbered.place;
                recent.entries.push_back(Arc::new(entry));
            }
            let beyond = recent.entries.len().saturating_sub(TAIL_LENGTH);
            recent.entries.drain(..beyond);
            recent.end
        };
        self.head.send_replace(end.position);
    }

    /// Moves on to a later end of the log without its entries, while nobody follows: the tail restarts there.
    pub fn skip_to(&self, end: LogPosition) {
        {
            let mut recent = self.write();
            recent.entries.clear();
            recent.end = end;
        }
        self.head.send_replace(end.position);
    }

    /// Clears the tail after the log was truncated to an earlier end.
    pub fn truncate(&self, end: LogPosition) {
        {
            let mut recent = self.write();
            recent.entries.clear();
            recent.end = end;
            recent.truncations += 1;
        }
        self.head.send_replace(end.position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(position: i64) -> TailEntry {
        let nil = uuid::Uuid::nil();
        let at = chrono::DateTime::UNIX_EPOCH;
        let event = entity::event::Model {
            id: nil,
            request_id: nil,
            sequence: position,
            kind: String::new(),
            at,
            version: 0,
            audience: 0,
            body: String::new(),
            mac: Vec::new(),
        };
        TailEntry {
            numbered: NumberedEvent { place: LogPosition { position, mark: 0 }, event },
            about: Some(Arc::new(RequestFacts::for_tests(nil))),
        }
    }

    fn place(next: Next) -> Option<i64> {
        match next {
            Next::Entry(entry) => Some(entry.numbered.place.position),
            Next::Nothing => None,
            Next::Behind => Some(-1),
        }
    }

    #[test]
    fn after_a_position_comes_the_next_entry_or_the_log() {
        let tail = Tail::new(LogPosition { position: 7, mark: 0 });
        assert_eq!((place(tail.after(7)), place(tail.after(6)), place(tail.after(9))), (None, Some(-1), None));
        tail.publish(vec![entry(8), entry(9)]);
        assert_eq!((place(tail.after(7)), place(tail.after(8)), place(tail.after(9))), (Some(8), Some(9), None));
        assert_eq!(place(tail.after(6)), Some(-1), "before the tail");
        let length = i64::try_from(TAIL_LENGTH).unwrap();
        tail.publish((10..10 + length).map(entry).collect());
        assert_eq!((place(tail.after(8)), place(tail.after(9))), (Some(-1), Some(10)), "the tail is bounded");
        tail.publish(vec![entry(5000)]);
        assert_eq!((place(tail.after(9)), place(tail.after(4999))), (Some(-1), Some(5000)), "a gap is never bridged");
    }

    #[test]
    fn what_was_skipped_is_read_from_the_log() {
        let tail = Tail::new(LogPosition::default());
        tail.publish(vec![entry(1)]);
        let mut head = tail.head();
        tail.skip_to(LogPosition { position: 5, mark: 0 });
        assert_eq!((place(tail.after(0)), place(tail.after(4)), place(tail.after(5))), (Some(-1), Some(-1), None));
        assert_eq!((*head.borrow_and_update(), tail.truncations()), (5, 0));
        tail.publish(vec![entry(6)]);
        assert_eq!(place(tail.after(5)), Some(6));
    }

    #[test]
    fn a_truncation_is_counted_and_clears_the_tail() {
        let tail = Tail::new(LogPosition::default());
        let mut head = tail.head();
        tail.publish(vec![entry(1), entry(2)]);
        assert_eq!(*head.borrow_and_update(), 2);
        tail.truncate(LogPosition { position: 1, mark: 9 });
        assert_eq!((tail.end().position, tail.truncations(), *head.borrow_and_update()), (1, 1, 1));
        assert_eq!(place(tail.after(0)), Some(-1));
    }
}
