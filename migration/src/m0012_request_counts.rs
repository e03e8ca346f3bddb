//! Kept counts of requests: for each combination of what lists are filtered by, how many requests have it. Triggers of the database keep
//! them, in the transaction that changes a request. With them a column of the steps that a request has visited, as its state has them:
//! JSON with each step as a key. A state that is no JSON has none, and is the verification's to tell.
//!
//! On SQLite each combination has one row. On PostgreSQL each change adds rows with its differences, so that no act waits for
//! another one's count; a job of the program sums them up. Counts on either are sums over rows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0012_request_counts"
    }
}

/// The counted columns, in the order of the table; none is null there.
const COLUMNS: [&str; 10] = [
    "office",
    "procedure",
    "agency_id",
    "submitted_by",
    "confidentiality",
    "status",
    "step",
    "executable",
    "signable",
    "visited",
];

/// The columns as a list.
fn names() -> String {
    COLUMNS.join(", ")
}

/// The columns of a row.
fn columns(of: &str) -> String {
    COLUMNS.map(|name| format!("{of}.{name}")).join(", ")
}

/// The columns of a request as they are counted: without nulls. `of`: the row's name.
fn values(of: &str) -> String {
    let value = |name: &&str| match *name {
        "step" | "visited" => format!("COALESCE({of}.{name}, '')"),
        _ => format!("{of}.{name}"),
    };
    COLUMNS.iter().map(value).collect::<Vec<_>>().join(", ")
}

/// The first counts.
fn counted() -> String {
    let (names, values) = (names(), values("requests"));
    format!("INSERT INTO request_counts ({names}, count) SELECT {values}, count(*) FROM requests GROUP BY {values}")
}

/// Statements on PostgreSQL.
fn postgres() -> Vec<String> {
    let names = names();
    let add = |of: &str, change: i8| {
        format!("INSERT INTO request_counts ({names}, count) VALUES ({}, {change});", values(of))
    };
    let trigger = |event: &str, when: &str| {
        format!(
            "CREATE TRIGGER requests_counted_{} AFTER {event} ON requests FOR EACH ROW {when} EXECUTE FUNCTION count_request()",
            event.to_lowercase()
        )
    };
    let differs = format!("WHEN (({}) IS DISTINCT FROM ({}))", columns("NEW"), columns("OLD"));
    vec![
        "ALTER TABLE requests ADD COLUMN visited VARCHAR COLLATE \"C\" \
         GENERATED ALWAYS AS (substring(state from '\"visits\":(\\{[^}]*\\})')) STORED"
            .to_owned(),
        "CREATE TABLE request_counts (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
         office VARCHAR COLLATE \"C\" NOT NULL, procedure VARCHAR COLLATE \"C\" NOT NULL, \
         agency_id UUID NOT NULL, submitted_by UUID NOT NULL, confidentiality VARCHAR COLLATE \"C\" NOT NULL, \
         status VARCHAR COLLATE \"C\" NOT NULL, step VARCHAR COLLATE \"C\" NOT NULL, executable BOOLEAN NOT NULL, \
         signable BOOLEAN NOT NULL, visited VARCHAR COLLATE \"C\" NOT NULL, count BIGINT NOT NULL)"
            .to_owned(),
        format!(
            "CREATE FUNCTION count_request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_OP <> 'INSERT' THEN {} END IF; IF TG_OP <> 'DELETE' THEN {} END IF; RETURN NULL; END $$",
            add("OLD", -1),
            add("NEW", 1)
        ),
        trigger("INSERT", ""),
        trigger("UPDATE", &differs),
        trigger("DELETE", ""),
        // The digest: an entry of an index has at most some 2,700 bytes.
        "CREATE INDEX requests_visited ON requests (md5(visited), procedure, office, id)".to_owned(),
    ]
}

/// Statements on SQLite.
fn sqlite() -> Vec<String> {
    let names = names();
    let add = |of: &str, change: &str| {
        format!(
            "INSERT INTO request_counts ({names}, count) VALUES ({}, {change}) \
             ON CONFLICT DO UPDATE SET count = count + excluded.count;",
            values(of)
        )
    };
    // A row without requests goes: it would be read in each count.
    let clear = format!("DELETE FROM request_counts WHERE ({names}) = ({}) AND count = 0;", values("OLD"));
    let differs = COLUMNS.iter().map(|name| format!("NEW.{name} IS NOT OLD.{name}")).collect::<Vec<_>>().join(" OR ");
    vec![
        "ALTER TABLE requests ADD COLUMN visited TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(state) THEN json_extract(state, '$.visits') END) VIRTUAL"
            .to_owned(),
        format!(
            "CREATE TABLE request_counts (office TEXT NOT NULL, procedure TEXT NOT NULL, agency_id BLOB NOT NULL, \
             submitted_by BLOB NOT NULL, confidentiality TEXT NOT NULL, status TEXT NOT NULL, step TEXT NOT NULL, \
             executable BOOLEAN NOT NULL, signable BOOLEAN NOT NULL, visited TEXT NOT NULL, count INTEGER NOT NULL, \
             PRIMARY KEY ({names})) WITHOUT ROWID"
        ),
        format!("CREATE TRIGGER requests_counted_insert AFTER INSERT ON requests BEGIN {} END", add("NEW", "1")),
        format!(
            "CREATE TRIGGER requests_counted_update AFTER UPDATE ON requests WHEN {differs} BEGIN {} {} {clear} END",
            add("NEW", "1"),
            add("OLD", "-1")
        ),
        format!(
            "CREATE TRIGGER requests_counted_delete AFTER DELETE ON requests BEGIN {} {clear} END",
            add("OLD", "-1")
        ),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing on both databases: an upgrade that is killed begins anew at the next start.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => postgres(),
            _ => sqlite(),
        };
        for statement in statements {
            connection.execute_unprepared(&statement).await?;
        }
        connection.execute_unprepared(&counted()).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        for event in ["insert", "update", "delete"] {
            let of = if is_postgres { " ON requests" } else { "" };
            connection.execute_unprepared(&format!("DROP TRIGGER requests_counted_{event}{of}")).await?;
        }
        if is_postgres {
            connection.execute_unprepared("DROP FUNCTION count_request").await?;
        }
        for statement in
            ["DROP TABLE request_counts", "DROP INDEX requests_visited", "ALTER TABLE requests DROP COLUMN visited"]
        {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
