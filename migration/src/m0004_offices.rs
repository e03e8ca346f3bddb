//! Records of offices: a chain of events for each, beside those of requests, with new columns of people and agencies.

use sea_orm_migration::prelude::*;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_offices"
    }
}

/// Statements, with a placeholder for each database's types.
const STATEMENTS: [&str; 3] = [
    // The id is the `request_id` of the chain's events.
    "CREATE TABLE office_chains (id {uuid} NOT NULL PRIMARY KEY, office {text} NOT NULL UNIQUE, \
     last_sequence BIGINT NOT NULL, last_mac {bytes} NOT NULL, row_mac {bytes} NOT NULL)",
    "ALTER TABLE agencies ADD COLUMN deactivated_at {time}",
    // The office of origin; none for people added by the operator without one.
    "ALTER TABLE users ADD COLUMN office {text}",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let types = match manager.get_database_backend() {
            sea_orm_migration::sea_orm::DbBackend::Sqlite => {
                ["uuid_text", "varchar", "varbinary_blob(32)", "timestamp_with_timezone_text"]
            }
            _ => ["uuid", "varchar COLLATE \"C\"", "bytea", "timestamp with time zone"],
        };
        for statement in STATEMENTS {
            let names = ["{uuid}", "{text}", "{bytes}", "{time}"];
            let sql = names.iter().zip(types).fold(statement.to_owned(), |sql, (name, is)| sql.replace(name, is));
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in [
            "ALTER TABLE users DROP COLUMN office",
            "ALTER TABLE agencies DROP COLUMN deactivated_at",
            "DROP TABLE office_chains",
        ] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
