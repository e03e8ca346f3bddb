//! New ids (UUID version 7), sorted by time.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Returns a new id, sorted by time (UUID version 7, RFC 9562).
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    let mut random = [0_u8; 10];
    // The system's generator fails on no supported system; zeros would still be unique by time and constraint.
    let _ = getrandom::fill(&mut random);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
