//! The database itself: connections, transactions, locks, notifications, errors, pages.

mod connect;
mod error;
mod lock;
mod new_id;
mod notify;
mod one_of;
mod page;
mod shared_commit;
mod sizes;
mod store;
mod transaction;
mod write;

pub use connect::{ConnectionLimits, DatabaseLocation, Postgres, Tls};
pub use error::StoreError;
pub(super) use lock::{lock_documents, lock_key, lock_log, lock_policies};
pub use lock::{lock_office, lock_request, lock_rights, lock_rights_shared};
pub(super) use notify::notify_followers;
pub(super) use one_of::one_of;
pub use page::{Page, PageKey, Paging, SortValue};
pub(super) use store::Numbering;
pub use store::{Mac, Store, by_ids, open_to_read};
pub use transaction::Transaction;
pub(super) use transaction::Write;
pub(super) use write::{insert, insert_all, update, update_if};
