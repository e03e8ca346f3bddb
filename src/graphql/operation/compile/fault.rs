//! Faults of a document or its variables, before they are errors of a response.

use async_graphql::{Pos, ServerError};

use crate::graphql::error_code::ErrorCode;

/// The rule that no text contains U+0000 (NUL): PostgreSQL refuses it, and SQLite cuts search patterns there.
pub(super) const NO_NUL: &str = "U+0000";

/// A fault of a document or of its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentFault {
    /// Name of the broken rule: the compiler library's, or a section of the specification (September 2025).
    pub(super) rule: &'static str,
    pub(super) message: String,
    /// Places in the text, the one to be changed first.
    pub(super) places: Vec<Pos>,
}

impl From<DocumentFault> for ServerError {
    fn from(fault: DocumentFault) -> Self {
        let code = if fault.rule == NO_NUL { ErrorCode::InvalidInput } else { ErrorCode::InvalidOperation };
        let mut error = code.operation_error(fault.message);
        error.locations = fault.places;
        error
    }
}

/// Maximum number of errors of a document: a client reads no more, and each costs time.
const MAX_ERRORS: usize = 20;

/// Converts the first faults to errors.
pub(super) fn errors(faults: Vec<DocumentFault>) -> Vec<ServerError> {
    faults.into_iter().take(MAX_ERRORS).map(ServerError::from).collect()
}
