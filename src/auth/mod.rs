//! Authentication: keys, access tokens, passwords, one-time codes, the identity provider. No database.

mod keys;
mod opaque;
mod password;
mod provider;
mod secret;
mod sign_in_limiter;
mod token;
mod totp;

pub use keys::{KeyError, Keys, PublicKey, SigningKeyPair};
pub use opaque::{digest, new_opaque};
pub use password::Passwords;
pub use provider::{Issuer, Provider};
pub use secret::Secret;
pub use sign_in_limiter::SignInLimiter;
pub use token::{Bearer, TokenError};
pub use totp::{RECOVERY_CODES, Totp, new_recovery_code, recovery_digest};
