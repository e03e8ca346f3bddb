//! Policies, past and active (the newest). A new one raises the people's version, for followers of the log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table("policies")
            .col(big_integer("number").primary_key())
            .col(text("text"))
            .col(string("hash"))
            .col(timestamp_with_time_zone("since"))
            .col(string("by_whom"))
            .col(var_binary("mac", 32));
        manager.create_table(table).await?;
        let trigger = match manager.get_database_backend() {
            DbBackend::Sqlite => {
                "CREATE TRIGGER policies_insert AFTER INSERT ON policies \
                 BEGIN UPDATE people_version SET version = version + 1; END"
            }
            _ => "CREATE TRIGGER policies_insert AFTER INSERT ON policies EXECUTE FUNCTION people_changed()",
        };
        manager.get_connection().execute_unprepared(trigger).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Drops its trigger too.
        manager.drop_table(Table::drop().table("policies").to_owned()).await
    }
}
