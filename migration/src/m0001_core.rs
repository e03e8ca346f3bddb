//! Tables of people, requests, assets and events. Constraints at risk from races are constraints of the database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_core"
    }
}

/// A table with its columns; the first is the primary key unless `keys` names others.
pub(crate) fn table(name: &'static str, columns: Vec<ColumnDef>, keys: &[&'static str]) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    if !keys.is_empty() {
        let mut primary = Index::create();
        for key in keys {
            primary.col(*key);
        }
        table.primary_key(&mut primary);
    }
    table
}

/// The columns of an actor.
fn actor() -> [ColumnDef; 4] {
    [uuid("actor_user"), string("actor_role"), string("actor_capacity"), uuid_null("actor_for")]
}

fn with_actor(mut columns: Vec<ColumnDef>) -> Vec<ColumnDef> {
    columns.extend(actor());
    columns
}

pub(crate) fn time(name: &'static str) -> ColumnDef {
    timestamp_with_time_zone(name)
}

pub(crate) fn time_null(name: &'static str) -> ColumnDef {
    timestamp_with_time_zone_null(name)
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "procedure_versions",
            vec![string("office"), string("procedure"), integer("version"), text("source"), time("stored_at")],
            &["office", "procedure", "version"],
        ),
        table("agencies", vec![pk_uuid("id"), string("office"), string("key"), string("name")], &[]),
        table(
            "users",
            vec![
                pk_uuid("id"),
                string_uniq("username"),
                string("name"),
                string_null("nip"),
                uuid_null("agency_id"),
                text("password_hash"),
                time("created_at"),
                time_null("deactivated_at"),
            ],
            &[],
        ),
        table(
            "grants",
            vec![
                pk_uuid("id"),
                uuid("user_id"),
                string("office"),
                string("role"),
                uuid_null("agency_id"),
                string("capacity"),
                string_null("decree_number"),
                uuid_null("on_behalf_of"),
                time("valid_from"),
                time_null("valid_until"),
            ],
            &[],
        ),
        table(
            "counters",
            vec![string("office"), string("procedure"), integer("year"), big_integer("last")],
            &["office", "procedure", "year"],
        ),
        table(
            "requests",
            vec![
                pk_uuid("id"),
                string_uniq("number"),
                string("office"),
                string("procedure"),
                integer("procedure_version"),
                uuid("agency_id"),
                uuid("submitted_by"),
                string("letter_number"),
                date("letter_date"),
                string("confidentiality"),
                string("search"),
                string("status"),
                text_null("reason"),
                string_null("step"),
                boolean("executable"),
                boolean("signable"),
                time_null("waiting_since"),
                time_null("due_at"),
                integer("version"),
                time("submitted_at"),
                time("updated_at"),
                time_null("finished_at"),
                text("state"),
                big_integer("last_sequence"),
                var_binary("last_mac", 32),
                var_binary("row_mac", 32),
            ],
            &[],
        ),
        table(
            "submissions",
            with_actor(vec![
                uuid("request_id"),
                integer("sequence"),
                time("at"),
                string("letter_number"),
                date("letter_date"),
                string("subject"),
                string_null("srikandi_reference"),
                string("confidentiality"),
                text("contact"),
                text("details"),
            ]),
            &["request_id", "sequence"],
        ),
        table(
            "visits",
            vec![
                pk_uuid("id"),
                uuid("request_id"),
                integer("position"),
                string("step"),
                integer("visit"),
                time("arrived_at"),
                time_null("due_at"),
                time_null("completed_at"),
                uuid_null("actor_user"),
                string_null("actor_role"),
                string_null("actor_capacity"),
                uuid_null("actor_for"),
                string_null("outcome"),
                text_null("note"),
            ],
            &[],
        ),
        table(
            "dispositions",
            with_actor(vec![
                pk_uuid("id"),
                uuid("request_id"),
                string("office"),
                string("step"),
                integer("visit"),
                string("to_role"),
                text("instruction"),
                string("urgency"),
                time("created_at"),
            ]),
            &[],
        ),
        table(
            "disposition_reads",
            with_actor(vec![uuid("disposition_id"), time("at")]),
            &["disposition_id", "actor_user"],
        ),
        table(
            "documents",
            with_actor(vec![
                pk_uuid("id"),
                uuid("request_id"),
                string("kind"),
                text("title"),
                string_null("number"),
                date_null("date"),
                string("step"),
                integer("visit"),
                boolean("current"),
                time("added_at"),
            ]),
            &[],
        ),
        table(
            "signatures",
            with_actor(vec![
                pk_uuid("id"),
                uuid("document_id"),
                time("at"),
                string("decision"),
                text_null("note"),
                string("digest"),
            ]),
            &[],
        ),
        table(
            "assets",
            vec![
                pk_uuid("id"),
                uuid_uniq("request_id"),
                string("office"),
                string("procedure"),
                uuid("agency_id"),
                string("kind"),
                string("name"),
                string_null("unique_name"),
                string("status"),
                text("attributes"),
                time("created_at"),
                time_null("verified_at"),
                time_null("delivered_at"),
                time_null("revoked_at"),
                text_null("revocation_reason"),
            ],
            &[],
        ),
        // One row for each unit of a living asset: an overlap is a duplicate key, in either database.
        table(
            "held_units",
            vec![string("office"), string("kind"), string("place"), integer("unit"), uuid("asset_id")],
            &["office", "kind", "place", "unit"],
        ),
        table(
            "credentials",
            vec![
                pk_uuid("asset_id"),
                uuid("recipient_id"),
                string("state"),
                blob_null("sealed"),
                var_binary_null("reveal_key", 32),
                time_null("revealed_at"),
                time("changed_at"),
            ],
            &[],
        ),
        table(
            "events",
            vec![
                pk_uuid("id"),
                uuid("request_id"),
                big_integer("sequence"),
                string("kind"),
                time("at"),
                integer("version"),
                small_integer("audience"),
                text("body"),
                var_binary("mac", 32),
            ],
            &[],
        ),
        table("pending", vec![pk_uuid("event_id")], &[]),
        table(
            "log",
            vec![
                ColumnDef::new("position").big_integer().not_null().primary_key().take(),
                uuid_uniq("event_id"),
                var_binary("mac", 32),
            ],
            &[],
        ),
        // One row: the end of the log.
        table(
            "log_end",
            vec![
                ColumnDef::new("id").small_integer().not_null().primary_key().take(),
                big_integer("position"),
                var_binary("last", 32),
                var_binary("mac", 32),
            ],
            &[],
        ),
        table(
            "idempotency_keys",
            vec![
                uuid("user_id"),
                string("mutation"),
                string("key"),
                var_binary("input", 32),
                uuid("result"),
                time("created_at"),
            ],
            &["user_id", "mutation", "key"],
        ),
    ]
}

/// Sets byte order for texts on PostgreSQL, as SQLite has by default, independent of the server's locale.
const COMPARE_BYTES: &str = "DO $$ DECLARE it record; BEGIN \
    FOR it IN SELECT table_name, column_name, data_type FROM information_schema.columns \
        WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text') \
    LOOP EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s COLLATE \"C\"', it.table_name, it.column_name, it.data_type); \
    END LOOP; END $$";

/// Indexes in SQL common to both databases, for the partial ones.
const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX agencies_key ON agencies (office, key)",
    "CREATE INDEX grants_user ON grants (user_id)",
    "CREATE INDEX grants_agency ON grants (agency_id)",
    // A letter is unique among requests in force: neither rejected nor withdrawn.
    "CREATE UNIQUE INDEX requests_letter ON requests (agency_id, procedure, letter_number, letter_date) \
     WHERE status NOT IN ('REJECTED', 'WITHDRAWN')",
    "CREATE INDEX requests_submitted ON requests (submitted_at, id)",
    "CREATE INDEX requests_updated ON requests (updated_at, id)",
    "CREATE INDEX requests_due ON requests (due_at, id)",
    "CREATE INDEX requests_submitter ON requests (submitted_by)",
    "CREATE INDEX requests_agency ON requests (agency_id)",
    "CREATE INDEX requests_waiting ON requests (office, procedure, step) WHERE finished_at IS NULL",
    "CREATE UNIQUE INDEX visits_pass ON visits (request_id, step, visit)",
    "CREATE UNIQUE INDEX visits_position ON visits (request_id, position)",
    "CREATE INDEX dispositions_request ON dispositions (request_id)",
    "CREATE INDEX dispositions_created ON dispositions (created_at, id)",
    "CREATE INDEX documents_request ON documents (request_id)",
    "CREATE UNIQUE INDEX documents_current ON documents (request_id, kind) WHERE current",
    "CREATE INDEX signatures_document ON signatures (document_id)",
    "CREATE UNIQUE INDEX assets_name ON assets (office, kind, unique_name) \
     WHERE unique_name IS NOT NULL AND status <> 'REVOKED'",
    "CREATE UNIQUE INDEX assets_request ON assets (request_id)",
    "CREATE INDEX assets_created ON assets (created_at, id)",
    "CREATE INDEX held_units_asset ON held_units (asset_id)",
    "CREATE INDEX credentials_recipient ON credentials (recipient_id)",
    "CREATE UNIQUE INDEX events_sequence ON events (request_id, sequence)",
    "CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        if manager.get_database_backend() != DbBackend::Sqlite {
            manager.get_connection().execute_unprepared(COMPARE_BYTES).await?;
        }
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables().iter().rev() {
            if let Some(name) = table.get_table_name() {
                manager.drop_table(Table::drop().table(name.clone()).to_owned()).await?;
            }
        }
        Ok(())
    }
}
