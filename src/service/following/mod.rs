//! Following the log: streams of request events and of inbox changes, the rights of followers, and cursors.

pub(super) mod audience;
mod cursor;
pub(super) mod inbox;
pub(super) mod request_events;
