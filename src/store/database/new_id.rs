//! New ids (UUID version 7), sorted by time.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Store;

impl Store {
    /// Returns a new id, sorted by time (UUID version 7, RFC 9562).
    pub fn new_id(&self, now: DateTime<Utc>) -> Uuid {
        // The system's generator fails on no supported system; zeros would still be unique by time and constraint.
        let random = self.random().bytes::<10>().unwrap_or_default();
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
