//! `UserError`: something in the input that a person can mend.

use async_graphql::{Context, Enum, Object, Result};

use crate::graphql::context::session::language;
use crate::graphql::error;
use crate::service::{self, Refused};

/// Something in the input that a person can mend. Nothing has changed.
#[derive(Debug)]
pub(crate) struct UserError(service::UserError);

/// Something in the input that a person can mend. Nothing has changed.
#[Object]
impl UserError {
    /// What is wrong, as a stable code.
    async fn code(&self) -> UserErrorCode {
        self.0.code.into()
    }

    /// What is wrong, for people, in the language that they want; in English where they say none.
    async fn message(&self, context: &Context<'_>) -> Result<String> {
        Ok(self.0.message.in_language(language(context)?))
    }

    /// Where in the input, from its root (`["details", "quotaGib"]`); empty when it is about all of it.
    async fn path(&self) -> &[String] {
        &self.0.path
    }
}

/// What is wrong with an input, as a stable code.
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

/// What a mutation did, or the errors that a person can mend; anything else is a top-level error.
pub(crate) fn settle<T>(answer: service::Answer<T>) -> async_graphql::Result<Result<T, Vec<UserError>>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(Refused::User(errors)) => Ok(Err(errors.into_iter().map(UserError).collect())),
        Err(other) => Err(error::of(other)),
    }
}
