//! Limit of one sign-in attempt per operation, against password guessing by aliases.

use async_graphql::Context;

use super::session::session;
use crate::service::{self as command, Answer, Refused};

/// Uses up the operation's sign-in attempt, or refuses a second one.
pub(in crate::graphql) fn attempt(context: &Context<'_>) -> Answer<()> {
    let session = session(context).map_err(|error| Refused::Internal(error.message))?;
    if session.take_attempt() {
        return Ok(());
    }
    let message = "One operation proves once who you are.";
    Err(Refused::user(command::UserErrorCode::TooManyAttempts, &[], message))
}
