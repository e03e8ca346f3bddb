//! What happens to an office itself: a chain of events for each, beside those of requests; and what of people and agencies it
//! needs.

use sea_orm_migration::prelude::*;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_offices"
    }
}

/// Types that both databases read alike.
const STATEMENTS: [&str; 3] = [
    // The id is the `request_id` of the chain's events.
    "CREATE TABLE office_chains (id {uuid} NOT NULL PRIMARY KEY, office {text} NOT NULL UNIQUE, \
     last_sequence BIGINT NOT NULL, last_mac {bytes} NOT NULL, row_mac {bytes} NOT NULL)",
    "ALTER TABLE agencies ADD COLUMN deactivated_at {time}",
    // The office that added the person; none where the operator did without saying.
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
