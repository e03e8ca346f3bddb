//! `UserError`: validation errors and refusals in the payload of a mutation.

use async_graphql::{Context, Enum, Object, Result};

use crate::graphql::context::session::language;
use crate::graphql::error;
use crate::service::{self, ServiceError};

/// An error in the input, to be corrected by a person. Nothing has changed.
#[derive(Debug)]
pub(crate) struct UserError(service::UserError);

/// An error in the input, to be corrected by a person. Nothing has changed.
#[Object]
impl UserError {
    /// The stable code of the error.
    async fn code(&self) -> UserErrorCode {
        self.0.code.into()
    }

    /// The message for people, in the language they chose; in English by default.
    async fn message(&self, context: &Context<'_>) -> Result<String> {
        Ok(self.0.message.in_language(language(context)?))
    }

    /// Where in the input, from its root (`["details", "quotaGib"]`); empty when it is about all of it.
    async fn path(&self) -> &[String] {
        &self.0.path
    }
}

/// The stable code of an error in the input.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "service::UserErrorCode")]
pub(crate) enum UserErrorCode {
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
    /// A record is missing, needed before the act or with it: see the message.
    MissingRecord,
    /// A document waits for its signer.
    SignatureMissing,
    /// The document has been signed or refused already.
    AlreadySigned,
    /// Another asset in service, or another of your API keys, has the name.
    NameTaken,
    /// Another placement holds some of those units.
    PlacementOverlap,
    /// The agency has sent the same letter for this procedure already.
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
    /// Several of your grants allow this, and differ: name one in `actingAs`.
    ActingAsNeeded,
    /// You cannot do this to yourself: ask another administrator.
    NotForYourself,
    /// The office's people would be left without an administrator.
    LastAdministrator,
}

/// Splits the answer of a use case: user errors go to the payload, any other refusal becomes a top-level error.
pub(crate) fn split_user_errors<T>(
    answer: service::ServiceResult<T>,
) -> async_graphql::Result<Result<T, Vec<UserError>>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(ServiceError::User(errors)) => Ok(Err(errors.into_iter().map(UserError).collect())),
        Err(other) => Err(error::from_refused(other)),
    }
}
