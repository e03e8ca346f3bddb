//! By which keys the database is kept: the id of each, so that a program with other keys is refused.

use sea_orm_migration::prelude::*;

/// See the file's head.
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
