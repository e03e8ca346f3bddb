//! Sign-in by password: the same error and duration for a wrong password and an unknown name.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use entity::refresh_token;
use uuid::Uuid;

use crate::access::{Login, Pass};
use crate::auth::{self, Bearer, Secret};
use crate::service::idempotency::{TOKENS_REPEAT, validate_key};
use crate::service::retry::with_retry;
use crate::service::{CallerWithPolicy, Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{self, Person, Transaction};

/// Audience and lifetimes of tokens.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The audience of access tokens.
    pub audience: String,
    /// Lifetime of an access token.
    pub access: TimeDelta,
    /// Lifetime of a session without a refresh.
    pub refresh: TimeDelta,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self { audience: "disposisi".to_owned(), access: TimeDelta::minutes(15), refresh: TimeDelta::days(30) }
    }
}

/// A signed-in person, with their tokens.
#[derive(Debug)]
pub struct SignedIn {
    /// The person.
    pub caller: CallerWithPolicy,
    /// The tokens of their session.
    pub tokens: Tokens,
}

/// The tokens of a session.
#[derive(Debug)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// The end of the access token.
    pub expires_at: DateTime<Utc>,
    /// The refresh token; it prolongs the session once.
    pub refresh: Secret,
    /// The end of the refresh token.
    pub refresh_expires_at: DateTime<Utc>,
}

impl Service {
    /// Signs a person in. The same idempotency key gives the tokens of the same session again for a while.
    pub async fn sign_in(
        &self,
        username: &str,
        password: Secret,
        code: Option<Secret>,
        idempotency_key: Option<&str>,
        address: Option<IpAddr>,
    ) -> ServiceResult<SignedIn> {
        let key = validate_key(idempotency_key)?;
        let username = username.trim().to_lowercase();
        let person = self.identify(&username, password, address).await?;
        with_retry(&self.store, || self.begin_session(&person, code.as_ref(), key.as_deref())).await
    }

    /// Identifies a person by username and password.
    pub(in crate::service) async fn identify(
        &self,
        username: &str,
        password: Secret,
        address: Option<IpAddr>,
    ) -> ServiceResult<Person> {
        if !self.attempts.take(username, address) {
            return Err(too_many_attempts());
        }
        let person = self.store.person_by_username(username).await?;
        let hash = person.as_ref().map(|person| person.password_hash.clone());
        let right = self.passwords.verify(hash, password).await;
        person.filter(|person| right && person.deactivated_at.is_none()).ok_or_else(invalid_credentials)
    }

    /// Locks an identified person until the transaction ends. Refuses a password changed since.
    pub(in crate::service) async fn lock_identified(
        &self,
        transaction: &Transaction,
        proven: &Person,
    ) -> ServiceResult<Person> {
        let now = store::lock_person(transaction, proven.id).await?;
        let same = |now: &Person| now.password_hash == proven.password_hash && now.deactivated_at.is_none();
        now.filter(same).ok_or_else(invalid_credentials)
    }

    async fn begin_session(
        &self,
        person: &Person,
        code: Option<&Secret>,
        key: Option<&str>,
    ) -> ServiceResult<SignedIn> {
        let transaction = self.store.begin().await?;
        let person = self.lock_identified(&transaction, person).await?;
        let now = self.now();
        let (refresh, row) = match self.repeated_sign_in(&transaction, &person, code, key).await? {
            Some(begun) => begun,
            None => {
                self.expect_code(&transaction, &person, code).await?;
                let session = entity::session::Model {
                    id: self.store.new_id(now),
                    user_id: person.id,
                    created_at: now,
                    last_used_at: now,
                    ended_at: None,
                };
                let refresh = match key {
                    Some(key) => self.first_token(session.id, code, key),
                    None => auth::new_opaque(self.store.random(), "")?,
                };
                let row = self.refresh_token_row(session.id, &refresh, now);
                store::begin_session(&transaction, session, row.clone()).await?;
                (refresh, row)
            }
        };
        let pass = Pass::new(person.id, Login::Session(row.session_id));
        let caller = store::caller(&transaction, pass, now).await?.ok_or(ServiceError::Unauthenticated)?;
        let tokens = self.tokens(person.id, refresh, &row)?;
        self.commit_person(transaction).await?;
        Ok(SignedIn { caller: CallerWithPolicy::new(caller, self.policy()), tokens })
    }

    /// The session begun by an earlier call with the same key and code: its refresh token, with the token's row.
    async fn repeated_sign_in(
        &self,
        transaction: &Transaction,
        person: &Person,
        code: Option<&Secret>,
        key: Option<&str>,
    ) -> ServiceResult<Option<(Secret, refresh_token::Model)>> {
        let Some(key) = key else { return Ok(None) };
        for session in store::sessions_begun_since(transaction, person.id, self.now() - TOKENS_REPEAT).await? {
            let refresh = self.first_token(session.id, code, key);
            if let Some(row) = self.repeatable_token(transaction, &refresh).await? {
                return Ok(Some((refresh, row)));
            }
        }
        Ok(None)
    }

    /// The first refresh token of a session begun with an idempotency key.
    fn first_token(&self, session: Uuid, code: Option<&Secret>, key: &str) -> Secret {
        let code = code.map_or("", Secret::expose);
        self.keys.derive_opaque("", &[b"session", session.as_bytes(), code.as_bytes(), key.as_bytes()])
    }

    /// The row of a refresh token, if it may be given again: it is new, and nobody has used it.
    pub(in crate::service) async fn repeatable_token(
        &self,
        transaction: &Transaction,
        token: &Secret,
    ) -> ServiceResult<Option<refresh_token::Model>> {
        let found = store::refresh_token(transaction, &auth::digest(token.expose())).await?;
        let repeatable =
            |row: &refresh_token::Model| row.used_at.is_none() && self.now() - row.issued_at < TOKENS_REPEAT;
        Ok(found.map(|(row, _)| row).filter(repeatable))
    }

    /// The row of a new refresh token.
    pub(in crate::service) fn refresh_token_row(
        &self,
        session: Uuid,
        token: &Secret,
        now: DateTime<Utc>,
    ) -> refresh_token::Model {
        refresh_token::Model {
            hash: auth::digest(token.expose()).to_vec(),
            session_id: session,
            issued_at: now,
            expires_at: now + self.token_settings.refresh,
            used_at: None,
        }
    }

    /// The tokens of a session by the row of its refresh token. The same row gives the same access token, with the same end.
    pub(in crate::service) fn tokens(
        &self,
        user: Uuid,
        refresh: Secret,
        row: &refresh_token::Model,
    ) -> ServiceResult<Tokens> {
        let (bearer, settings) = (Bearer { user, session: row.session_id }, &self.token_settings);
        let (access, expires_at) = self.keys.issue(bearer, &settings.audience, row.issued_at, settings.access)?;
        Ok(Tokens { access, expires_at, refresh, refresh_expires_at: row.expires_at })
    }

    /// The pass of a valid token of any kind, with its end.
    pub async fn pass_of(&self, token: &str) -> ServiceResult<(Pass, DateTime<Utc>)> {
        if let Some(found) = self.key_pass(token).await? {
            return Ok(found);
        }
        if let Some(found) = self.provider_pass(token).await? {
            return Ok(found);
        }
        self.learn_key_of(token).await?;
        let verified = self.keys.verify(token, &self.token_settings.audience, self.now());
        let (bearer, until) = verified.map_err(|_| ServiceError::Unauthenticated)?;
        Ok((Pass::new(bearer.user, Login::Session(bearer.session)), until))
    }
}

/// The error for a wrong name or password.
pub(in crate::service) fn invalid_credentials() -> ServiceError {
    ServiceError::user(UserErrorCode::InvalidCredentials, &[], "The name or the password is wrong.")
}

/// The error for too many attempts.
pub(in crate::service) fn too_many_attempts() -> ServiceError {
    let message = "Too many attempts. Wait a minute, then try again.";
    ServiceError::user(UserErrorCode::TooManyAttempts, &[], message)
}
