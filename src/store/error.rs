//! What can go wrong in the database, classified once.

use sea_orm::{DbErr, SqlErr};

/// A fault of the database, or a constraint that a competing write made good first.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request has moved on.
    #[error("the request has moved on")]
    Stale,
    /// A living asset of this kind has that name.
    #[error("the name is taken")]
    NameTaken,
    /// A living asset holds one of those units.
    #[error("the place overlaps another")]
    PlaceTaken,
    /// Another request came with that letter.
    #[error("the letter was used before")]
    DuplicateLetter,
    /// The same idempotency key is being used by another call.
    #[error("the idempotency key is in use")]
    KeyInUse,
    /// A row holds what this program never writes.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Database(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let Some(SqlErr::UniqueConstraintViolation(detail)) = error.sql_err() else { return Self::Database(error) };
        // The constraint's name (PostgreSQL) or its columns (SQLite): ours both.
        let broken = |names: [&str; 2]| names.iter().any(|name| detail.contains(name));
        if broken(["assets_name", "assets.unique_name"]) {
            Self::NameTaken
        } else if broken(["held_units", "held_units.unit"]) {
            Self::PlaceTaken
        } else if broken(["requests_letter", "requests.letter_number"]) {
            Self::DuplicateLetter
        } else if broken(["idempotency_keys", "idempotency_keys.key"]) {
            Self::KeyInUse
        } else if broken(["events_sequence", "events.sequence"]) {
            Self::Stale
        } else {
            Self::Database(error)
        }
    }
}
