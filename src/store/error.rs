//! What can go wrong in the database, classified once.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

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
    /// The database cannot be read or written now: it is full, locked, read-only, or does not answer.
    #[error("the database is not available: {0}")]
    Unavailable(DbErr),
    /// A row holds what this program never writes.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Database(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let Some(SqlErr::UniqueConstraintViolation(detail)) = error.sql_err() else {
            return if is_unavailable(&error) { Self::Unavailable(error) } else { Self::Database(error) };
        };
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

/// Whether it is the database that fails, and not what was asked of it.
fn is_unavailable(error: &DbErr) -> bool {
    let source = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return true,
        DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source)) => source,
        _ => return false,
    };
    match &**source {
        sqlx::Error::Database(error) => {
            // SQLite's result codes: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN; the primary one is the lowest byte.
            let code = error.code().and_then(|code| code.parse::<u32>().ok());
            code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}
