//! The server's keys: files beside the database, readable by their owner only, never in it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Secret;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// Others may read a file.
    #[error("{file} can be read by others; mend: chmod 600 {file}")]
    Open {
        /// The file.
        file: String,
    },
    /// A file holds no key.
    #[error("{file} holds no key of 32 bytes in base64; mend: put the key back from a backup")]
    Malformed {
        /// The file.
        file: String,
    },
    /// A token cannot be made.
    #[error("a token cannot be signed: {0}")]
    Token(String),
}

/// The keys for tokens, for sealing credentials and for the audit chain.
pub struct Keys {
    pub(super) signing: jsonwebtoken::EncodingKey,
    pub(super) checking: jsonwebtoken::DecodingKey,
    pub(super) id: String,
    sealing: XChaCha20Poly1305,
    audit: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Opens the keys in `<data>/keys`, and makes those that are not there.
    pub fn open_or_make(data: &Path) -> Result<Self, KeyError> {
        let folder = data.join("keys");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| KeyError::File { file: folder.display().to_string(), error })?;
        let signing = key(&folder.join("signing.key"))?;
        let sealing = key(&folder.join("encryption.key"))?;
        let audit = key(&folder.join("audit.key"))?;
        // An Ed25519 private key as PKCS#8 (RFC 8410): a fixed head, then the seed.
        let mut der = Zeroizing::new(b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec());
        der.extend_from_slice(&*signing);
        let public = ed25519_dalek::SigningKey::from_bytes(&signing).verifying_key().to_bytes();
        let id = Sha256::digest(public).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            signing: jsonwebtoken::EncodingKey::from_ed_der(&der),
            checking: jsonwebtoken::DecodingKey::from_ed_der(&public),
            id,
            sealing: XChaCha20Poly1305::new((&*sealing).into()),
            audit,
        })
    }

    /// Seals a secret for a context (the asset's id): it opens with the same context only. A random nonce stands first.
    pub fn seal(&self, context: &[u8], secret: &Secret) -> Vec<u8> {
        let mut nonce = [0_u8; 24];
        let random = getrandom::fill(&mut nonce);
        let payload = Payload { msg: secret.expose().as_bytes(), aad: context };
        let sealed = self.sealing.encrypt(&XNonce::from(nonce), payload);
        match (random, sealed) {
            (Ok(()), Ok(sealed)) => [&nonce[..], &sealed[..]].concat(),
            // Nothing is stored that was not sealed: opening it says that it cannot be opened.
            _ => Vec::new(),
        }
    }

    /// Opens what was sealed for that context. None for anything else.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Secret> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        let nonce = XNonce::from(<[u8; 24]>::try_from(nonce).ok()?);
        let payload = Payload { msg: sealed, aad: context };
        let opened = self.sealing.decrypt(&nonce, payload).ok()?;
        String::from_utf8(opened).ok().map(Secret::new)
    }

    /// HMAC-SHA256 over parts, each with its length before it.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = match <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*self.audit) {
            Ok(mac) => mac,
            // HMAC takes keys of any length (RFC 2104).
            Err(_) => return [0; 32],
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The key in a file, made when there is none.
fn key(file: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let named = || file.display().to_string();
    let failed = |error| KeyError::File { file: named(), error };
    if !file.exists() {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *bytes).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
        // Written whole beside its place, then moved there: a key is never half there.
        let half = file.with_extension("new");
        let mut options = fs::OpenOptions::new();
        let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(&half).map_err(failed)?;
        open.write_all(STANDARD.encode(*bytes).as_bytes()).map_err(failed)?;
        open.sync_all().map_err(failed)?;
        fs::rename(&half, file).map_err(failed)?;
    }
    if fs::metadata(file).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyError::Open { file: named() });
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(failed)?);
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.map(Zeroizing::new).ok_or_else(|| KeyError::Malformed { file: named() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_context_only() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open_or_make(folder.path()).unwrap();
        let sealed = keys.seal(b"asset", &Secret::new("rahasia".to_owned()));
        assert_eq!(keys.open(b"asset", &sealed).unwrap().expose(), "rahasia");
        assert!(keys.open(b"other", &sealed).is_none());
        assert!(keys.open(b"asset", &sealed[..20]).is_none());
        let again = Keys::open_or_make(folder.path()).unwrap();
        assert_eq!(again.open(b"asset", &sealed).unwrap().expose(), "rahasia", "keys outlive the process");
        assert_eq!(keys.mac(&[b"a", b"b"]), again.mac(&[b"a", b"b"]));
        assert_ne!(keys.mac(&[b"ab"]), keys.mac(&[b"a", b"b"]));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Keys::open_or_make(folder.path()).unwrap();
        let file = folder.path().join("keys/audit.key");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::open_or_make(folder.path()), Err(KeyError::Open { .. })));
    }
}
