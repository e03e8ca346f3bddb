//! disposisi's tables as sea-orm entities, one file a table.

pub mod agency;
pub mod asset;
pub mod counter;
pub mod credential;
pub mod disposition;
pub mod disposition_read;
pub mod document;
pub mod event;
pub mod grant;
pub mod held_unit;
pub mod idempotency_key;
pub mod key_id;
pub mod log;
pub mod log_end;
pub mod pending;
pub mod people_version;
pub mod policy;
pub mod procedure_version;
pub mod request;
pub mod signature;
pub mod submission;
pub mod user;
pub mod visit;
