//! Completion of responses: error codes, null propagation, and the caller's language.

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Response, Value};

use super::null_propagation;
use crate::graphql::error;
use crate::graphql::error_code::coded;
use crate::graphql::schema_index::SchemaIndex;
use crate::language::Language;

/// Returns true when execution began. An operation refused before has no data and no error with a path.
pub fn has_run(response: &Response) -> bool {
    response.data != Value::Null
        || response.errors.is_empty()
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// Completes a response: null propagation, error codes, translation.
pub(in crate::graphql) fn finish(
    index: &SchemaIndex,
    document: &ExecutableDocument,
    name: Option<&str>,
    mut response: Response,
    language: Option<Language>,
) -> Response {
    null_propagation::complete(index, document, name, &mut response);
    told(coded(response), language)
}

/// Translates the errors of a response.
pub fn told(mut response: Response, language: Option<Language>) -> Response {
    response.errors.iter_mut().for_each(|error| error::tell(error, language));
    response
}
