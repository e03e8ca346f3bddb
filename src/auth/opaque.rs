//! Opaque tokens (refresh tokens, API keys), random or derived: stored as a digest only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KeyError, Keys, Secret};
use crate::random::Random;

/// Returns a new token: a prefix and 32 random bytes.
pub fn new_opaque(random: &Random, prefix: &str) -> Result<Secret, KeyError> {
    let bytes = random.bytes::<32>().map_err(|error| KeyError::Token(error.to_string()))?;
    Ok(encode(prefix, &bytes))
}

impl Keys {
    /// Derives a token from parts, one of them known to its owner alone: the same parts give the same token again.
    pub fn derive_opaque(&self, prefix: &str, parts: &[&[u8]]) -> Secret {
        encode(prefix, &self.derive(parts))
    }
}

fn encode(prefix: &str, bytes: &[u8; 32]) -> Secret {
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
    Secret::new(format!("{prefix}{}", *encoded))
}

/// Returns a token's digest (SHA-256). With 256 random bits, a plain digest is safe.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_token_follows_from_its_parts_and_the_keys() {
        let [one, other] = [0; 2].map(|_| {
            let folder = tempfile::tempdir().unwrap();
            Keys::make(folder.path(), &Random::system()).unwrap();
            Keys::open(folder.path()).unwrap()
        });
        let token = one.derive_opaque("a_", &[b"token", b"key"]);
        assert_eq!(token.expose(), one.derive_opaque("a_", &[b"token", b"key"]).expose());
        assert_eq!(token.expose().len(), 45);
        let others = [&[&b"token"[..], b"yek"][..], &[b"tokenkey"], &[b"key", b"token"], &[b"token", b"key", b""], &[]];
        for parts in others {
            assert_ne!(token.expose(), one.derive_opaque("a_", parts).expose(), "{parts:?}");
        }
        assert_ne!(token.expose(), other.derive_opaque("a_", &[b"token", b"key"]).expose(), "other keys");
    }
}
