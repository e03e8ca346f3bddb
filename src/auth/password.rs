//! Password hashing with argon2id, off the event loop, with limited concurrency.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::Secret;
use crate::random::Random;

/// Hashes and verifies passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// Permits: a hash takes memory and a whole core.
    permits: Arc<Semaphore>,
    /// A dummy hash, so that an unknown name takes as long as a known one.
    dummy: Arc<String>,
    random: Random,
}

/// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap_or_default())
}

impl Passwords {
    /// Prepares hashing, with salts of a generator.
    pub fn new(random: Random) -> Self {
        let dummy = Self::hash(&random, &Secret::new("nobody's password".to_owned())).unwrap_or_default();
        Self { permits: Arc::new(Semaphore::new(2)), dummy: Arc::new(dummy), random }
    }

    /// Refuses a password with fewer than 10 or more than 256 characters.
    pub fn validate(password: &Secret) -> Result<(), &'static str> {
        let fits = (10..=256).contains(&password.expose().chars().count());
        fits.then_some(()).ok_or("A password has 10 to 256 characters.")
    }

    /// The hash to store, made off the event loop.
    pub async fn hash_in_background(&self, password: Secret) -> Result<String, String> {
        let _permit = self.permits.acquire().await.map_err(|error| error.to_string())?;
        let random = self.random.clone();
        let hash = tokio::task::spawn_blocking(move || Self::hash(&random, &password));
        hash.await.map_err(|error| error.to_string())?
    }

    /// The hash to store, in PHC string form.
    pub fn hash(random: &Random, password: &Secret) -> Result<String, String> {
        let salt = random.bytes::<16>().map_err(|error| error.to_string())?;
        let hash = argon2().hash_password_with_salt(password.expose().as_bytes(), &*salt);
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    }

    /// Verifies a password against its hash; false, in the same time, without a hash.
    pub async fn verify(&self, hash: Option<String>, password: Secret) -> bool {
        let Ok(_permit) = self.permits.acquire().await else { return false };
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        let right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| argon2().verify_password(password.expose().as_bytes(), &hash).is_ok())
        });
        right.await.unwrap_or(false) && known
    }
}
