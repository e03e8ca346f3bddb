//! Texts that let somebody in and mean nothing by themselves: made by chance, kept by their owner, known here by their digest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KeyError, Secret};

/// A new text that nobody guesses: what it begins with, then 32 bytes of chance.
pub fn new_opaque(prefix: &str) -> Result<Secret, KeyError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| KeyError::Token(error.to_string()))?;
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
    Ok(Secret::new(format!("{prefix}{}", *encoded)))
}

/// By what such a text is known. It holds 256 bits of chance: a plain digest tells nothing of it.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
