//! Randomness as a parameter: ids, tokens, keys, nonces, salts, and the jitter of a backoff.
//!
//! Connections are encrypted by libraries with a generator of their own.

use std::ffi::OsString;
#[cfg(debug_assertions)]
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(debug_assertions)]
use chacha20::ChaCha20Rng;
#[cfg(debug_assertions)]
use chacha20::rand_core::{Rng, SeedableRng};
use zeroize::Zeroizing;

/// The environment variable with the seed of [`Random::seeded`].
pub const TEST_SEED: &str = "DISPOSISI_TEST_SEED";

/// A failure of the system's generator.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct RandomError(String);

/// A generator of random bytes. Clones share it.
#[derive(Debug, Clone)]
pub struct Random(Generator);

#[derive(Debug, Clone)]
enum Generator {
    System,
    #[cfg(debug_assertions)]
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Random {
    /// The system's generator.
    pub fn system() -> Self {
        Self(Generator::System)
    }

    /// A generator with the same sequence for the same seed, for tests. Only in builds with debug assertions.
    #[cfg(debug_assertions)]
    pub fn seeded(seed: u64) -> Self {
        Self(Generator::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))))
    }

    /// Returns random bytes.
    pub fn bytes<const N: usize>(&self) -> Result<Zeroizing<[u8; N]>, RandomError> {
        let mut bytes = Zeroizing::new([0_u8; N]);
        match &self.0 {
            Generator::System => {
                getrandom::fill(&mut *bytes).map_err(|error| RandomError(error.to_string()))?;
            }
            #[cfg(debug_assertions)]
            Generator::Seeded(generator) => {
                generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut *bytes);
            }
        }
        Ok(bytes)
    }
}

/// The program's generator: the system's, or a test's where [`TEST_SEED`] has a value. Refuses such a value in a release build.
pub fn from_environment(test_seed: Option<OsString>) -> Result<Random, String> {
    match test_seed {
        None => Ok(Random::system()),
        #[cfg(debug_assertions)]
        Some(seed) => {
            let number = seed.to_str().and_then(|seed| seed.parse().ok());
            number.map(Random::seeded).ok_or_else(|| format!("{TEST_SEED}: {} is no whole number", seed.display()))
        }
        #[cfg(not(debug_assertions))]
        Some(_) => Err(format!(
            "{TEST_SEED} makes the secrets of builds for tests predictable, and this is a release build; mend: unset it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(random: &Random) -> [u8; 32] {
        *random.bytes().unwrap()
    }

    #[test]
    fn a_seed_determines_the_sequence() {
        let (one, same, other) = (Random::seeded(7), Random::seeded(7), Random::seeded(8));
        let (first, second) = (drawn(&one), drawn(&one.clone()));
        assert_ne!(first, second, "a clone goes on with the sequence");
        assert_eq!([drawn(&same), drawn(&same)], [first, second]);
        assert_ne!(drawn(&other), first);
        assert_ne!(drawn(&Random::system()), drawn(&Random::system()));
    }

    #[test]
    fn a_seed_is_a_whole_number() {
        assert!(from_environment(None).is_ok());
        assert_eq!(drawn(&from_environment(Some("7".into())).unwrap()), drawn(&Random::seeded(7)));
        for text in ["", "seven", "-7", "7.5"] {
            assert!(from_environment(Some(text.into())).unwrap_err().contains(TEST_SEED), "{text}");
        }
    }
}
