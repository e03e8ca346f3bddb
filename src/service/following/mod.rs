//! Following the log: streams of request events and of inbox changes, the rights of followers, and cursors.

mod cursor;
pub(super) mod followers;
pub(super) mod inbox;
pub(super) mod request_events;
mod rights;
