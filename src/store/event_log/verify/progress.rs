//! The progress of verification: its snapshot, its counts, and the ends of the log recorded by events.

use std::collections::{HashMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use entity::{event, log, request};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::defect::{Defect, Stop};
use crate::store::{Store, StoreError};

/// Number of events, or rows of the log, in one statement.
pub(super) const BATCH: u64 = 500;

/// Checks a request's row against its replayed events; the error names the difference.
pub type ReplayCheck<'a> = &'a (dyn Fn(&request::Model, &[event::Model]) -> Result<(), String> + Sync);

/// The end of the log as an event recorded it.
pub(super) struct RecordedEnd {
    /// The event.
    pub(super) at: String,
    pub(super) position: i64,
    pub(super) last: String,
}

/// The progress of verification.
pub(super) struct Verification<'a> {
    pub(super) store: &'a Store,
    pub(super) replay: ReplayCheck<'a>,
    pub(super) snapshot: &'a DatabaseTransaction,
    /// Events read, and not verified yet.
    pub(super) unverified: VecDeque<event::Model>,
    /// The request and the sequence of the last event read.
    pub(super) read: (Uuid, i64),
    /// Number of events verified.
    pub(super) count: u64,
    /// Recorded ends of the log, not yet compared with it.
    ends: Vec<RecordedEnd>,
    /// The first event contradicting the log. Reported last: a torn log itself says more.
    torn: Option<Defect>,
}

impl<'a> Verification<'a> {
    pub(super) fn new(store: &'a Store, replay: ReplayCheck<'a>, snapshot: &'a DatabaseTransaction) -> Self {
        let (unverified, ends) = (VecDeque::new(), Vec::new());
        Self { store, replay, snapshot, unverified, read: (Uuid::nil(), 0), count: 0, ends, torn: None }
    }

    /// Queues a recorded end of the log, for comparison in a batch.
    pub(super) async fn add_end(&mut self, end: RecordedEnd) -> Result<(), StoreError> {
        self.ends.push(end);
        if self.ends.len() as u64 >= BATCH {
            self.compare_ends().await?;
        }
        Ok(())
    }

    /// Compares queued ends of the log with the log.
    pub(super) async fn compare_ends(&mut self) -> Result<(), StoreError> {
        let ends = std::mem::take(&mut self.ends);
        let positions = ends.iter().map(|end| end.position);
        let rows = log::Entity::find().filter(log::Column::Position.is_in(positions)).all(self.snapshot).await?;
        let macs: HashMap<i64, String> =
            rows.into_iter().map(|row| (row.position, STANDARD_NO_PAD.encode(row.mac))).collect();
        let torn = ends.into_iter().find(|end| macs.get(&end.position) != Some(&end.last));
        if let (Some(RecordedEnd { at, position, .. }), None) = (torn, &self.torn) {
            let what =
                format!("the log was numbered anew: its position {position} is not what it was before this event");
            self.torn = Some(Defect { at, what });
        }
        Ok(())
    }

    /// Returns the number of verified events, unless one of them contradicts the log.
    pub(super) fn finish(self) -> Result<u64, Stop> {
        match self.torn {
            Some(defect) => Err(defect.into()),
            None => Ok(self.count),
        }
    }
}
