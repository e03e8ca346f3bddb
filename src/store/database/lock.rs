//! What keeps others waiting on PostgreSQL; SQLite lets one transaction write at a time, and needs none of it.
//!
//! In one transaction always in this order: the office, the rights of whoever acts, the request's row, the number counter, the
//! idempotency key; and those of another whose rights are taken back, of whom nobody holds an office. A submission has no row
//! yet and takes its key before the counter: nobody who holds a counter waits for a key or a row, so no circle comes of it.

use entity::request;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{Executor, query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, RuntimeErr, Statement,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{StoreError, Transaction};

/// A lock that is a number, common to all that use the database: by what it is for, and which of those.
fn number(of: &[&[u8]]) -> i64 {
    let mut hash = Sha256::new_with_prefix(b"disposisi");
    for part in of {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// Keeps all others from a request until the transaction ends. By a statement of its own: what is read after it is what the one
/// before it committed. Nothing where there is no such request.
pub async fn lock_request(transaction: &Transaction, id: Uuid) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let row = request::Entity::find().select_only().column(request::Column::Id).filter(request::Column::Id.eq(id));
        row.lock_exclusive().into_tuple::<Uuid>().one(transaction).await?;
    }
    Ok(())
}

/// Keeps all others from a caller's key for a mutation until the transaction ends.
pub(in crate::store) async fn lock_key(
    transaction: &Transaction,
    user: Uuid,
    mutation: &str,
    key: &str,
) -> Result<(), StoreError> {
    take(transaction, number(&[b"key", user.as_bytes(), mutation.as_bytes(), key.as_bytes()])).await
}

/// Keeps all others from an office's people, agencies and grants until the transaction ends.
pub async fn lock_office(transaction: &Transaction, office: &str) -> Result<(), StoreError> {
    take(transaction, number(&[b"office", office.as_bytes()])).await
}

/// Keeps a person's rights as they are until the transaction ends: whoever takes one of them back waits. What they may do is read
/// after this.
pub async fn keep_rights(transaction: &Transaction, user: Uuid) -> Result<(), StoreError> {
    take_by("SELECT pg_advisory_xact_lock_shared($1)", transaction, number(&[b"rights", user.as_bytes()])).await
}

/// Waits for what a person is doing, and keeps them from doing more until the transaction ends, which takes back some right of
/// theirs: after that nothing is done by it.
pub async fn end_rights(transaction: &Transaction, user: Uuid) -> Result<(), StoreError> {
    take(transaction, number(&[b"rights", user.as_bytes()])).await
}

/// Keeps all others from numbering until the transaction ends, by when what it numbered is to be seen.
pub(in crate::store) async fn lock_log(transaction: &Transaction) -> Result<(), StoreError> {
    take(transaction, number(&[b"log"])).await
}

/// Keeps all others from making a policy active until the transaction ends.
pub(in crate::store) async fn lock_policies(transaction: &Transaction) -> Result<(), StoreError> {
    take(transaction, number(&[b"policies"])).await
}

/// Keeps all others from registering documents until the transaction ends: by when there are not too many.
pub(in crate::store) async fn lock_documents(transaction: &Transaction) -> Result<(), StoreError> {
    take(transaction, number(&[b"documents"])).await
}

/// Keeps all others from migrating until the connection ends.
pub(in crate::store) async fn for_migrating(connection: &mut PgConnection) -> Result<(), StoreError> {
    let lock = query("SELECT pg_advisory_lock($1)").bind(number(&[b"migrations"]));
    connection.execute(lock).await.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))?;
    Ok(())
}

async fn take(transaction: &Transaction, number: i64) -> Result<(), StoreError> {
    take_by("SELECT pg_advisory_xact_lock($1)", transaction, number).await
}

async fn take_by(lock: &str, transaction: &Transaction, number: i64) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, lock, [number.into()])).await?;
    }
    Ok(())
}
