//! Opaque random tokens (refresh tokens, API keys): stored as a digest only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KeyError, Secret};
use crate::random::Random;

/// Returns a new token: a prefix and 32 random bytes.
pub fn new_opaque(random: &Random, prefix: &str) -> Result<Secret, KeyError> {
    let bytes = random.bytes::<32>().map_err(|error| KeyError::Token(error.to_string()))?;
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
    Ok(Secret::new(format!("{prefix}{}", *encoded)))
}

/// Returns a token's digest (SHA-256). With 256 random bits, a plain digest is safe.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
