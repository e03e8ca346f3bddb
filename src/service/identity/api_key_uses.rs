//! The latest recorded use of each API key, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// The precision of a key's last use in the database.
const PRECISION: TimeDelta = TimeDelta::minutes(1);

/// The times at which this server last recorded each key's use.
#[derive(Debug, Default)]
pub(in crate::service) struct ApiKeyUses(Mutex<HashMap<Uuid, DateTime<Utc>>>);

impl ApiKeyUses {
    /// Whether a use is due to be recorded; then it counts as recorded.
    pub(super) fn is_due(&self, id: Uuid, now: DateTime<Utc>) -> bool {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.retain(|_, at| now - *at < PRECISION);
        if recorded.contains_key(&id) {
            return false;
        }
        recorded.insert(id, now);
        true
    }
}
