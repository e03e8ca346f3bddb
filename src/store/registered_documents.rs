//! Persisted GraphQL documents registered by clients: a bounded number, the least recently used go first.

use entity::registered_document::{Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::database::lock_documents;
use super::{Store, StoreError};

/// A registered document with its digest and last use.
pub type RegisteredDocument = Model;

/// The document of a digest.
pub async fn registered_document(store: &Store, digest: &str) -> Result<Option<RegisteredDocument>, StoreError> {
    Ok(Entity::find_by_id(digest).one(store.reader()).await?)
}

/// Inserts or renews documents, and deletes the least recently used beyond `most`.
pub async fn save_registered_documents(
    store: &Store,
    documents: Vec<RegisteredDocument>,
    most: usize,
) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    lock_documents(&transaction).await?;
    let mut renew = OnConflict::column(Column::Digest);
    renew.update_columns([Column::Text, Column::UsedAt]);
    let rows = documents.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(renew).exec_without_returning(&transaction).await?;
    let excess = Entity::find().count(&transaction).await?.saturating_sub(most as u64);
    if excess > 0 {
        let oldest = Entity::find().select_only().column(Column::Digest).order_by_asc(Column::UsedAt).limit(excess);
        let oldest = Column::Digest.in_subquery(oldest.into_query());
        Entity::delete_many().filter(oldest).exec(&transaction).await?;
    }
    transaction.commit().await
}
