//! Signing in: the same answer and the same time for a wrong password and an unknown name.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Answer, Refused, Service, UserErrorCode};
use crate::auth::Secret;

/// A token, and whose it is.
#[derive(Debug)]
pub struct SignedIn {
    /// The person.
    pub user: Uuid,
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
        Ok(SignedIn { user: person.id, token, expires_at })
    }

    /// Whose token this is, if it is good now, and until when.
    pub fn user_of(&self, token: &str) -> Answer<(Uuid, DateTime<Utc>)> {
        self.keys.verify(token, self.now()).map_err(|_| Refused::Unauthenticated)
    }
}
