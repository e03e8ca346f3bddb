//! The GraphQL API, thin: translate, call the service, translate back. No business rule, no SQL.

mod context;
mod error;
mod error_code;
mod execution;
mod look_ahead;
mod operation;
mod request_id;
mod schema;
mod schema_index;
mod subscription;

pub use context::session::Session;
pub use context::viewer_dependence::Asked;
pub use error_code::{Code, Details};
pub use execution::execute::execute;
pub use execution::response::{has_run, told};
pub use operation::admission::{DOCUMENT_ID, Intake, PERSISTED_QUERY};
pub use operation::admitted::Operation;
pub use operation::limits::Limits;
pub use operation::persisted_documents::Documents;
pub use request_id::RequestId;
pub use schema::roots::{ApiSchema, sdl};
pub use schema_index::SchemaIndex;
pub use subscription::follow::{Ended, Told, follow};
pub use subscription::shared_answers::Followed;
