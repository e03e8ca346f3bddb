//! The documents that clients registered. There is a bounded number of them: those that nobody used for the longest go first.

use chrono::{DateTime, TimeDelta, Utc};
use entity::registered_document::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::lock::lock_documents;
use super::{Store, StoreError};

/// How exactly it is known when one was used last: so often at most is it written.
const ABOUT: TimeDelta = TimeDelta::days(1);

/// The document of a digest, and whether it is time to note that it was used.
pub async fn registered(store: &Store, digest: &str, now: DateTime<Utc>) -> Result<Option<(String, bool)>, StoreError> {
    let row = Entity::find_by_id(digest).one(store.reader()).await?;
    Ok(row.map(|row| (row.text, row.used_at < now - ABOUT)))
}

/// Notes that a document was used.
pub async fn note_registered(store: &Store, digest: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    let note = Entity::update_many().col_expr(Column::UsedAt, Expr::val(now)).filter(Column::Digest.eq(digest));
    note.exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Registers a document by its digest, and forgets those beyond `most`.
pub async fn register(
    store: &Store,
    digest: &str,
    text: &str,
    most: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    lock_documents(&transaction).await?;
    let row = Model { digest: digest.to_owned(), text: text.to_owned(), used_at: now };
    let keep = OnConflict::column(Column::Digest).do_nothing().to_owned();
    Entity::insert(row.into_active_model()).on_conflict(keep).exec_without_returning(&transaction).await?;
    let beyond = Entity::find().count(&transaction).await?.saturating_sub(most);
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
