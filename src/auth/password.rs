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
    random: Random,
}

/// A hash of no password, with the parameters of [`argon2()`], so that an unknown name takes as long as a known one.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap_or_default())
}

impl Passwords {
    /// Prepares hashing, with salts of a generator.
    pub fn new(random: Random) -> Self {
        Self { permits: Arc::new(Semaphore::new(2)), random }
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
        let hash = hash.unwrap_or_else(|| DUMMY.to_owned());
        let right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| argon2().verify_password(password.expose().as_bytes(), &hash).is_ok())
        });
        right.await.unwrap_or(false) && known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_costs_what_a_known_one_does() {
        let hash = Passwords::hash(&Random::system(), &Secret::new("a password".to_owned())).unwrap();
        let [dummy, real] = [DUMMY, &hash].map(|hash| PasswordHash::new(hash).unwrap());
        assert_eq!((dummy.algorithm, dummy.version, &dummy.params), (real.algorithm, real.version, &real.params));
        assert_eq!(DUMMY.len(), hash.len(), "salt and hash");
        assert!(matches!(
            argon2().verify_password(b"a password", &dummy),
            Err(argon2::password_hash::Error::PasswordInvalid)
        ));
    }
}
