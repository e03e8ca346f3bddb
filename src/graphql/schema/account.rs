//! Signing in and out, passwords, and the language of the signed-in person.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use entity::session;

use super::scalars::moment::Moment;
use super::user_error::{UserError, settle};
use super::viewer::Viewer;
use crate::access::Pass;
use crate::auth::Secret;
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::context::sign_in_attempt::attempt;
use crate::service::{CallerWithPolicy, SignedIn};

/// What a person does about their own way in.
#[derive(Default)]
pub(crate) struct AccountMutation;

/// Who signs in.
#[derive(InputObject)]
struct SignInInput {
    /// The name to sign in with.
    username: String,
    /// The password.
    password: String,
    /// The code of your authenticator, or one of your recovery codes; where you use none it is not looked at.
    totp_code: Option<String>,
}

/// The tokens of a new session, or why there is none.
#[derive(SimpleObject, Default)]
struct SignInPayload {
    /// Send it as `Authorization: Bearer …`. Null when refused.
    access_token: Option<String>,
    /// When the access token ends. Null when refused.
    expires_at: Option<Moment>,
    /// What `refreshSession` takes, once: keep it where nobody else reads it. Null when refused.
    refresh_token: Option<String>,
    /// When the refresh token ends, and the session with it unless it is prolonged before. Null when refused.
    refresh_expires_at: Option<Moment>,
    /// You. Null when refused.
    viewer: Option<Viewer>,
    /// What to mend; empty when signed in.
    user_errors: Vec<UserError>,
}

/// A session to be prolonged.
#[derive(InputObject)]
struct RefreshSessionInput {
    /// The newest refresh token of the session. One that was used before ends the session.
    refresh_token: String,
}

/// The new tokens of a session, or why there are none.
#[derive(SimpleObject, Default)]
struct RefreshSessionPayload {
    /// Send it as `Authorization: Bearer …`. Null when refused.
    access_token: Option<String>,
    /// When the access token ends. Null when refused.
    expires_at: Option<Moment>,
    /// What `refreshSession` takes next; the one that was sent is used up. Null when refused.
    refresh_token: Option<String>,
    /// When the refresh token ends, and the session with it unless it is prolonged before. Null when refused.
    refresh_expires_at: Option<Moment>,
    /// You. Null when refused.
    viewer: Option<Viewer>,
    /// What to mend; empty when prolonged.
    user_errors: Vec<UserError>,
}

/// What is to end.
#[derive(InputObject)]
struct SignOutInput {
    /// Ends all your sessions, not only the one that you are in. Null is as false.
    #[graphql(default_with = "Some(false)")]
    everywhere: Option<bool>,
}

/// That you are signed out.
#[derive(SimpleObject)]
struct SignOutPayload {
    /// What to mend; always empty.
    user_errors: Vec<UserError>,
}

/// A new password.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The password as it is.
    current_password: String,
    /// The password as it shall be: 10 to 256 characters.
    new_password: String,
}

/// That the password was replaced, or what to mend.
#[derive(SimpleObject)]
struct ChangePasswordPayload {
    /// What to mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// A language that people are spoken to in.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::language::Language")]
pub(crate) enum Language {
    /// Bahasa Indonesia: SOPs as they are printed, messages translated.
    Indonesian,
    /// English: messages as they are written, what SOPs say translated.
    English,
}

/// The language that you want to be spoken to in.
#[derive(InputObject)]
struct ChooseLanguageInput {
    /// The language, whatever a client asks for; null leaves it to each client's `Accept-Language`.
    language: Option<Language>,
}

/// That the language was chosen.
#[derive(SimpleObject)]
struct ChooseLanguagePayload {
    /// What to mend; always empty.
    user_errors: Vec<UserError>,
}

/// A session of yours that lasts.
pub(crate) struct OwnSession {
    pub(crate) row: session::Model,
    pub(crate) pass: Pass,
}

/// A session of yours that lasts.
#[Object(name = "Session")]
impl OwnSession {
    /// When you signed in.
    async fn began_at(&self) -> Moment {
        Moment(self.row.created_at)
    }

    /// When tokens were given for it last.
    async fn last_used_at(&self) -> Moment {
        Moment(self.row.last_used_at)
    }

    /// You are in it now.
    async fn current(&self) -> bool {
        self.pass.session() == Some(self.row.id)
    }
}

/// Lets the rest of the operation be that of somebody who was just let in.
fn enter(context: &Context<'_>, caller: CallerWithPolicy) -> Result<Viewer> {
    session(context)?.sign_in(service(context)?, caller.clone());
    Ok(Viewer(caller))
}

/// What a person does about their own way in.
#[Object]
impl AccountMutation {
    /// Signs you in. Open to everybody; attempts are limited, one to an operation. Null only beside an error.
    async fn sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> Result<Option<SignInPayload>> {
        let SignInInput { username, password, totp_code } = input;
        let (password, code) = (Secret::new(password), totp_code.map(Secret::new));
        let signed_in = match attempt(context) {
            Ok(()) => service(context)?.sign_in(&username, password, code, session(context)?.address).await,
            Err(refused) => Err(refused),
        };
        Ok(Some(match settle(signed_in)? {
            Err(user_errors) => SignInPayload { user_errors, ..Default::default() },
            Ok(SignedIn { caller, tokens }) => SignInPayload {
                viewer: Some(enter(context, caller)?),
                access_token: Some(tokens.access.expose().to_owned()),
                expires_at: Some(Moment(tokens.expires_at)),
                refresh_token: Some(tokens.refresh.expose().to_owned()),
                refresh_expires_at: Some(Moment(tokens.refresh_expires_at)),
                user_errors: Vec::new(),
            },
        }))
    }

    /// Prolongs your session by its newest refresh token, which is used up: one that was used before ends the session, since
    /// somebody else may have it. Send it without an access token; one to an operation. Null only beside an error.
    async fn refresh_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The session.")] input: RefreshSessionInput,
    ) -> Result<Option<RefreshSessionPayload>> {
        let token = Secret::new(input.refresh_token);
        let signed_in = match attempt(context) {
            Ok(()) => service(context)?.refresh_session(token).await,
            Err(refused) => Err(refused),
        };
        Ok(Some(match settle(signed_in)? {
            Err(user_errors) => RefreshSessionPayload { user_errors, ..Default::default() },
            Ok(SignedIn { caller, tokens }) => RefreshSessionPayload {
                viewer: Some(enter(context, caller)?),
                access_token: Some(tokens.access.expose().to_owned()),
                expires_at: Some(Moment(tokens.expires_at)),
                refresh_token: Some(tokens.refresh.expose().to_owned()),
                refresh_expires_at: Some(Moment(tokens.refresh_expires_at)),
                user_errors: Vec::new(),
            },
        }))
    }

    /// Ends the session that you are in: its tokens are good for nothing from here on, and what follows something by them ends. By an
    /// identity provider's token you are in none. Null only beside an error.
    async fn sign_out(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is to end.")] input: Option<SignOutInput>,
    ) -> Result<Option<SignOutPayload>> {
        let everywhere = input.and_then(|input| input.everywhere) == Some(true);
        let done = service(context)?.sign_out(caller(context)?.pass, everywhere).await;
        Ok(Some(SignOutPayload { user_errors: settle(done)?.err().unwrap_or_default() }))
    }

    /// Replaces your password, and ends all your sessions but the one that you are in. Attempts are limited, one to an
    /// operation. Null only beside an error.
    async fn change_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The new password.")] input: ChangePasswordInput,
    ) -> Result<Option<ChangePasswordPayload>> {
        let (current, new) = (Secret::new(input.current_password), Secret::new(input.new_password));
        let caller = caller(context)?;
        let done = match attempt(context) {
            Ok(()) => service(context)?.change_password(caller, current, new, session(context)?.address).await,
            Err(refused) => Err(refused),
        };
        Ok(Some(ChangePasswordPayload { user_errors: settle(done)?.err().unwrap_or_default() }))
    }

    /// Chooses the language of messages and of what SOPs say, from your next operation on. What you follow keeps the language
    /// that it began with. Null only beside an error.
    async fn choose_language(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The language.")] input: ChooseLanguageInput,
    ) -> Result<Option<ChooseLanguagePayload>> {
        let done = service(context)?.choose_language(caller(context)?, input.language.map(Into::into)).await;
        Ok(Some(ChooseLanguagePayload { user_errors: settle(done)?.err().unwrap_or_default() }))
    }
}
