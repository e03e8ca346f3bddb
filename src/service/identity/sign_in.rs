//! Sign-in by password: the same error and duration for a wrong password and an unknown name.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::{Login, Pass};
use crate::auth::{self, Bearer, Secret};
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
    /// Signs a person in.
    pub async fn sign_in(
        &self,
        username: &str,
        password: Secret,
        code: Option<Secret>,
        address: Option<IpAddr>,
    ) -> ServiceResult<SignedIn> {
        let username = username.trim().to_lowercase();
        let person = self.identify(&username, password, address).await?;
        with_retry(self.store.random(), || self.begin_session(&person, code.as_ref())).await
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

    async fn begin_session(&self, person: &Person, code: Option<&Secret>) -> ServiceResult<SignedIn> {
        let transaction = self.store.begin().await?;
        let person = self.lock_identified(&transaction, person).await?;
        self.expect_code(&transaction, &person, code).await?;
        let now = self.now();
        let session = entity::session::Model {
            id: self.store.new_id(now),
            user_id: person.id,
            created_at: now,
            last_used_at: now,
            ended_at: None,
        };
        let id = session.id;
        let (tokens, kept) = self.tokens(Bearer { user: person.id, session: id })?;
        store::begin_session(&transaction, session, kept).await?;
        let pass = Pass::new(person.id, Login::Session(id));
        let caller = store::caller(&transaction, pass, now).await?.ok_or(ServiceError::Unauthenticated)?;
        self.commit_person(transaction).await?;
        Ok(SignedIn { caller: CallerWithPolicy::new(caller, self.policy()), tokens })
    }

    /// Issues tokens for a session. Returns the refresh token's row too.
    pub(in crate::service) fn tokens(&self, bearer: Bearer) -> ServiceResult<(Tokens, entity::refresh_token::Model)> {
        let (now, settings) = (self.now(), &self.token_settings);
        let (access, expires_at) = self.keys.issue(bearer, &settings.audience, now, settings.access)?;
        let refresh = auth::new_opaque(self.store.random(), "")?;
        let refresh_expires_at = now + settings.refresh;
        let kept = entity::refresh_token::Model {
            hash: auth::digest(refresh.expose()).to_vec(),
            session_id: bearer.session,
            issued_at: now,
            expires_at: refresh_expires_at,
            used_at: None,
        };
        Ok((Tokens { access, expires_at, refresh, refresh_expires_at }, kept))
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
