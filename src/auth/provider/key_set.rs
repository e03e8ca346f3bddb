//! Published verification keys of a provider (JWK sets, RFC 7517), restricted to the usable ones.

use std::ops::RangeInclusive;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// How long the modulus of an RSA key is, in bytes: shorter ones are too weak (RFC 7518, section 3.3), longer ones are not taken by
/// the library.
const MODULUS: RangeInclusive<usize> = 256..=512;

/// Length of the other keys, in bytes: a point of P-256 with the byte of its encoding, and one of Ed25519.
const P256: usize = 65;
const ED25519: usize = 32;

/// The usable keys of a provider, each with its one algorithm.
#[derive(Debug)]
pub(super) struct KeySet(Vec<ProviderKey>);

#[derive(Debug)]
struct ProviderKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// A set as it is written.
#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads the usable keys of a set; other kinds are passed over (RFC 7517, section 5).
    pub(super) fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        let published: Published = serde_json::from_slice(text)?;
        Ok(Self(published.keys.into_iter().filter_map(usable).collect()))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The one key of an id and algorithm. Without an id, the only key.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        // A key of another kind may share its id.
        let is_meant =
            |key: &&ProviderKey| id.is_none_or(|id| key.id.as_deref() == Some(id) && key.algorithm == algorithm);
        let mut meant = self.0.iter().filter(is_meant);
        let one = meant.next().filter(|key| key.algorithm == algorithm)?;
        meant.next().is_none().then_some(&one.key)
    }
}

/// Returns a key for checking signatures by an accepted algorithm.
fn usable(published: Value) -> Option<ProviderKey> {
    let jwk: Jwk = serde_json::from_value(published).ok()?;
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let algorithm = algorithm(&jwk.algorithm, key.kind())?;
    let common = jwk.common;
    let signs = common.public_key_use.is_none_or(|used| used == PublicKeyUse::Signature)
        && common.key_operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
        && common.key_algorithm.is_none_or(|only| only == algorithm.into());
    signs.then_some(ProviderKey { id: common.key_id, algorithm, key })
}

/// The algorithm of a key. None for a wrong length: the library would not look.
fn algorithm(parameters: &AlgorithmParameters, key: &DecodingKeyKind) -> Option<Algorithm> {
    match (parameters, key) {
        (AlgorithmParameters::RSA(_), DecodingKeyKind::RsaModulusExponent { n, .. }) => {
            let length = n.iter().skip_while(|byte| **byte == 0).count();
            MODULUS.contains(&length).then_some(Algorithm::RS256)
        }
        (AlgorithmParameters::EllipticCurve(point), DecodingKeyKind::SecretOrDer(bytes)) => {
            (point.curve == EllipticCurve::P256 && bytes.len() == P256).then_some(Algorithm::ES256)
        }
        (AlgorithmParameters::OctetKeyPair(point), DecodingKeyKind::SecretOrDer(bytes)) => {
            (point.curve == EllipticCurve::Ed25519 && bytes.len() == ED25519).then_some(Algorithm::EdDSA)
        }
        _ => None,
    }
}
