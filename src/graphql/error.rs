//! The service's refusals on the wire.

use async_graphql::{Context, Enum, Error, Object, Result, ServerError};

use super::Code;
use super::session::language;
use crate::language::{Language, Text};
use crate::service::{self, Refused};

/// Something in the input that a person can mend. Nothing has changed.
#[derive(Debug)]
pub(super) struct UserError(service::UserError);

/// Something in the input that a person can mend. Nothing has changed.
#[Object]
impl UserError {
    /// What is wrong, as a stable code.
    async fn code(&self) -> UserErrorCode {
        self.0.code.into()
    }

    /// What is wrong, for people, in the language that they want; in English where they say none.
    async fn message(&self, context: &Context<'_>) -> Result<String> {
        Ok(self.0.message.told(language(context)?))
    }

    /// Where in the input, from its root (`["details", "quotaGib"]`); empty when it is about all of it.
    async fn path(&self) -> &[String] {
        &self.0.path
    }
}

/// What is wrong with an input, as a stable code.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "service::UserErrorCode")]
pub(super) enum UserErrorCode {
    /// A value of the input is missing, malformed or too long; `path` names it.
    InvalidInput,
    /// A value of `details` does not fit the procedure's form; `path` names it.
    InvalidDetails,
    /// Nothing of this id or key is visible to you.
    NotFound,
    /// The request has moved on since you read it: read it again.
    StaleVersion,
    /// The request stands at another step.
    StepNotCurrent,
    /// This way of ending the step, or this act, is not open now.
    OutcomeNotAvailable,
    /// A record is missing: the message says whether it was to be there or to be brought.
    MissingRecord,
    /// A document waits for its signer.
    SignatureMissing,
    /// The document has been signed or refused already.
    AlreadySigned,
    /// Another asset in service, or another of your API keys, has that name.
    NameTaken,
    /// Another placement holds some of those units.
    PlacementOverlap,
    /// The agency has sent that letter for this procedure already.
    DuplicateLetter,
    /// Another version of the procedure is in force: read the form again.
    ProcedureChanged,
    /// The request has ended.
    RequestEnded,
    /// The idempotency key came with another input before.
    IdempotencyKeyReused,
    /// There is no credential to be read.
    CredentialNotAvailable,
    /// The credential has been read: it is shown once.
    AlreadyRevealed,
    /// The asset is not in service.
    AssetNotActive,
    /// The name or the password is wrong.
    InvalidCredentials,
    /// Too many attempts to sign in: wait.
    TooManyAttempts,
    /// The refresh token prolongs no session: sign in again.
    SessionEnded,
    /// The password was right, and a code of your authenticator is asked for: `totpCode`.
    TotpRequired,
    /// You may do this by several of your grants, which differ: say by which in `actingAs`.
    ActingAsNeeded,
    /// Nobody may do this to themselves: ask another administrator.
    NotForYourself,
    /// Nobody would be left to manage the office's people.
    LastAdministrator,
}

/// A refusal as a top-level error with its code.
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
        Refused::Unavailable(detail) | Refused::GivenUp(detail) => {
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

/// Tells an error in a language.
pub(super) fn tell(error: &mut ServerError, language: Option<Language>) {
    if let Some(told) = error.source::<Text>().map(|text| text.told(language)) {
        error.message = told;
    }
}

/// What a mutation did, or the errors that a person can mend; anything else is a top-level error.
pub(super) fn settle<T>(answer: service::Answer<T>) -> async_graphql::Result<Result<T, Vec<UserError>>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(Refused::User(errors)) => Ok(Err(errors.into_iter().map(UserError).collect())),
        Err(other) => Err(of(other)),
    }
}

/// A fault of the database as a top-level error.
pub(super) fn store(fault: crate::store::StoreError) -> Error {
    of(Refused::from(fault))
}

/// A fault of a loader as a top-level error.
pub(super) fn load(fault: super::loaders::LoadError) -> Error {
    // Shared by all who waited for it, so it cannot be taken apart.
    of(match &*fault {
        crate::store::StoreError::Unavailable(error) => Refused::Unavailable(error.to_string()),
        other => Refused::Internal(other.to_string()),
    })
}

/// Stored data that does not hold together, as a top-level error.
pub(super) fn damaged(what: &str) -> Error {
    of(Refused::Internal(what.to_owned()))
}

/// A cursor that no page gave, as a top-level error.
pub(super) fn no_cursor() -> Error {
    invalid("This cursor is none of this list's: use one that a page gave you.")
}

/// A malformed argument of a query as a top-level error.
pub(super) fn invalid(message: impl Into<Text>) -> Error {
    Code::InvalidInput.error(message)
}
