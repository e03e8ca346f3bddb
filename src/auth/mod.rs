//! Authentication: keys, access tokens, passwords, one-time codes, the identity provider. No database.

mod attempts;
mod keys;
mod opaque;
mod password;
mod provider;
mod secret;
mod token;
mod totp;

pub use attempts::Attempts;
pub use keys::{KeyError, Keys, PublicKey, SigningKeyPair};
pub use opaque::{digest, new_opaque};
pub use password::Passwords;
pub use provider::{Issuer, Provider};
pub use secret::Secret;
pub use token::{Bearer, TokenError};
pub use totp::{RECOVERY_CODES, Totp, new_recovery_code, recovery_digest};
