//! Signing in: the same answer and the same time for a wrong password and an unknown name.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::{Login, Pass};
use crate::auth::{self, Bearer, Secret};
use crate::service::retry::with_retry;
use crate::service::{Answer, CallerWithPolicy, Refused, Service, UserErrorCode};
use crate::store::{self, Person, Transaction};

/// How long people are let in, and what for.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// For whom access tokens are meant.
    pub audience: String,
    /// How long an access token is good.
    pub access: TimeDelta,
    /// How long a session lasts that is not prolonged.
    pub refresh: TimeDelta,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self { audience: "disposisi".to_owned(), access: TimeDelta::minutes(15), refresh: TimeDelta::days(30) }
    }
}

/// Somebody who was let in, with what lets them in from here on.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub caller: CallerWithPolicy,
    /// The tokens of their session.
    pub tokens: Tokens,
}

/// The tokens of a session.
#[derive(Debug)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// What prolongs the session, once.
    pub refresh: Secret,
    /// Until when it does.
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
    ) -> Answer<SignedIn> {
        let username = username.trim().to_lowercase();
        let person = self.identify(&username, password, address).await?;
        with_retry(|| self.begin_session(&person, code.as_ref())).await
    }

    /// The person of that name, who proves by their password that it is them.
    pub(in crate::service) async fn identify(
        &self,
        username: &str,
        password: Secret,
        address: Option<IpAddr>,
    ) -> Answer<Person> {
        if !self.attempts.take(username, address) {
            return Err(too_many());
        }
        let person = self.store.person_by_username(username).await?;
        let hash = person.as_ref().map(|person| person.password_hash.clone());
        let right = self.passwords.verify(hash, password).await;
        person.filter(|person| right && person.deactivated_at.is_none()).ok_or_else(wrong)
    }

    /// The person as they are in a transaction, whom nobody changes until it ends: refused when the password that they proved
    /// themselves by is no longer theirs.
    pub(in crate::service) async fn still(&self, transaction: &Transaction, proven: &Person) -> Answer<Person> {
        let now = store::lock_person(transaction, proven.id).await?;
        let same = |now: &Person| now.password_hash == proven.password_hash && now.deactivated_at.is_none();
        now.filter(same).ok_or_else(wrong)
    }

    async fn begin_session(&self, person: &Person, code: Option<&Secret>) -> Answer<SignedIn> {
        let transaction = self.store.begin().await?;
        let person = self.still(&transaction, person).await?;
        self.expect_code(&transaction, &person, code).await?;
        let now = self.now();
        let session = entity::session::Model {
            id: store::new_id(now),
            user_id: person.id,
            created_at: now,
            last_used_at: now,
            ended_at: None,
        };
        let id = session.id;
        let (tokens, kept) = self.tokens(Bearer { user: person.id, session: id })?;
        store::begin_session(&transaction, session, kept).await?;
        let pass = Pass::new(person.id, Login::Session(id));
        let caller = store::caller(&transaction, pass, now).await?.ok_or(Refused::Unauthenticated)?;
        self.commit_person(transaction).await?;
        Ok(SignedIn { caller: CallerWithPolicy::new(caller, self.policy()), tokens })
    }

    /// New tokens for a session, and what is kept of them.
    pub(in crate::service) fn tokens(&self, bearer: Bearer) -> Answer<(Tokens, entity::refresh_token::Model)> {
        let (now, terms) = (self.now(), &self.terms);
        let failed = |error: auth::KeyError| Refused::Internal(error.to_string());
        let (access, expires_at) = self.keys.issue(bearer, &terms.audience, now, terms.access).map_err(failed)?;
        let refresh = auth::new_opaque("").map_err(failed)?;
        let refresh_expires_at = now + terms.refresh;
        let kept = entity::refresh_token::Model {
            hash: auth::digest(refresh.expose()).to_vec(),
            session_id: bearer.session,
            issued_at: now,
            expires_at: refresh_expires_at,
            used_at: None,
        };
        Ok((Tokens { access, expires_at, refresh, refresh_expires_at }, kept))
    }

    /// Commits what is no event of the log; whoever follows something is told of rights that changed.
    pub(in crate::service) async fn commit_person(&self, transaction: Transaction) -> Answer<()> {
        transaction.commit().await.map_err(store::StoreError::from)?;
        self.store.grown().notify_one();
        Ok(())
    }

    /// Whose token this is, if it is good now, and until when.
    pub async fn pass_of(&self, token: &str) -> Answer<(Pass, DateTime<Utc>)> {
        if let Some(found) = self.key_pass(token).await? {
            return Ok(found);
        }
        if let Some(found) = self.provider_pass(token).await? {
            return Ok(found);
        }
        self.learn_key_of(token).await?;
        let verified = self.keys.verify(token, &self.terms.audience, self.now());
        let (bearer, until) = verified.map_err(|_| Refused::Unauthenticated)?;
        Ok((Pass::new(bearer.user, Login::Session(bearer.session)), until))
    }
}

/// What a name and password that do not let in are answered.
pub(in crate::service) fn wrong() -> Refused {
    Refused::user(UserErrorCode::InvalidCredentials, &[], "The name or the password is wrong.")
}

/// What too many attempts are answered.
pub(in crate::service) fn too_many() -> Refused {
    let message = "Too many attempts. Wait a minute, then try again.";
    Refused::user(UserErrorCode::TooManyAttempts, &[], message)
}
