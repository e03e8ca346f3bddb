//! Mapping of the service's errors to GraphQL errors.

use async_graphql::{Error, ServerError};

use super::context::loaders::LoadError;
use super::error_code::ErrorCode;
use crate::language::{Language, Text};
use crate::say;
use crate::service::ServiceError;

/// Converts a refusal to a top-level error with its code.
pub(super) fn from_refused(refused: ServiceError) -> Error {
    let (code, message): (_, Text) = match refused {
        ServiceError::Unauthenticated => {
            (ErrorCode::Unauthenticated, "Sign in first: the token is missing, ended or not valid.".into())
        }
        ServiceError::Forbidden(message) => (ErrorCode::Forbidden, message),
        ServiceError::User(errors) => {
            let first = errors.into_iter().next();
            (ErrorCode::InvalidInput, first.map_or_else(|| "The input is not valid.".into(), |error| error.message))
        }
        ServiceError::InvalidCursor => {
            let message = "This cursor was not given by this server: leave `after` out, or read it again.";
            (ErrorCode::InvalidCursor, message.into())
        }
        ServiceError::CursorAhead => {
            let message = "This cursor is beyond the end of the log: a backup was restored. Read again, with a new cursor, and \
                follow from there.";
            (ErrorCode::CursorAhead, message.into())
        }
        ServiceError::Unavailable(detail) | ServiceError::Aborted(detail) => {
            tracing::error!(detail, "the database is not available");
            let message = "The database is not available. Try again later, with the same idempotencyKey.";
            (ErrorCode::Unavailable, message.into())
        }
        ServiceError::Internal(detail) => {
            tracing::error!(detail, "internal error");
            (ErrorCode::Internal, "Something went wrong on our side; nothing has changed.".into())
        }
    };
    code.error(message)
}

/// Translates an error.
pub(super) fn translate(error: &mut ServerError, language: Option<Language>) {
    if let Some(message) = error.source::<Text>().map(|text| text.in_language(language)) {
        error.message = message;
    }
}

/// Converts a database error to a top-level error.
pub(super) fn from_store(error: crate::store::StoreError) -> Error {
    from_refused(ServiceError::from(error))
}

/// Converts a loader's error to a top-level error.
pub(super) fn from_loader(error: LoadError) -> Error {
    // Borrowed, since all waiting fields share it.
    from_refused(match &*error {
        crate::store::StoreError::Unavailable(error) => ServiceError::Unavailable(error.to_string()),
        other => ServiceError::Internal(other.to_string()),
    })
}

/// Returns the error for inconsistent stored data.
pub(super) fn inconsistent_data(detail: &str) -> Error {
    from_refused(ServiceError::Internal(detail.to_owned()))
}

/// Returns the error for a cursor from another list. `argument`: its name.
pub(super) fn invalid_cursor(argument: &str) -> Error {
    let message = say!(
        "`{argument}` is no cursor of this list: use one from its pages, with the same order and filter.",
        argument
    );
    invalid_input(message)
}

/// Returns the error for an id that this server did not give for the argument of that name.
pub(super) fn invalid_id(argument: &str) -> Error {
    invalid_input(say!(
        "`{argument}` is not an id that this server gave for this argument: send it as it was given.",
        argument
    ))
}

/// Returns the error for a malformed argument.
pub(super) fn invalid_input(message: impl Into<Text>) -> Error {
    ErrorCode::InvalidInput.error(message)
}
