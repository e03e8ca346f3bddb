//! API keys.

use chrono::{DateTime, TimeDelta, Utc};
use entity::api_key;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::database::{insert, notify_followers};
use super::{Store, StoreError, Transaction};

/// How far a key's last use may be off.
const ABOUT: TimeDelta = TimeDelta::minutes(1);

/// Adds a key.
pub async fn add_api_key(transaction: &Transaction, key: api_key::Model) -> Result<(), StoreError> {
    insert(transaction, key).await
}

/// Returns an API key by hash, valid or not.
pub async fn api_key_by_hash(store: &Store, hash: &[u8; 32]) -> Result<Option<api_key::Model>, StoreError> {
    Ok(api_key::Entity::find().filter(api_key::Column::Hash.eq(hash.to_vec())).one(store.reader()).await?)
}

/// The keys of a person, the newest first.
pub async fn api_keys_of<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<Vec<api_key::Model>, StoreError> {
    let keys = api_key::Entity::find().filter(api_key::Column::UserId.eq(user));
    Ok(keys.order_by_desc(api_key::Column::CreatedAt).order_by_desc(api_key::Column::Id).all(connection).await?)
}

/// Revokes an API key that is not revoked, and wakes followers on every server on commit.
pub async fn revoke_api_key(transaction: &Transaction, id: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    let revoke = api_key::Entity::update_many().col_expr(api_key::Column::RevokedAt, Expr::val(now));
    revoke.filter(api_key::Column::Id.eq(id)).filter(api_key::Column::RevokedAt.is_null()).exec(transaction).await?;
    notify_followers(transaction).await
}

/// Records the use of an API key, at most once a minute.
pub async fn record_api_key_use(store: &Store, id: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    let before = api_key::Column::LastUsedAt;
    api_key::Entity::update_many()
        .col_expr(before, Expr::val(now))
        .filter(api_key::Column::Id.eq(id))
        .filter(Condition::any().add(before.is_null()).add(before.lt(now - ABOUT)))
        .exec(&transaction)
        .await?;
    transaction.commit().await
}
