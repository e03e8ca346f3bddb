//! One-time codes: TOTP (RFC 6238: SHA-1, six digits, 30 seconds) and recovery codes.

use chrono::{DateTime, Utc};
use totp_rs::Builder;
use zeroize::Zeroizing;

use super::{KeyError, Keys, Secret, digest};
use crate::random::Random;

/// The issuer shown by authenticators.
const ISSUER: &str = "disposisi";

/// The number of recovery codes.
pub const RECOVERY_CODES: usize = 10;

/// A TOTP secret, shared with an authenticator.
pub struct Totp(totp_rs::Totp);

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("«hidden»")
    }
}

fn random_bytes<const N: usize>(random: &Random) -> Result<Zeroizing<[u8; N]>, KeyError> {
    random.bytes().map_err(|error| KeyError::Token(error.to_string()))
}

impl Totp {
    /// Creates a random secret for a user name.
    pub fn new(random: &Random, username: &str) -> Result<Self, KeyError> {
        Self::build(totp_rs::Secret::new_stack(*random_bytes::<20>(random)?), username)
    }

    /// Creates it from a stored secret (base32).
    pub fn from_secret(secret: &Secret, username: &str) -> Result<Self, KeyError> {
        let secret = totp_rs::Secret::try_from_base32(secret.expose());
        Self::build(secret.map_err(|error| KeyError::Token(error.to_string()))?, username)
    }

    fn build(secret: totp_rs::Secret, username: &str) -> Result<Self, KeyError> {
        let built = Builder::new().with_secret(secret).with_account_name(username).with_issuer(Some(ISSUER)).build();
        built.map(Self).map_err(|error| KeyError::Token(error.to_string()))
    }

    /// The secret in base32, for typing.
    pub fn secret(&self) -> Secret {
        Secret::new(self.0.secret().to_base32())
    }

    /// The `otpauth:` URI, for scanning.
    pub fn uri(&self) -> Result<Secret, KeyError> {
        self.0.to_url().map(Secret::new).map_err(|error| KeyError::Token(error.to_string()))
    }

    /// Returns the time step of a valid code: the current one, the one before or the one after.
    pub fn step(&self, code: &Secret, now: DateTime<Utc>) -> Option<i64> {
        let code = Zeroizing::new(code.expose().chars().filter(|c| !c.is_whitespace()).collect::<String>());
        let step = self.0.check(&code, u64::try_from(now.timestamp()).ok()?)?;
        i64::try_from(step).ok()
    }
}

/// Returns a new recovery code.
pub fn new_recovery_code(random: &Random) -> Result<Secret, KeyError> {
    Ok(recovery_code(&*random_bytes::<10>(random)?))
}

impl Keys {
    /// Derives a recovery code from parts, one of them known to its owner alone: the same parts give the same code again.
    pub fn derive_recovery_code(&self, parts: &[&[u8]]) -> Secret {
        recovery_code(&self.derive(parts)[..10])
    }
}

/// Writes 80 bits in four groups.
fn recovery_code(bytes: &[u8]) -> Secret {
    let text = Zeroizing::new(totp_rs::Secret::new(Box::from(bytes)).to_base32().to_lowercase());
    let characters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    Secret::new(groups.join("-"))
}

/// Returns a recovery code's digest, independent of case and separators.
pub fn recovery_digest(code: &Secret) -> [u8; 32] {
    let typed = code.expose().chars().filter(char::is_ascii_alphanumeric);
    digest(&Zeroizing::new(typed.collect::<String>().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_rfc_6238_within_one_step() {
        // RFC 6238, appendix B: the secret of its test vectors; their last six digits.
        let secret = Secret::new(totp_rs::Secret::new_stack(*b"12345678901234567890").to_base32());
        let totp = Totp::from_secret(&secret, "siti").unwrap();
        assert_eq!(totp.secret().expose(), secret.expose());
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let step = |at: i64| totp.step(&Secret::new(code.to_owned()), DateTime::from_timestamp(at, 0).unwrap());
            let own = at / 30;
            assert_eq!((step(at), step(at - 30), step(at + 30)), (Some(own), Some(own), Some(own)), "{code}");
            assert_eq!((step(at - 60), step(at + 60)), (None, None), "{code}");
        }
        let now = DateTime::from_timestamp(59, 0).unwrap();
        for wrong in ["", "28708", "2870820", "+87082", "２８７０８２", "287083", "nothing"] {
            assert_eq!(totp.step(&Secret::new(wrong.to_owned()), now), None, "{wrong}");
        }
        assert_eq!(totp.step(&Secret::new("287 082".to_owned()), now), Some(1), "as authenticators show it");
        let uri = totp.uri().unwrap();
        assert!(uri.expose().starts_with("otpauth://totp/disposisi:siti?secret="), "as authenticators read it");
        let new = || Totp::new(&Random::system(), "siti").unwrap();
        assert_ne!(new().secret().expose(), new().secret().expose());
    }

    #[test]
    fn a_recovery_code_is_independent_of_case_and_separators() {
        let random = Random::seeded(7);
        let code = new_recovery_code(&random).unwrap();
        assert_eq!(code.expose().len(), 19);
        let typed = Secret::new(code.expose().to_uppercase().replace('-', " "));
        assert_eq!(recovery_digest(&typed), recovery_digest(&code));
        assert_ne!(recovery_digest(&new_recovery_code(&random).unwrap()), recovery_digest(&code));
    }
}
