//! Sign-in, sessions, passwords, TOTP, API keys, the identity provider, and the signing key of access tokens.

pub(super) mod api_key;
pub(super) mod api_key_uses;
mod language;
mod password;
mod provider;
pub(super) mod session;
pub(super) mod sign_in;
pub(super) mod signing_key;
mod totp;
