//! Completion of responses: error codes, null propagation, and the caller's language.

use async_graphql::{Response, Value};

use super::completion;
use crate::graphql::error;
use crate::graphql::error_code::{with_codes, without_location};
use crate::graphql::operation::compile::merge::MergedSelections;
use crate::language::Language;
use crate::service::ServiceError;

/// Returns true when execution began. An operation refused before has no data and no error with a path.
pub fn has_run(response: &Response) -> bool {
    response.data != Value::Null
        || response.errors.is_empty()
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// Completes a response: null propagation, error codes, translation.
pub(in crate::graphql) fn finish(
    merged: &MergedSelections,
    mut response: Response,
    language: Option<Language>,
) -> Response {
    completion::complete(merged, &mut response);
    translate_errors(with_codes(response), language)
}

/// Errors in place of an answer, or at the end of a subscription's stream.
#[derive(Debug)]
pub struct ErrorResponse {
    /// Errors as a response.
    pub response: Response,
    /// The caller's login has ended.
    pub signed_out: bool,
}

impl From<ServiceError> for ErrorResponse {
    fn from(refused: ServiceError) -> Self {
        let signed_out = matches!(refused, ServiceError::Unauthenticated);
        let error = without_location(error::from_refused(refused));
        Self { response: with_codes(Response::from_errors(vec![error])), signed_out }
    }
}

impl ErrorResponse {
    /// Translates the errors.
    pub fn translated(self, language: Option<Language>) -> Self {
        Self { response: translate_errors(self.response, language), ..self }
    }
}

/// Translates the errors of a response.
pub fn translate_errors(mut response: Response, language: Option<Language>) -> Response {
    response.errors.iter_mut().for_each(|error| error::translate(error, language));
    response
}
