//! Visibility: who may see a request, as conditions for SQL and for streams.

mod condition;
mod rights_check;
mod view;

pub use condition::{RequestCondition, RequestFacts, Submits, Submitters, Turn, request_facts, returned_in_secret};
pub(super) use condition::{constant, contains, submitter_active};
pub use rights_check::RightsCheck;
pub(super) use rights_check::people_version;
pub(super) use view::Found;
pub use view::{AssetRow, RoleStep, SeenRequest, Viewing, ViewingScope, Visibility, Waiting};
