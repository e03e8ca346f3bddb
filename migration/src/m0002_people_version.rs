//! A version of people and grants, raised by triggers at every change: followers of the log detect changed rights by one small
//! read.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_people_version"
    }
}

/// The tables with triggers.
const TABLES: [&str; 2] = ["users", "grants"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        for statement in [
            "CREATE TABLE people_version (id SMALLINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)",
            "INSERT INTO people_version (id, version) VALUES (1, 1)",
        ] {
            database.execute_unprepared(statement).await?;
        }
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        if !sqlite {
            let function = "CREATE FUNCTION people_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                UPDATE people_version SET version = version + 1; RETURN NULL; END $$";
            database.execute_unprepared(function).await?;
        }
        for table in TABLES {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                let name = format!("{table}_{}", event.to_lowercase());
                let trigger = if sqlite {
                    format!(
                        "CREATE TRIGGER {name} AFTER {event} ON {table} \
                         BEGIN UPDATE people_version SET version = version + 1; END"
                    )
                } else {
                    format!("CREATE TRIGGER {name} AFTER {event} ON {table} EXECUTE FUNCTION people_changed()")
                };
                database.execute_unprepared(&trigger).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        for table in TABLES {
            for event in ["insert", "update", "delete"] {
                let of = if sqlite { String::new() } else { format!(" ON {table}") };
                database.execute_unprepared(&format!("DROP TRIGGER {table}_{event}{of}")).await?;
            }
        }
        if !sqlite {
            database.execute_unprepared("DROP FUNCTION people_changed").await?;
        }
        manager.drop_table(Table::drop().table("people_version").to_owned()).await
    }
}
