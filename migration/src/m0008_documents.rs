//! Persisted documents registered by clients, for every server on this database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{string_len, text, timestamp_with_time_zone};

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_documents"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("registered_documents")
            .col(string_len("digest", 64).primary_key())
            .col(text("text"))
            .col(timestamp_with_time_zone("used_at"))
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("registered_documents_used_at")
            .table("registered_documents")
            .col("used_at")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("registered_documents").to_owned()).await
    }
}
