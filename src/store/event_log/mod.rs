//! The event log (audit log): changes of requests and offices with their events, hash-chained and tamper-evident; the order of
//! events, reads, verification.

mod events;
mod office_change;
mod request_change;
mod row_mac;
mod sequencer;
mod uncovered_rows;
mod verify;

pub use events::{
    EventFilter, EventRange, EventVisibility, LogPosition, NumberedEvent, events_by_ids, events_from, events_of,
    is_in_log, log_end, visible_events,
};
pub use office_change::{OfficeChange, begin_records, grantors, office_chain};
pub use request_change::{AppendedEvent, NewRequest, RequestChange, SavedRequest};
pub(super) use row_mac::own_mac;
pub use sequencer::{commit, is_pending, sequence_pending};
pub use verify::{Defect, ReplayCheck, verify};
