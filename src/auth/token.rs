//! Access tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037), by our own clock.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{KeyError, Keys, Secret};

/// The tokens' issuer.
const ISSUER: &str = "disposisi";

/// Clock skew tolerance, in seconds.
pub(super) const LEEWAY: i64 = 5;

/// An invalid access token; the reason is not disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenError;

/// The bearer of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// The person.
    pub user: Uuid,
    /// The session.
    pub session: Uuid,
}

#[derive(Serialize, Deserialize)]
struct TokenClaims {
    sub: Uuid,
    sid: Uuid,
    aud: String,
    iss: String,
    iat: i64,
    exp: i64,
}

impl Keys {
    /// Issues a token for an audience; returns it with its expiry.
    pub fn issue(
        &self,
        bearer: Bearer,
        audience: &str,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<(Secret, DateTime<Utc>), KeyError> {
        let (expires, signing) = (now + lifetime, self.signing());
        let header = jsonwebtoken::Header {
            kid: Some(signing.public.id.clone()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        let claims = TokenClaims {
            sub: bearer.user,
            sid: bearer.session,
            aud: audience.to_owned(),
            iss: ISSUER.to_owned(),
            iat: now.timestamp(),
            exp: expires.timestamp(),
        };
        let token = jsonwebtoken::encode(&header, &claims, &signing.key);
        token.map(|token| (Secret::new(token), expires)).map_err(|error| KeyError::Token(error.to_string()))
    }

    /// Returns the key id of a token signed by an unknown key, possibly one of another instance.
    pub fn unknown_key(&self, token: &str, now: DateTime<Utc>) -> Option<String> {
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let is_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_id && self.verification_key(&id, now).is_none()).then_some(id)
    }

    /// Verifies a token's signature, issuer, audience and time; returns its bearer and expiry.
    pub fn verify(
        &self,
        token: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<(Bearer, DateTime<Utc>), TokenError> {
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        rules.set_audience(&[audience]);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["aud", "iss", "exp"]);
        // The library would ask the machine's clock.
        rules.validate_exp = false;
        let id = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid).ok_or(TokenError)?;
        let key = self.verification_key(&id, now).ok_or(TokenError)?;
        let claims = jsonwebtoken::decode::<TokenClaims>(token, &key, &rules).map_err(|_| TokenError)?.claims;
        let now = now.timestamp();
        let good = claims.iat <= now + LEEWAY && now < claims.exp.saturating_add(LEEWAY);
        let ends = DateTime::from_timestamp(claims.exp.saturating_add(LEEWAY), 0).ok_or(TokenError)?;
        if good { Ok((Bearer { user: claims.sub, session: claims.sid }, ends)) } else { Err(TokenError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_token_is_valid_for_its_time_key_and_audience_only() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made =
            |folder: &std::path::Path| Keys::make(folder, &Random::system()).and_then(|_| Keys::open(folder)).unwrap();
        let keys = made(folder.path());
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let bearer = Bearer { user: Uuid::from_u128(7), session: Uuid::from_u128(8) };
        let (token, expires) = keys.issue(bearer, "us", now, TimeDelta::minutes(15)).unwrap();
        let token = token.expose();
        assert_eq!(keys.verify(token, "us", now), Ok((bearer, expires + TimeDelta::seconds(LEEWAY))));
        assert_eq!(keys.verify(token, "us", expires + TimeDelta::seconds(LEEWAY)), Err(TokenError), "ended");
        assert_eq!(keys.verify(token, "us", now - TimeDelta::minutes(1)), Err(TokenError), "from the future");
        assert_eq!(keys.verify(token, "them", now), Err(TokenError), "for others");
        assert_eq!(made(other.path()).verify(token, "us", now), Err(TokenError), "another key");
        let mut forged = token.to_owned();
        forged.replace_range(token.len() - 4.., "AAAA");
        assert_eq!(keys.verify(&forged, "us", now), Err(TokenError), "forged");
    }
}
