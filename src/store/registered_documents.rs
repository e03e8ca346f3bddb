//! The documents that clients registered. There is a bounded number of them: those that nobody used for the longest go first.

use chrono::{DateTime, Utc};
use entity::registered_document::{Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::database::lock_documents;
use super::{Store, StoreError};

/// A document that was registered, its digest, and when it was used last.
pub type RegisteredDocument = Model;

/// The document of a digest.
pub async fn registered_document(store: &Store, digest: &str) -> Result<Option<RegisteredDocument>, StoreError> {
    Ok(Entity::find_by_id(digest).one(store.reader()).await?)
}

/// Keeps documents, those that are there already as they are here, and forgets what is beyond `most` then.
pub async fn keep_registered(store: &Store, documents: Vec<RegisteredDocument>, most: usize) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    lock_documents(&transaction).await?;
    let mut renew = OnConflict::column(Column::Digest);
    renew.update_columns([Column::Text, Column::UsedAt]);
    let rows = documents.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(renew).exec_without_returning(&transaction).await?;
    let beyond = Entity::find().count(&transaction).await?.saturating_sub(most as u64);
    if beyond > 0 {
        let oldest = Entity::find().select_only().column(Column::Digest).order_by_asc(Column::UsedAt).limit(beyond);
        let oldest = Column::Digest.in_subquery(oldest.into_query());
        Entity::delete_many().filter(oldest).exec(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Forgets those that nobody has used since. Returns how many.
pub async fn forget_registered(store: &Store, since: DateTime<Utc>) -> Result<u64, StoreError> {
    let unused = Column::UsedAt.lt(since);
    if Entity::find().filter(unused.clone()).count(store.reader()).await? == 0 {
        return Ok(0);
    }
    let transaction = store.begin().await?;
    let gone = Entity::delete_many().filter(unused).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(gone.rows_affected)
}
