//! Signing in: the same answer and the same time for a wrong password and an unknown name.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Answer, Refused, Service, UserErrorCode};
use crate::access::{Login, Pass};
use crate::auth::Secret;

/// A token, and whose it is.
#[derive(Debug)]
pub struct SignedIn {
    /// By what they are let in from here on.
    pub pass: Pass,
    /// The access token.
    pub token: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Service {
    /// Signs a person in.
    pub async fn sign_in(&self, username: &str, password: Secret, address: Option<IpAddr>) -> Answer<SignedIn> {
        let username = username.trim().to_lowercase();
        if !self.attempts.take(&username, address) {
            let message = "Too many attempts. Wait a minute, then try again.";
            return Err(Refused::user(UserErrorCode::TooManyAttempts, &[], message));
        }
        let person = self.store.person_by_username(&username).await?;
        let hash = person.as_ref().map(|person| person.password_hash.clone());
        let right = self.passwords.verify(hash, password).await;
        let refused = || Refused::user(UserErrorCode::InvalidCredentials, &[], "The name or the password is wrong.");
        let person = person.filter(|person| right && person.deactivated_at.is_none()).ok_or_else(refused)?;
        let lifetime = TimeDelta::minutes(i64::from(self.token_minutes));
        let (token, expires_at) =
            self.keys.issue(person.id, self.now(), lifetime).map_err(|error| Refused::Internal(error.to_string()))?;
        Ok(SignedIn { pass: Pass::new(person.id, Login::Token), token, expires_at })
    }

    /// Whose token this is, if it is good now, and until when.
    pub async fn pass_of(&self, token: &str) -> Answer<(Pass, DateTime<Utc>)> {
        let (user, until) = self.keys.verify(token, self.now()).map_err(|_| Refused::Unauthenticated)?;
        Ok((Pass::new(user, Login::Token), until))
    }
}
