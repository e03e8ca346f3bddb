//! Idempotency keys: a retry of a mutation returns the first result.

use chrono::{DateTime, TimeDelta, Utc};
use entity::idempotency_key;
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::database::{insert, lock_key};
use super::{StoreError, Transaction};

/// The retention of idempotency keys.
pub const IDEMPOTENCY_KEY_RETENTION: TimeDelta = TimeDelta::days(7);

/// The stored result of an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredResult {
    /// Nothing: act.
    New,
    /// The same input made or changed this.
    Done(Uuid),
    /// Another input was sent with it.
    Other,
}

/// Returns the stored result of a caller's idempotency key for a mutation. Another call with the same key waits until the transaction ends.
pub async fn recall(
    transaction: &Transaction,
    user: Uuid,
    mutation: &str,
    key: &str,
    input: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<StoredResult, StoreError> {
    lock_key(transaction, user, mutation, key).await?;
    let id = (user, mutation.to_owned(), key.to_owned());
    Ok(match idempotency_key::Entity::find_by_id(id.clone()).one(transaction).await? {
        None => StoredResult::New,
        Some(row) if row.created_at < now - IDEMPOTENCY_KEY_RETENTION => {
            idempotency_key::Entity::delete_by_id(id).exec(transaction).await?;
            StoredResult::New
        }
        Some(row) if row.input == input => StoredResult::Done(row.result),
        Some(_) => StoredResult::Other,
    })
}

/// Stores the result of a success.
pub async fn remember(
    transaction: &Transaction,
    user: Uuid,
    mutation: &str,
    key: &str,
    input: &[u8; 32],
    (result, now): (Uuid, DateTime<Utc>),
) -> Result<(), StoreError> {
    let row = idempotency_key::Model {
        user_id: user,
        mutation: mutation.to_owned(),
        key: key.to_owned(),
        input: input.to_vec(),
        result,
        created_at: now,
    };
    insert(transaction, row).await
}
