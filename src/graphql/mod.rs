//! The GraphQL API, thin: no business rule, no SQL. The stages of an operation, in order, with their files:
//!
//! 1. `operation/admission`: finds a persisted document or takes the text, and has it compiled within the `limits`
//!    (`operation/compile`: parsed, validated, its variables coerced, its fields merged into one canonical document, its cost counted).
//!    The result is an `admitted` operation, perhaps with a pending `registration` of its document.
//! 2. `context/session`: the caller with visibility, policy and `loaders`, and a record of `viewer_dependence`.
//! 3. `operation/api_key_access`: the scopes of an API key, for each selected field.
//! 4. `execution/execute` (queries and mutations) or `subscription/follow` (subscriptions, with answers shared by
//!    `shared_answers`): runs the canonical document on the `api_schema`.
//! 5. `schema`: the resolvers, by noun. Pages read their rows ahead (`look_ahead`, `schema/prefetch`); mutations call the service and
//!    build a `schema/payload`.
//! 6. `execution/response`: completion by the merged fields (null propagation, key order), codes of errors (`error_code`), and the
//!    caller's language. `request_id` marks each error.
//!
//! `error` maps errors of the service and the store; `page_size` bounds pages for 1 and 5.

mod api_schema;
mod context;
mod error;
mod error_code;
mod execution;
mod look_ahead;
mod operation;
mod page_size;
mod request_id;
mod schema;
mod subscription;

pub use api_schema::{ApiSchema, sdl};
pub use context::viewer_dependence::ViewerDependence;
pub use error_code::{Details, ErrorCode};
pub use execution::execute::{SingleResponse, execute};
pub use execution::response::{ErrorResponse, has_run, translate_errors};
pub use operation::admission::{AdmissionRules, DOCUMENT_ID, PERSISTED_QUERY};
pub use operation::admitted::Operation;
pub use operation::compile::Compiler;
pub use operation::limits::OperationLimits;
pub use operation::persisted_documents::PersistedDocuments;
pub use request_id::RequestId;
pub use subscription::follow::{SubscriptionItem, follow};
pub use subscription::shared_answers::SharedOperations;
