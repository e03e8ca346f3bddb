//! Responses as the specification wants them, with codes, in the language of the caller.

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Response, Value};

use super::null_propagation;
use crate::graphql::error;
use crate::graphql::error_code::coded;
use crate::graphql::schema_index::SchemaIndex;
use crate::language::Language;

/// Whether an operation ran: if it did not, it was refused as a whole, and no error says where in it that was.
pub fn has_run(response: &Response) -> bool {
    response.data != Value::Null
        || response.errors.is_empty()
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// The answer to an operation as the specification wants it.
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

/// The answer with its errors in a language.
pub fn told(mut response: Response, language: Option<Language>) -> Response {
    response.errors.iter_mut().for_each(|error| error::tell(error, language));
    response
}
