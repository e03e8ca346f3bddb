//! The one attempt to prove an identity that an operation has.

use async_graphql::Context;

use super::session::session;
use crate::service::{self as command, Answer, Refused};

/// The one attempt to prove who they are that an operation has.
pub(in crate::graphql) fn attempt(context: &Context<'_>) -> Answer<()> {
    let session = session(context).map_err(|error| Refused::Internal(error.message))?;
    if session.take_attempt() {
        return Ok(());
    }
    let message = "One operation proves once who you are.";
    Err(Refused::user(command::UserErrorCode::TooManyAttempts, &[], message))
}
