//! Indexes of the open requests at each step, in the order of the inbox: of an office, and of an agency.

use sea_orm_migration::prelude::*;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0011_turns"
    }
}

/// The new indexes: steps, then the order by due time with the expression of `requests_due_first`.
const INDEXES: [&str; 2] = [
    "CREATE INDEX requests_turn ON requests (office, procedure, step, COALESCE(due_at, '9999-12-31T23:59:59+00:00'), id) \
     WHERE finished_at IS NULL",
    "CREATE INDEX requests_agency_turn ON requests (agency_id, procedure, step, \
     COALESCE(due_at, '9999-12-31T23:59:59+00:00'), id) WHERE finished_at IS NULL",
];

/// The index that these replace.
const REPLACED: &str = "CREATE INDEX requests_waiting ON requests (office, procedure, step) WHERE finished_at IS NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing on both databases: an upgrade that is killed begins anew at the next start.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX requests_waiting").await?;
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for name in ["requests_turn", "requests_agency_turn"] {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        connection.execute_unprepared(REPLACED).await?;
        Ok(())
    }
}
