//! Indexes of the searched text of requests by groups of three letters: `pg_trgm` on PostgreSQL, FTS5 on SQLite.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0013_request_search"
    }
}

/// Statements on PostgreSQL. Without the extension, or without the right to create it, search reads every request.
const POSTGRES: [&str; 2] = [
    "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; \
     EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN \
     RAISE WARNING 'search has no index: pg_trgm cannot be created here (%)', SQLERRM; END $$",
    "DO $$ BEGIN IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN \
     CREATE INDEX requests_search ON requests USING gin (search gin_trgm_ops); END IF; \
     EXCEPTION WHEN undefined_object THEN \
     RAISE WARNING 'search has no index: pg_trgm is in a schema outside of search_path (%)', SQLERRM; END $$",
];

/// Statements on SQLite. The texts have numbers of their own: those that SQLite gives to rows of `requests` change with `VACUUM`.
const SQLITE: [&str; 7] = [
    "CREATE TABLE request_texts (number INTEGER PRIMARY KEY, request_id BLOB NOT NULL UNIQUE, search TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE request_search USING fts5(search, content='request_texts', content_rowid='number', \
     tokenize='trigram case_sensitive 1')",
    "CREATE TRIGGER requests_searched_insert AFTER INSERT ON requests BEGIN \
     INSERT INTO request_texts (request_id, search) VALUES (NEW.id, NEW.search); \
     INSERT INTO request_search (rowid, search) SELECT number, search FROM request_texts WHERE request_id = NEW.id; END",
    "CREATE TRIGGER requests_searched_update AFTER UPDATE OF id, search ON requests \
     WHEN NEW.search <> OLD.search OR NEW.id <> OLD.id BEGIN \
     INSERT INTO request_search (request_search, rowid, search) \
     SELECT 'delete', number, search FROM request_texts WHERE request_id = OLD.id; \
     UPDATE request_texts SET request_id = NEW.id, search = NEW.search WHERE request_id = OLD.id; \
     INSERT INTO request_search (rowid, search) SELECT number, search FROM request_texts WHERE request_id = NEW.id; END",
    "CREATE TRIGGER requests_searched_delete AFTER DELETE ON requests BEGIN \
     INSERT INTO request_search (request_search, rowid, search) \
     SELECT 'delete', number, search FROM request_texts WHERE request_id = OLD.id; \
     DELETE FROM request_texts WHERE request_id = OLD.id; END",
    "INSERT INTO request_texts (request_id, search) SELECT id, search FROM requests",
    "INSERT INTO request_search (request_search) VALUES ('rebuild')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing on both databases: an upgrade that is killed begins anew at the next start.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &POSTGRES,
            _ => &SQLITE,
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &["DROP INDEX IF EXISTS requests_search"],
            _ => &[
                "DROP TRIGGER requests_searched_insert",
                "DROP TRIGGER requests_searched_update",
                "DROP TRIGGER requests_searched_delete",
                "DROP TABLE request_search",
                "DROP TABLE request_texts",
            ],
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
