//! Advisory and row locks for PostgreSQL. No-ops on SQLite, a database with a single writer.
//!
//! The lock order within a transaction prevents deadlock: the office, the actor's rights, the request's row, the number counter,
//! the idempotency key; then the rights of another person when they are revoked (no holder of those locks an office). A submission
//! has no row yet and takes its key before the counter: a holder of a counter never waits for a key or a row.

use entity::request;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{Executor, query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, RuntimeErr, Statement,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{StoreError, Transaction};

/// The number of an advisory lock, common to all users of the database: a hash of its purpose and its object.
fn number(parts: &[&[u8]]) -> i64 {
    let mut hash = Sha256::new_with_prefix(b"disposisi");
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// Locks a request's row until the transaction ends. A statement of its own: reads after it see the last holder's commit. No-op
/// without such a request.
pub async fn lock_request(transaction: &Transaction, id: Uuid) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let row = request::Entity::find().select_only().column(request::Column::Id).filter(request::Column::Id.eq(id));
        row.lock_exclusive().into_tuple::<Uuid>().one(transaction).await?;
    }
    Ok(())
}

/// Locks a caller's idempotency key for a mutation until the transaction ends.
pub(in crate::store) async fn lock_key(
    transaction: &Transaction,
    user: Uuid,
    mutation: &str,
    key: &str,
) -> Result<(), StoreError> {
    lock(transaction, number(&[b"key", user.as_bytes(), mutation.as_bytes(), key.as_bytes()])).await
}

/// Locks an office's people, agencies and grants until the transaction ends.
pub async fn lock_office(transaction: &Transaction, office: &str) -> Result<(), StoreError> {
    lock(transaction, number(&[b"office", office.as_bytes()])).await
}

/// Takes a shared lock on a person's rights until the transaction ends: a revocation waits. Their rights are read after this.
pub async fn lock_rights_shared(transaction: &Transaction, user: Uuid) -> Result<(), StoreError> {
    lock_with("SELECT pg_advisory_xact_lock_shared($1)", transaction, number(&[b"rights", user.as_bytes()])).await
}

/// Takes the exclusive lock on a person's rights until the transaction ends, for a revocation: waits for their acts under way, and
/// holds up new ones.
pub async fn lock_rights(transaction: &Transaction, user: Uuid) -> Result<(), StoreError> {
    lock(transaction, number(&[b"rights", user.as_bytes()])).await
}

/// Locks the numbering of the log until the transaction ends and its positions are visible.
pub(in crate::store) async fn lock_log(transaction: &Transaction) -> Result<(), StoreError> {
    lock(transaction, number(&[b"log"])).await
}

/// Locks the activation of policies until the transaction ends.
pub(in crate::store) async fn lock_policies(transaction: &Transaction) -> Result<(), StoreError> {
    lock(transaction, number(&[b"policies"])).await
}

/// Locks the registration of documents until the transaction ends and their number is within bounds.
pub(in crate::store) async fn lock_documents(transaction: &Transaction) -> Result<(), StoreError> {
    lock(transaction, number(&[b"documents"])).await
}

/// Locks migrations until the connection ends.
pub(in crate::store) async fn lock_migrations(connection: &mut PgConnection) -> Result<(), StoreError> {
    let statement = query("SELECT pg_advisory_lock($1)").bind(number(&[b"migrations"]));
    connection.execute(statement).await.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))?;
    Ok(())
}

/// Tries for the advisory lock of a background job until the transaction ends, without waiting. Returns false while another
/// instance holds it.
pub(in crate::store) async fn try_lock_job(transaction: &Transaction, job: &str) -> Result<bool, StoreError> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let key = number(&[b"job", job.as_bytes()]);
    let lock = "SELECT pg_try_advisory_xact_lock($1)";
    let lock = Statement::from_sql_and_values(DbBackend::Postgres, lock, [key.into()]);
    match transaction.query_one_raw(lock).await? {
        Some(row) => Ok(row.try_get_by_index::<bool>(0)?),
        None => Ok(false),
    }
}

async fn lock(transaction: &Transaction, number: i64) -> Result<(), StoreError> {
    lock_with("SELECT pg_advisory_xact_lock($1)", transaction, number).await
}

async fn lock_with(function: &str, transaction: &Transaction, number: i64) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, function, [number.into()])).await?;
    }
    Ok(())
}
