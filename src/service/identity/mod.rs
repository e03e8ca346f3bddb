//! Sign-in, sessions, passwords, TOTP, API keys, the identity provider, and the key that signs access tokens.

pub(super) mod api_key;
mod language;
mod password;
mod provider;
pub(super) mod session;
pub(super) mod sign_in;
pub(super) mod signing_key;
mod totp;
