//! Uniqueness of letters. A secret letter is compared with its submitter's own secret ones only: a refusal would reveal its
//! existence to others.

use sea_orm_migration::prelude::*;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_letters"
    }
}

/// The indexes in place of `requests_letter`, with the same prefix: the program recognizes violations by it.
const INDEXES: [&str; 2] = [
    "CREATE UNIQUE INDEX requests_letter_open ON requests (agency_id, procedure, letter_number, letter_date) \
     WHERE status NOT IN ('REJECTED', 'WITHDRAWN') AND confidentiality NOT IN ('SECRET', 'TOP_SECRET')",
    "CREATE UNIQUE INDEX requests_letter_secret \
     ON requests (agency_id, procedure, letter_number, letter_date, submitted_by) \
     WHERE status NOT IN ('REJECTED', 'WITHDRAWN') AND confidentiality IN ('SECRET', 'TOP_SECRET')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX requests_letter").await?;
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for name in ["requests_letter_open", "requests_letter_secret"] {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        // Fails for a secret letter sent twice since: one of the two is to be withdrawn first.
        let before = "CREATE UNIQUE INDEX requests_letter ON requests (agency_id, procedure, letter_number, letter_date) \
             WHERE status NOT IN ('REJECTED', 'WITHDRAWN')";
        connection.execute_unprepared(before).await?;
        Ok(())
    }
}
