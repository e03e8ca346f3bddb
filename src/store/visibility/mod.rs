//! Visibility: which requests a caller may see, as conditions for SQL and for streams.

mod condition;
mod view;

pub(super) use condition::submitter_active;
pub use condition::{About, Condition, Submits, Submitters, about_requests, requests_that, returned_in_secret};
pub(super) use view::Found;
pub use view::{AssetRow, SeenRequest, Sees, Turn, Viewing, ViewingScope, Waiting};
