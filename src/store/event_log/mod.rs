//! The event log (audit log): changes of requests and offices with the events that tell of them, hash-chained and tamper-evident;
//! their order; reading them; verifying them.

mod events;
mod office_change;
mod request_change;
mod row_mac;
mod sequencer;
mod verify;

pub use events::{
    EventFilter, LogPlace, NumberedEvent, Sight, Stretch, events_by_ids, events_from, events_of, events_seen,
    is_in_log, log_end,
};
pub use office_change::{OfficeChange, begin_records, givers, office_chain};
pub use request_change::{AppendedEvent, Change, NewRequest, Saved};
pub(super) use row_mac::own_mac;
pub use sequencer::{commit, is_pending, sequence_pending};
pub use verify::{Defect, ReplayCheck, verify};
