//! Who is calling: keys, tokens, passwords. No database.

mod attempts;
mod keys;
mod password;
mod secret;
mod token;

pub use attempts::Attempts;
pub use keys::{KeyError, Keys};
pub use password::Passwords;
pub use secret::Secret;
pub use token::TokenError;
