//! Access tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037), by our own clock.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{KeyError, Keys};

const AUDIENCE: &str = "disposisi";

/// Clocks may differ by this many seconds.
const LEEWAY: i64 = 5;

/// A token that is not good: why is not told apart to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenError;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    aud: String,
    iss: String,
    iat: i64,
    exp: i64,
}

impl Keys {
    /// A token for a person, and when it ends.
    pub fn issue(
        &self,
        user: Uuid,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<(String, DateTime<Utc>), KeyError> {
        let expires = now + lifetime;
        let header = jsonwebtoken::Header {
            kid: Some(self.id.clone()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        let claims = Claims {
            sub: user,
            aud: AUDIENCE.to_owned(),
            iss: AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: expires.timestamp(),
        };
        let token = jsonwebtoken::encode(&header, &claims, &self.signing);
        token.map(|token| (token, expires)).map_err(|error| KeyError::Token(error.to_string()))
    }

    /// Whose token this is and when it ends to be good, if it is ours, meant for us, and in force now.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<(Uuid, DateTime<Utc>), TokenError> {
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[AUDIENCE]);
        rules.set_required_spec_claims(&["aud", "iss", "exp"]);
        // The library would ask the machine's clock.
        rules.validate_exp = false;
        let data = jsonwebtoken::decode::<Claims>(token, &self.checking, &rules).map_err(|_| TokenError)?;
        let (claims, now) = (data.claims, now.timestamp());
        let good = data.header.kid.as_deref() == Some(&self.id)
            && claims.iat <= now + LEEWAY
            && now < claims.exp.saturating_add(LEEWAY);
        let ends = DateTime::from_timestamp(claims.exp.saturating_add(LEEWAY), 0).ok_or(TokenError)?;
        if good { Ok((claims.sub, ends)) } else { Err(TokenError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_time_and_its_key_only() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made = |folder: &std::path::Path| Keys::make(folder).and_then(|_| Keys::open(folder)).unwrap();
        let keys = made(folder.path());
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let user = Uuid::from_u128(7);
        let (token, expires) = keys.issue(user, now, TimeDelta::minutes(15)).unwrap();
        assert_eq!(keys.verify(&token, now), Ok((user, expires + TimeDelta::seconds(LEEWAY))));
        assert_eq!(keys.verify(&token, expires + TimeDelta::seconds(LEEWAY)), Err(TokenError), "ended");
        assert_eq!(keys.verify(&token, now - TimeDelta::minutes(1)), Err(TokenError), "from the future");
        assert_eq!(made(other.path()).verify(&token, now), Err(TokenError), "another key");
        let mut forged = token.clone();
        forged.replace_range(token.len() - 4.., "AAAA");
        assert_eq!(keys.verify(&forged, now), Err(TokenError), "forged");
    }
}
