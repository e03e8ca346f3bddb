//! Signing in and out, passwords, and the language of the signed-in person.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use entity::session;

use super::scalars::date_time::DateTime;
use super::user_error::{UserError, split_user_errors};
use super::viewer::Viewer;
use crate::access::Pass;
use crate::auth::Secret;
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::context::sign_in_attempt::within_one_attempt;
use crate::service::{ServiceResult, SignedIn};

/// Sessions, password and language of the signed-in person.
#[derive(Default)]
pub(crate) struct AccountMutation;

/// The person.
#[derive(InputObject)]
struct SignInInput {
    /// The name to sign in with.
    username: String,
    /// The password.
    password: String,
    /// The code of your authenticator, or one of your recovery codes; where you use none it is not looked at.
    totp_code: Option<String>,
    /// Makes a retry harmless: for 60 seconds the same key with the same code gives the same session again, until its refresh token
    /// is used. A new UUID for each sign-in does well.
    idempotency_key: Option<String>,
}

/// Makes the payload of a sign-in: the tokens of a session, or user errors.
macro_rules! session_payload {
    ($(#[$doc:meta])* $name:ident, $(#[$refresh_doc:meta])* refresh_token, $(#[$errors_doc:meta])* user_errors) => {
        $(#[$doc])*
        #[derive(SimpleObject, Default)]
        struct $name {
            /// Send it as `Authorization: Bearer …`. Null when refused.
            access_token: Option<String>,
            /// When the access token ends. Null when refused.
            expires_at: Option<DateTime>,
            $(#[$refresh_doc])*
            refresh_token: Option<String>,
            /// When the refresh token ends, and the session with it unless it is prolonged before. Null when refused.
            refresh_expires_at: Option<DateTime>,
            /// You. Null when refused.
            viewer: Option<Viewer>,
            $(#[$errors_doc])*
            user_errors: Vec<UserError>,
        }

        impl $name {
            /// Builds the payload, and makes the person signed in the caller of the rest of the operation.
            fn from_answer(context: &Context<'_>, answer: ServiceResult<SignedIn>) -> Result<Option<Self>> {
                let SignedIn { caller, tokens } = match split_user_errors(answer)? {
                    Err(user_errors) => return Ok(Some(Self { user_errors, ..Self::default() })),
                    Ok(signed_in) => signed_in,
                };
                session(context)?.sign_in(service(context)?, caller.clone());
                Ok(Some(Self {
                    access_token: Some(tokens.access.expose().to_owned()),
                    expires_at: Some(DateTime(tokens.expires_at)),
                    refresh_token: Some(tokens.refresh.expose().to_owned()),
                    refresh_expires_at: Some(DateTime(tokens.refresh_expires_at)),
                    viewer: Some(Viewer(caller)),
                    user_errors: Vec::new(),
                }))
            }
        }
    };
}

session_payload!(
    /// The tokens of a new session, or why there is none.
    SignInPayload,
    /// The token for `refreshSession`, used once: keep it secret. Null when refused.
    refresh_token,
    /// Errors in the input; empty when signed in.
    user_errors
);

/// A session to be prolonged.
#[derive(InputObject)]
struct RefreshSessionInput {
    /// The newest refresh token of the session. A used one ends the session, except in a retry by `idempotencyKey`.
    refresh_token: String,
    /// Makes a retry harmless: for 60 seconds the same refresh token with the same key gives the same tokens again, until the new
    /// refresh token is used. A new UUID for each refresh token does well; keep it beside the token, and secret like it.
    idempotency_key: Option<String>,
}

session_payload!(
    /// The new tokens of a session, or why there are none.
    RefreshSessionPayload,
    /// The next token for `refreshSession`; the one sent is used up. Null when refused.
    refresh_token,
    /// Errors in the input; empty when prolonged.
    user_errors
);

/// The sessions to end.
#[derive(InputObject)]
struct SignOutInput {
    /// Ends all your sessions, not only the current one. Null is as false.
    #[graphql(default_with = "Some(false)")]
    everywhere: Option<bool>,
}

/// The result of signing out.
#[derive(SimpleObject)]
struct SignOutPayload {
    /// Errors in the input; always empty.
    user_errors: Vec<UserError>,
}

/// A new password.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The password as it is. In a retry, when it is changed already, it is not looked at.
    current_password: String,
    /// The password as it shall be: 10 to 256 characters.
    new_password: String,
}

/// The result of the change, or the errors in the input.
#[derive(SimpleObject)]
struct ChangePasswordPayload {
    /// Errors in the input; empty when it was done.
    user_errors: Vec<UserError>,
}

/// A language of messages and SOPs.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::language::Language")]
pub(crate) enum Language {
    /// Bahasa Indonesia: SOPs as they are printed, messages translated.
    Indonesian,
    /// English: messages as they are written, SOPs translated.
    English,
}

/// Your choice of language.
#[derive(InputObject)]
struct ChooseLanguageInput {
    /// The language, over the preference of any client; null leaves it to each client's `Accept-Language`.
    language: Option<Language>,
}

/// The result of the choice.
#[derive(SimpleObject)]
struct ChooseLanguagePayload {
    /// Errors in the input; always empty.
    user_errors: Vec<UserError>,
}

/// A session of yours.
pub(crate) struct OwnSession {
    pub(crate) row: session::Model,
    pub(crate) pass: Pass,
}

/// A session of yours.
#[Object(name = "Session")]
impl OwnSession {
    /// When you signed in.
    async fn began_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// When tokens were given for it last.
    async fn last_used_at(&self) -> DateTime {
        DateTime(self.row.last_used_at)
    }

    /// You are in it now.
    async fn current(&self) -> bool {
        self.pass.session() == Some(self.row.id)
    }
}

/// Sessions, password and language of the signed-in person.
#[Object]
impl AccountMutation {
    /// Signs you in. Open to everybody; attempts are limited, one to an operation. Null only beside an error.
    async fn sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The person.")] input: SignInInput,
    ) -> Result<Option<SignInPayload>> {
        let SignInInput { username, password, totp_code, idempotency_key } = input;
        let (password, code) = (Secret::new(password), totp_code.map(Secret::new));
        let (key, address) = (idempotency_key.as_deref(), session(context)?.address);
        let signed_in =
            within_one_attempt(context, service(context)?.sign_in(&username, password, code, key, address)).await;
        SignInPayload::from_answer(context, signed_in)
    }

    /// Prolongs your session by its newest refresh token, and uses it up. A token used before ends the session: it may have been
    /// stolen. A retry by `idempotencyKey` gets the first answer's tokens. Send it without an access token; one to an operation.
    /// Null only beside an error.
    async fn refresh_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The session.")] input: RefreshSessionInput,
    ) -> Result<Option<RefreshSessionPayload>> {
        let (token, key) = (Secret::new(input.refresh_token), input.idempotency_key.as_deref());
        let signed_in = within_one_attempt(context, service(context)?.refresh_session(token, key)).await;
        RefreshSessionPayload::from_answer(context, signed_in)
    }

    /// Ends the current session: its tokens are refused from here on, and its subscriptions end. An identity provider's token has
    /// no session. Null only beside an error.
    async fn sign_out(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The sessions to end.")] input: Option<SignOutInput>,
    ) -> Result<Option<SignOutPayload>> {
        let everywhere = input.and_then(|input| input.everywhere) == Some(true);
        let done = service(context)?.sign_out(caller(context)?.pass, everywhere).await;
        Ok(Some(SignOutPayload { user_errors: split_user_errors(done)?.err().unwrap_or_default() }))
    }

    /// Replaces your password, and ends all your sessions but the current one. A retry does the same again. Attempts are limited,
    /// one to an operation. Null only beside an error.
    async fn change_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The new password.")] input: ChangePasswordInput,
    ) -> Result<Option<ChangePasswordPayload>> {
        let (current, new) = (Secret::new(input.current_password), Secret::new(input.new_password));
        let caller = caller(context)?;
        let done = within_one_attempt(
            context,
            service(context)?.change_password(caller, current, new, session(context)?.address),
        )
        .await;
        Ok(Some(ChangePasswordPayload { user_errors: split_user_errors(done)?.err().unwrap_or_default() }))
    }

    /// Chooses the language of messages and SOPs, from your next operation on. Running subscriptions keep theirs. Null only beside
    /// an error.
    async fn choose_language(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The language.")] input: ChooseLanguageInput,
    ) -> Result<Option<ChooseLanguagePayload>> {
        let done = service(context)?.choose_language(caller(context)?, input.language.map(Into::into)).await;
        Ok(Some(ChooseLanguagePayload { user_errors: split_user_errors(done)?.err().unwrap_or_default() }))
    }
}
