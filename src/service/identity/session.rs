//! Sessions: refresh and sign-out.

use chrono::TimeDelta;
use entity::session;

use crate::access::{Caller, Login, Pass};
use crate::auth::{self, Secret};
use crate::service::idempotency::validate_key;
use crate::service::retry::with_retry;
use crate::service::{CallerWithPolicy, Service, ServiceError, ServiceResult, SignedIn, UserErrorCode};
use crate::store::{self, SessionSelection};

/// Retention of used tokens and ended sessions: longer than the lifetime of any access token.
pub(in crate::service) const ENDED_SESSION_RETENTION: TimeDelta = TimeDelta::days(7);

impl Service {
    /// Prolongs a session by its newest refresh token, and rotates the token. The same idempotency key gives the same tokens again
    /// for a while. Otherwise a reused token was stolen: the session ends.
    pub async fn refresh_session(&self, token: Secret, idempotency_key: Option<&str>) -> ServiceResult<SignedIn> {
        let key = validate_key(idempotency_key)?;
        with_retry(&self.store, || self.refresh_session_once(&token, key.as_deref())).await
    }

    async fn refresh_session_once(&self, token: &Secret, key: Option<&str>) -> ServiceResult<SignedIn> {
        let hash = auth::digest(token.expose());
        // Guesses open no write transaction.
        store::refresh_token(self.store.reader(), &hash).await?.ok_or_else(session_ended)?;
        let transaction = self.store.begin().await?;
        let now = self.now();
        // Concurrent calls wait here for the first one's end.
        let first = store::use_refresh_token(&transaction, &hash, now).await?;
        let (used, session) = store::refresh_token(&transaction, &hash).await?.ok_or_else(session_ended)?;
        let next = match key {
            Some(key) => self.keys.derive_opaque("", &[b"refresh", token.expose().as_bytes(), key.as_bytes()]),
            None => auth::new_opaque(self.store.random(), "")?,
        };
        let row = match first {
            true => Some(self.refresh_token_row(session.id, &next, now)).filter(|_| now < used.expires_at),
            false => self.repeatable_token(&transaction, &next).await?,
        };
        if !first && row.is_none() {
            if store::end_sessions(&transaction, SessionSelection::One(session.id), now).await? > 0 {
                tracing::warn!(user = %session.user_id, session = %session.id, "a refresh token came twice: its session is ended");
            }
            self.commit_person(transaction).await?;
            return Err(session_ended());
        }
        let row = row.ok_or_else(session_ended)?;
        let pass = Pass::new(session.user_id, Login::Session(session.id));
        let caller = store::caller(&transaction, pass, now).await?.ok_or_else(session_ended)?;
        let tokens = self.tokens(session.user_id, next, &row)?;
        if first {
            store::extend_session(&transaction, row).await?;
        }
        self.commit_person(transaction).await?;
        Ok(SignedIn { caller: CallerWithPolicy::new(caller, self.policy()), tokens })
    }

    /// Ends the caller's session, or all of theirs.
    pub async fn sign_out(&self, pass: Pass, everywhere: bool) -> ServiceResult<()> {
        let which = match pass.session() {
            _ if everywhere => SessionSelection::All(pass.user),
            Some(session) => SessionSelection::One(session),
            None => {
                let message = "You are in no session of this server's: sign out where you were given your token.";
                return Err(ServiceError::Forbidden(message.into()));
            }
        };
        with_retry(&self.store, || async {
            let (transaction, _) = self.begin(pass).await?;
            store::lock_rights(&transaction, pass.user).await?;
            store::end_sessions(&transaction, which, self.now()).await?;
            self.commit_person(transaction).await
        })
        .await
    }

    /// The caller's current sessions, the latest used first.
    pub async fn sessions(&self, caller: &Caller) -> ServiceResult<Vec<session::Model>> {
        Ok(store::sessions_of(&self.store, caller.pass.user, self.now()).await?)
    }
}

/// The error for any unusable refresh token.
fn session_ended() -> ServiceError {
    let message = "This refresh token is not known, was used, or its session has ended. Sign in again.";
    ServiceError::user(UserErrorCode::SessionEnded, &["refreshToken"], message)
}
