//! Mapping of the service's errors to GraphQL errors.

use async_graphql::{Error, ServerError};

use super::context::loaders::LoadError;
use super::error_code::Code;
use crate::language::{Language, Text};
use crate::service::Refused;

/// Converts a refusal to a top-level error with its code.
pub(super) fn of(refused: Refused) -> Error {
    let (code, message): (_, Text) = match refused {
        Refused::Unauthenticated => {
            (Code::Unauthenticated, "Sign in first: the token is missing, ended or not valid.".into())
        }
        Refused::Forbidden(message) => (Code::Forbidden, message),
        Refused::User(errors) => {
            let first = errors.into_iter().next();
            (Code::InvalidInput, first.map_or_else(|| "The input is not valid.".into(), |error| error.message))
        }
        Refused::InvalidCursor => {
            let message = "This cursor was not given by this server: leave `after` out, or read it again.";
            (Code::InvalidCursor, message.into())
        }
        Refused::CursorAhead => {
            let message = "This cursor is from further on than the log goes: an older state was restored. Read what you show \
                anew, with a new cursor, and follow from there.";
            (Code::CursorAhead, message.into())
        }
        Refused::Unavailable(detail) | Refused::Aborted(detail) => {
            tracing::error!(detail, "the database is not available");
            let message = "The database is not available. Try again later, with the same idempotencyKey.";
            (Code::Unavailable, message.into())
        }
        Refused::Internal(detail) => {
            tracing::error!(detail, "internal fault");
            (Code::Internal, "Something went wrong on our side; nothing has changed.".into())
        }
    };
    code.error(message)
}

/// Translates an error.
pub(super) fn tell(error: &mut ServerError, language: Option<Language>) {
    if let Some(told) = error.source::<Text>().map(|text| text.in_language(language)) {
        error.message = told;
    }
}

/// Converts a database error to a top-level error.
pub(super) fn store(fault: crate::store::StoreError) -> Error {
    of(Refused::from(fault))
}

/// Converts a loader's error to a top-level error.
pub(super) fn load(fault: LoadError) -> Error {
    // Shared by all waiting fields, so it is borrowed.
    of(match &*fault {
        crate::store::StoreError::Unavailable(error) => Refused::Unavailable(error.to_string()),
        other => Refused::Internal(other.to_string()),
    })
}

/// Returns the error for inconsistent stored data.
pub(super) fn damaged(what: &str) -> Error {
    of(Refused::Internal(what.to_owned()))
}

/// Returns the error for a cursor from another list.
pub(super) fn no_cursor() -> Error {
    invalid("This cursor is none of this list's: use one that a page gave you.")
}

/// Returns the error for a malformed argument.
pub(super) fn invalid(message: impl Into<Text>) -> Error {
    Code::InvalidInput.error(message)
}
