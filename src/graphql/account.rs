//! Signing in, and what a person does about their own way in.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::error::{self, UserError, settle};
use super::query::Viewer;
use super::session::{service, session};
use crate::auth::Secret;
use crate::service::{self as command, Refused};

/// What a person does about their own way in.
#[derive(Default)]
pub(super) struct AccountMutation;

/// Who signs in.
#[derive(InputObject)]
struct SignInInput {
    /// The name to sign in with.
    username: String,
    /// The password.
    password: String,
}

/// A token, or why there is none.
#[derive(SimpleObject, Default)]
struct SignInPayload {
    /// Send it as `Authorization: Bearer …`. Null when refused.
    access_token: Option<String>,
    /// When the token ends. Null when refused.
    expires_at: Option<DateTime<Utc>>,
    /// You. Null when refused.
    viewer: Option<Viewer>,
    /// What to mend; empty when signed in.
    user_errors: Vec<UserError>,
}

/// What a person does about their own way in.
#[Object]
impl AccountMutation {
    /// Signs you in. Open to everybody; attempts are limited, one to an operation.
    async fn sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> Result<Option<SignInPayload>> {
        let (service, session) = (service(context)?, session(context)?);
        let password = Secret::new(input.password);
        let signed_in = if session.take_attempt() {
            service.sign_in(&input.username, password, session.address).await
        } else {
            let message = "One operation signs in once.";
            Err(Refused::user(command::UserErrorCode::TooManyAttempts, &[], message))
        };
        Ok(Some(match settle(signed_in)? {
            Err(user_errors) => SignInPayload { user_errors, ..Default::default() },
            Ok(signed_in) => {
                let caller = service.caller(signed_in.pass).await.map_err(error::of)?;
                session.sign_in(service, caller.clone());
                SignInPayload {
                    access_token: Some(signed_in.token),
                    expires_at: Some(signed_in.expires_at),
                    viewer: Some(Viewer(caller)),
                    user_errors: Vec::new(),
                }
            }
        }))
    }
}
