//! Limit of one sign-in attempt per operation, against password guessing by aliases.

use async_graphql::Context;

use super::session::session;
use crate::service::{ServiceError, ServiceResult, UserErrorCode};

/// Runs a sign-in attempt, or refuses the second one of an operation.
pub(in crate::graphql) async fn within_one_attempt<T>(
    context: &Context<'_>,
    attempt: impl Future<Output = ServiceResult<T>>,
) -> ServiceResult<T> {
    let session = session(context).map_err(|error| ServiceError::Internal(error.message))?;
    if session.take_attempt() {
        return attempt.await;
    }
    let message = "An operation may hold one sign-in attempt.";
    Err(ServiceError::user(UserErrorCode::TooManyAttempts, &[], message))
}
