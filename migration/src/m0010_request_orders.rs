//! Indexes of requests for filters that few fit, in the order of lists, and for the order by due time; of visits under way; and of
//! the versions of procedures in use. On PostgreSQL, random steps for the version of people and grants.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_request_orders"
    }
}

/// The new indexes. Those by due time have the expressions of the program's order: rows without one come last in both directions.
const INDEXES: [&str; 7] = [
    "CREATE INDEX requests_due_first ON requests (COALESCE(due_at, '9999-12-31T23:59:59+00:00'), id)",
    "CREATE INDEX requests_due_last ON requests (COALESCE(due_at, '0001-01-01T00:00:00+00:00'), id)",
    "CREATE INDEX requests_status ON requests (status, submitted_at, id)",
    "CREATE INDEX requests_step ON requests (step, submitted_at, id) WHERE step IS NOT NULL",
    "CREATE INDEX requests_agency_submitted ON requests (agency_id, submitted_at, id)",
    "CREATE INDEX requests_running ON requests (office, procedure, procedure_version) WHERE finished_at IS NULL",
    "CREATE INDEX visits_open ON visits (request_id) WHERE completed_at IS NULL",
];

/// The indexes that these replace.
const REPLACED: [(&str, &str); 2] = [
    ("requests_due", "CREATE INDEX requests_due ON requests (due_at, id)"),
    ("requests_agency", "CREATE INDEX requests_agency ON requests (agency_id)"),
];

/// The function of the triggers that raise the version of people and grants, on PostgreSQL, by a step. With a random
/// one, a database that was set back under a running server (a backup, a standby) comes to no version that it had before for other rights.
fn people_changed(step: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION people_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         UPDATE people_version SET version = version + {step}; RETURN NULL; END $$"
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing on both databases: an upgrade that is killed begins anew at the next start.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (name, _) in REPLACED {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(&people_changed("1 + floor(random() * 1073741824)::bigint")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(&people_changed("1")).await?;
        }
        let names = INDEXES.iter().filter_map(|index| index.split(' ').nth(2));
        for name in names {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for (_, index) in REPLACED {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }
}
