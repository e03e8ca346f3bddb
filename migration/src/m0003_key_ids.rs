//! Ids of the database's keys, for the refusal of a program with other keys.

use sea_orm_migration::prelude::*;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_key_ids"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = "CREATE TABLE key_ids (purpose VARCHAR(16) NOT NULL PRIMARY KEY, id VARCHAR(64) NOT NULL)";
        manager.get_connection().execute_unprepared(table).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("key_ids").to_owned()).await
    }
}
