//! Logins: sessions with refresh tokens, API keys, TOTP secrets with recovery codes, and public signing keys. The end of a
//! session or key raises the people's version, for followers on any server.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

use super::m0001_core::{table, time, time_null};

/// The migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_logins"
    }
}

/// A digest as the primary key.
fn digest(name: &'static str) -> ColumnDef {
    var_binary(name, 32).primary_key().take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "sessions",
            vec![pk_uuid("id"), uuid("user_id"), time("created_at"), time("last_used_at"), time_null("ended_at")],
            &[],
        ),
        table(
            "refresh_tokens",
            vec![digest("hash"), uuid("session_id"), time("issued_at"), time("expires_at"), time_null("used_at")],
            &[],
        ),
        table(
            "api_keys",
            vec![
                pk_uuid("id"),
                uuid("user_id"),
                string("name"),
                var_binary("hash", 32),
                string("scopes"),
                time("created_at"),
                time("expires_at"),
                time_null("last_used_at"),
                time_null("revoked_at"),
            ],
            &[],
        ),
        table(
            "totps",
            vec![pk_uuid("user_id"), blob("sealed"), time_null("confirmed_at"), big_integer("last_step")],
            &[],
        ),
        table("recovery_codes", vec![digest("hash"), uuid("user_id")], &[]),
        table(
            "signing_keys",
            vec![
                string("id").primary_key().take(),
                var_binary("public", 32),
                time("since"),
                time_null("retired_at"),
                var_binary("mac", 32),
            ],
            &[],
        ),
    ]
}

const INDEXES: &[&str] = &[
    "CREATE INDEX sessions_user ON sessions (user_id)",
    "CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id)",
    "CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at)",
    "CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash)",
    "CREATE INDEX api_keys_user ON api_keys (user_id)",
    "CREATE INDEX recovery_codes_user ON recovery_codes (user_id)",
];

/// The columns set at the end of a login, each with its table.
const ENDS: [(&str, &str); 2] = [("sessions", "ended_at"), ("api_keys", "revoked_at")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        let database = manager.get_connection();
        for index in INDEXES {
            database.execute_unprepared(index).await?;
        }
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        for (table, column) in ENDS {
            let when = format!("CREATE TRIGGER {table}_end AFTER UPDATE OF {column} ON {table}");
            let then = match sqlite {
                true => "BEGIN UPDATE people_version SET version = version + 1; END",
                false => "EXECUTE FUNCTION people_changed()",
            };
            database.execute_unprepared(&format!("{when} {then}")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Indexes and triggers go with their tables.
        for table in tables().iter().rev() {
            if let Some(name) = table.get_table_name() {
                manager.drop_table(Table::drop().table(name.clone()).to_owned()).await?;
            }
        }
        Ok(())
    }
}
