//! The server's keys: files in a folder of their own, readable by their owner only, never in the database.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Secret;
use crate::random::Random;

/// The files of the keys: for signing tokens, for sealing credentials, for the audit chain.
const NAMES: [&str; 3] = [SIGNING, "encryption.key", "audit.key"];

/// The token signing key's file.
const SIGNING: &str = "signing.key";

/// The length of the MAC in an authenticated text: enough to detect an altered one. It gives no access to anything.
const SHORT_MAC: usize = 8;

/// The next token signing key's file, during a rotation.
const NEXT: &str = "signing.next";

/// An error with the server's keys.
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
    /// A file is readable by others.
    #[error("{file} can be read by others; mend: chmod 600 {file}")]
    Open {
        /// The file.
        file: String,
    },
    /// A key is missing; a new one could not open or verify existing data.
    #[error("{file} is missing beside an existing database; mend: put the key back from a backup")]
    Missing {
        /// The file.
        file: String,
    },
    /// A file holds no key.
    #[error("{file} holds no key of 32 bytes in base64; mend: put the key back from a backup")]
    Malformed {
        /// The file.
        file: String,
    },
    /// A secret cannot be sealed.
    #[error("a secret cannot be sealed: {0}")]
    Seal(String),
    /// A token cannot be made.
    #[error("a token cannot be signed: {0}")]
    Token(String),
}

/// The keys for tokens, for sealing credentials and for the audit chain.
pub struct Keys {
    /// Replaceable while the server runs (key rotation).
    signing: RwLock<Arc<SigningKeyPair>>,
    /// Other verification keys, each with the end of its cache time.
    others: RwLock<HashMap<String, (jsonwebtoken::DecodingKey, DateTime<Utc>)>>,
    ids: [String; 2],
    sealing: XChaCha20Poly1305,
    audit: Zeroizing<[u8; 32]>,
}

/// A token signing key pair (Ed25519).
pub struct SigningKeyPair {
    pub(super) key: jsonwebtoken::EncodingKey,
    pub(super) verifying: jsonwebtoken::DecodingKey,
    pub(super) public: PublicKey,
}

/// The public half of a token signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The key id (`kid`).
    pub id: String,
    /// The key (Ed25519).
    pub bytes: [u8; 32],
}

impl std::fmt::Debug for SigningKeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SigningKeyPair {
    /// Opens the key in a folder.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        Self::read(&folder.join(SIGNING))
    }

    /// Opens or creates the next signing key of a folder, not in use yet.
    pub fn create_next(folder: &Path, random: &Random) -> Result<Self, KeyError> {
        let file = folder.join(NEXT);
        make(&file, random)?;
        Self::read(&file)
    }

    /// Opens the next signing key of a folder, if there is one.
    pub fn open_next(folder: &Path) -> Result<Option<Self>, KeyError> {
        let file = folder.join(NEXT);
        if file.exists() { Self::read(&file).map(Some) } else { Ok(None) }
    }

    /// Replaces the signing key of a folder by the next one.
    pub fn activate_next(folder: &Path) -> Result<(), KeyError> {
        let file = folder.join(SIGNING);
        let failed = |error| KeyError::File { file: file.display().to_string(), error };
        fs::rename(folder.join(NEXT), &file).map_err(failed)?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn read(file: &Path) -> Result<Self, KeyError> {
        let seed = read(file)?;
        // An Ed25519 private key as PKCS#8 (RFC 8410): a fixed head, then the seed.
        let mut der = Zeroizing::new(b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec());
        der.extend_from_slice(&*seed);
        let bytes = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Ok(Self {
            key: jsonwebtoken::EncodingKey::from_ed_der(&der),
            verifying: jsonwebtoken::DecodingKey::from_ed_der(&bytes),
            public: PublicKey { id: id(&[&bytes]), bytes },
        })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("signing", &self.signing().public.id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Creates the missing keys of a folder, for a new database; returns the created files.
    pub fn make(folder: &Path, random: &Random) -> Result<Vec<PathBuf>, KeyError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| KeyError::File { file: folder.display().to_string(), error })?;
        let mut made = Vec::new();
        for name in NAMES {
            let file = folder.join(name);
            if make(&file, random)? {
                made.push(file);
            }
        }
        Ok(made)
    }

    /// Opens the keys in a folder. [`KeyError::Missing`] for a missing one.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let [_, sealing, audit] = NAMES.map(|name| folder.join(name));
        let (signing, sealing, audit) = (SigningKeyPair::open(folder)?, read(&sealing)?, read(&audit)?);
        Ok(Self {
            signing: RwLock::new(Arc::new(signing)),
            others: RwLock::default(),
            ids: [id_of("encryption", &sealing), id_of("audit", &audit)],
            sealing: XChaCha20Poly1305::new((&*sealing).into()),
            audit,
        })
    }

    /// The id of each key by purpose, stored in the database to detect wrong keys. An id discloses nothing of its key.
    pub fn ids(&self) -> Vec<(String, String)> {
        let purposes = NAMES.map(|name| name.trim_end_matches(".key").to_owned());
        let signing = self.signing().public.id.clone();
        purposes.into_iter().zip(std::iter::once(signing).chain(self.ids.clone())).collect()
    }

    /// The current signing key.
    pub fn signing(&self) -> Arc<SigningKeyPair> {
        self.signing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the current signing key.
    pub fn replace_signing_key(&self, signing: SigningKeyPair) {
        *self.signing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signing);
    }

    /// Adds a verification key, valid until a moment.
    pub fn add_verification_key(&self, key: &PublicKey, until: DateTime<Utc>) {
        let verifying = jsonwebtoken::DecodingKey::from_ed_der(&key.bytes);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        others.insert(key.id.clone(), (verifying, until));
    }

    /// Returns the verification key of an id.
    pub(super) fn verification_key(&self, id: &str, now: DateTime<Utc>) -> Option<jsonwebtoken::DecodingKey> {
        let signing = self.signing();
        if signing.public.id == id {
            return Some(signing.verifying.clone());
        }
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        others.get(id).filter(|(_, until)| now < *until).map(|(key, _)| key.clone())
    }

    /// Seals a secret for a context (the asset's id): it opens with the same context only. A random nonce stands first.
    pub fn seal(&self, random: &Random, context: &[u8], secret: &Secret) -> Result<Vec<u8>, KeyError> {
        let nonce = *random.bytes::<24>().map_err(|error| KeyError::Seal(error.to_string()))?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: context };
        let sealed = self.sealing.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|error| KeyError::Seal(error.to_string()))?;
        Ok([&nonce[..], &sealed[..]].concat())
    }

    /// Decrypts a sealed secret; none for another context.
    pub fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Secret> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        let nonce = XNonce::from(<[u8; 24]>::try_from(nonce).ok()?);
        let payload = Payload { msg: sealed, aad: context };
        let opened = self.sealing.decrypt(&nonce, payload).ok()?;
        String::from_utf8(opened).ok().map(Secret::new)
    }

    /// Encrypts bytes deterministically: equal input gives equal output.
    pub fn seal_deterministic(&self, context: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        // As in SIV (RFC 5297), the nonce is a MAC of the plaintext: never the same one for two.
        let nonce = <[u8; 24]>::try_from(self.mac(&[b"hide", context, bytes]).get(..24)?).ok()?;
        let hidden = self.sealing.encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: context }).ok()?;
        Some([&nonce[..], &hidden[..]].concat())
    }

    /// Decrypts deterministically encrypted bytes; none for another context.
    pub fn unseal_deterministic(&self, context: &[u8], hidden: &[u8]) -> Option<Vec<u8>> {
        let (nonce, hidden) = hidden.split_at_checked(24)?;
        let nonce = XNonce::from(<[u8; 24]>::try_from(nonce).ok()?);
        self.sealing.decrypt(&nonce, Payload { msg: hidden, aad: context }).ok()
    }

    /// Derives a secret from parts that only its owner has all of: the same for the same parts, so it can be given again, though it
    /// is stored nowhere.
    pub(super) fn derive(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.mac(&[&[&b"secret"[..]], parts].concat()))
    }

    /// Encodes bytes as a text for clients to keep and to send back, with a short MAC over them and a context.
    pub fn encode_authenticated(&self, context: &[&[u8]], bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.short_mac(context, bytes)[..], bytes].concat())
    }

    /// Decodes such a text; none for an altered one, and for one of another context or installation.
    pub fn decode_authenticated(&self, context: &[&[u8]], text: &str) -> Option<Vec<u8>> {
        let decoded = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (mac, bytes) = decoded.split_first_chunk::<SHORT_MAC>()?;
        (*mac == self.short_mac(context, bytes)).then(|| bytes.to_vec())
    }

    fn short_mac(&self, context: &[&[u8]], bytes: &[u8]) -> [u8; SHORT_MAC] {
        let parts: Vec<&[u8]> = [&[b"authenticated" as &[u8]], context, &[bytes]].concat();
        self.mac(&parts).first_chunk().copied().unwrap_or_default()
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

/// The beginning of a digest, in hex.
fn id(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The id of a secret key.
fn id_of(purpose: &str, key: &[u8; 32]) -> String {
    id(&[b"disposisi key id\0", purpose.as_bytes(), b"\0", key])
}

/// Creates a missing key file; returns true if it did. Atomic: written to a temporary file and linked, so the first of
/// two concurrent starts wins.
fn make(file: &Path, random: &Random) -> Result<bool, KeyError> {
    if file.exists() {
        return Ok(false);
    }
    let failed = |error| KeyError::File { file: file.display().to_string(), error };
    let bytes = random.bytes::<32>().map_err(|error| failed(std::io::Error::other(error)))?;
    let folder = file.parent().unwrap_or(file);
    // Readable by its owner only, by the library's default.
    let mut half = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    half.write_all(STANDARD.encode(*bytes).as_bytes()).map_err(failed)?;
    half.as_file().sync_all().map_err(failed)?;
    let made = match half.persist_noclobber(file) {
        Ok(_) => true,
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(failed(error.error)),
    };
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(made)
}

/// Reads a key file; refuses one readable by others.
fn read(file: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let named = || file.display().to_string();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => KeyError::Missing { file: named() },
        _ => KeyError::File { file: named(), error },
    };
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

    fn made(folder: &Path) -> Result<Keys, KeyError> {
        Keys::make(folder, &Random::system())?;
        Keys::open(folder)
    }

    #[test]
    fn a_sealed_secret_opens_with_its_context_only() {
        let folder = tempfile::tempdir().unwrap();
        let keys = made(folder.path()).unwrap();
        let sealed = keys.seal(&Random::system(), b"asset", &Secret::new("rahasia".to_owned())).unwrap();
        assert_eq!(keys.unseal(b"asset", &sealed).unwrap().expose(), "rahasia");
        assert!(keys.unseal(b"other", &sealed).is_none());
        assert!(keys.unseal(b"asset", &sealed[..20]).is_none());
        let again = made(folder.path()).unwrap();
        assert_eq!(again.unseal(b"asset", &sealed).unwrap().expose(), "rahasia", "keys outlive the process");
        let hidden = keys.seal_deterministic(b"log", b"42").unwrap();
        assert_eq!(
            (keys.seal_deterministic(b"log", b"42"), again.unseal_deterministic(b"log", &hidden)),
            (Some(hidden.clone()), Some(b"42".to_vec()))
        );
        assert_eq!(
            (keys.unseal_deterministic(b"other", &hidden), keys.unseal_deterministic(b"log", &hidden[1..])),
            (None, None)
        );
        let text = keys.encode_authenticated(&[b"list", b"a"], b"7");
        assert_eq!(again.decode_authenticated(&[b"list", b"a"], &text), Some(b"7".to_vec()));
        assert_eq!(keys.decode_authenticated(&[b"list", b"b"], &text), None, "another context");
        assert_eq!(keys.decode_authenticated(&[b"lista"], &text), None);
        for length in 0..text.len() {
            assert_eq!(keys.decode_authenticated(&[b"list", b"a"], &text[..length]), None, "cut to {length}");
        }
        assert_eq!(keys.mac(&[b"a", b"b"]), again.mac(&[b"a", b"b"]));
        assert_ne!(keys.mac(&[b"ab"]), keys.mac(&[b"a", b"b"]));
        let others = tempfile::tempdir().unwrap();
        let others = made(others.path()).unwrap().ids();
        assert_eq!((keys.ids(), others.len()), (again.ids(), 3), "an id is its key's");
        assert!(keys.ids().iter().zip(&others).all(|(own, other)| own.0 == other.0 && own.1 != other.1));
    }

    #[test]
    fn a_missing_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path()).unwrap();
        assert!(Keys::open(folder.path()).is_ok());
        fs::remove_file(folder.path().join("encryption.key")).unwrap();
        let error = Keys::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("encryption.key is missing"), "{error}");
    }

    #[test]
    fn a_key_readable_by_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path()).unwrap();
        let file = folder.path().join("audit.key");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(made(folder.path()), Err(KeyError::Open { .. })));
    }
}
