//! Errors of the database, classified once.

use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// A fault of the database, or a constraint violated by a competing write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request has moved on: another act has appended its next event.
    #[error("the request has moved on")]
    Stale,
    /// A row that was read was not there to be written, or the database dropped a write without an error.
    #[error("the database did not write each row")]
    Lost,
    /// A living asset of this kind has the name.
    #[error("the name is taken")]
    NameTaken,
    /// A living asset holds one of those units.
    #[error("the place overlaps another")]
    PlaceTaken,
    /// Another request has the same letter.
    #[error("the letter was used before")]
    DuplicateLetter,
    /// The same idempotency key is being used by another call.
    #[error("the idempotency key is in use")]
    KeyInUse,
    /// The database gave the transaction up for another's sake: all of it may be tried again.
    #[error("the database gave the transaction up: {0}")]
    GivenUp(DbErr),
    /// A value beyond the database: a text with a NUL character, a date outside its calendar.
    #[error("the database cannot hold a value: {0}")]
    Unfit(DbErr),
    /// The database cannot be read or written now: it is full, locked, read-only, or does not answer.
    #[error("the database is not available: {0}")]
    Unavailable(DbErr),
    /// A row with content never written by this program.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Database(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        // No conflict of two acts: a row is read under the lock under which it is written.
        if matches!(error, DbErr::RecordNotUpdated) {
            return Self::Lost;
        }
        let Some(SqlErr::UniqueConstraintViolation(detail)) = error.sql_err() else {
            return match classify(&error) {
                ErrorClass::GivenUp => Self::GivenUp(error),
                ErrorClass::Unfit => Self::Unfit(error),
                ErrorClass::Unavailable => Self::Unavailable(error),
                ErrorClass::Other => Self::Database(error),
            };
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

/// The class of an error without a constraint.
enum ErrorClass {
    GivenUp,
    Unfit,
    Unavailable,
    Other,
}

/// Returns the class of an error without a constraint.
fn classify(error: &DbErr) -> ErrorClass {
    let source = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return ErrorClass::Unavailable,
        DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source)) => source,
        _ => return ErrorClass::Other,
    };
    match &**source {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match error.try_downcast_ref::<PgDatabaseError>() {
                Some(_) => classify_sqlstate(&code),
                None => classify_sqlite(&code),
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => ErrorClass::Unavailable,
        _ => ErrorClass::Other,
    }
}

/// Returns true for an error after which SQLite may have taken back the whole transaction: of the disk, the memory or the connection. An
/// error of a statement (ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE) or of reading its rows takes back that statement alone.
pub(super) fn may_end_transaction(error: &DbErr) -> bool {
    let source = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return true,
        DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source)) => source,
        _ => return false,
    };
    match &**source {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default().parse::<u32>().map(|code| code & 0xff);
            !matches!(code, Ok(1 | 18 | 19 | 20 | 25))
        }
        _ => true,
    }
}

/// SQLite's result codes: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN; the primary one is the lowest byte.
fn classify_sqlite(code: &str) -> ErrorClass {
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6 | 8 | 10 | 13 | 14) => ErrorClass::Unavailable,
        _ => ErrorClass::Other,
    }
}

/// PostgreSQL's codes (its manual, appendix A). The first two characters are the class.
fn classify_sqlstate(code: &str) -> ErrorClass {
    match code {
        // serialization_failure, deadlock_detected.
        "40001" | "40P01" => ErrorClass::GivenUp,
        // character_not_in_repertoire, untranslatable_character, datetime_field_overflow.
        "22021" | "22P05" | "22008" => ErrorClass::Unfit,
        // read_only_sql_transaction, as after a failover; idle_in_transaction_session_timeout, lock_not_available.
        "25006" | "25P03" | "55P03" => ErrorClass::Unavailable,
        // Connection exceptions, insufficient resources, the operator's interventions (statement_timeout is one).
        _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => ErrorClass::Unavailable,
        _ => ErrorClass::Other,
    }
}
