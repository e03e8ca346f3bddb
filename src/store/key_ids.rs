//! Ids of the database's keys.

use entity::key_id;
use migration::SchemaManager;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseConnection, EntityTrait, IntoActiveModel, QueryOrder};

use super::{DatabaseLocation, Store, StoreError, open_to_read};

/// Ids of keys by purpose.
pub type KeyIds = Vec<(String, String)>;

/// The ids on record in an existing database; none while nothing is recorded there.
pub async fn key_ids(location: &DatabaseLocation) -> Result<KeyIds, StoreError> {
    let reader = open_to_read(location).await?;
    // A schema from before there was such a record has no table for it.
    let found =
        if SchemaManager::new(&reader).has_table("key_ids").await? { read(&reader).await? } else { KeyIds::new() };
    reader.close().await?;
    Ok(found)
}

async fn read(connection: &DatabaseConnection) -> Result<KeyIds, StoreError> {
    let rows = key_id::Entity::find().order_by_asc(key_id::Column::Purpose).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.purpose, row.id)).collect())
}

impl Store {
    /// The ids on record now.
    pub async fn recorded_key_ids(&self) -> Result<KeyIds, StoreError> {
        read(self.reader()).await
    }

    /// Records ids in a database without any, and returns the recorded ones: of two callers at once, the first
    /// one's.
    pub async fn record_key_ids(&self, ids: KeyIds) -> Result<KeyIds, StoreError> {
        let transaction = self.begin().await?;
        let rows = ids.into_iter().map(|(purpose, id)| key_id::Model { purpose, id }.into_active_model());
        let keep = OnConflict::column(key_id::Column::Purpose).do_nothing().to_owned();
        key_id::Entity::insert_many(rows).on_conflict(keep).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        read(self.reader()).await
    }
}
