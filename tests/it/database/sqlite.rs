//! SQLite: the file in the data folder.

use std::path::Path;

use disposisi::store::Place;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

use super::cluster::{copy_keys, unpacked};

/// How often a server is killed over it: what is half written is this process's own to mend.
pub(crate) const KILLS: u64 = 200;

/// Where it is.
pub(crate) fn place(data: &Path) -> Place {
    Place::Sqlite(data.join("disposisi.db"))
}

/// A connection that may do anything.
pub(crate) async fn open(data: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}", data.join("disposisi.db").display()));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the database")
}

/// Keeps a copy of all rows as they are now, for [`open_with_old`].
pub(crate) async fn keep_old(data: &Path, old: &Path) {
    let database = open(data).await;
    database.execute_unprepared(&format!("VACUUM INTO '{}'", old.display())).await.expect("an old copy");
    database.close().await.expect("closed");
}

/// A connection that finds what was kept in the schema `old`.
pub(crate) async fn open_with_old(data: &Path, old: &Path) -> DatabaseConnection {
    let database = open(data).await;
    database.execute_unprepared(&format!("ATTACH '{}' AS old", old.display())).await.expect("the old copy");
    database
}

/// Another data folder with the same keys and a copy of the database, in place of what it had.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("keys")).expect("a folder");
    for key in ["signing.key", "encryption.key", "audit.key"] {
        std::fs::copy(from.join("keys").join(key), to.join("keys").join(key)).expect("a key");
    }
    for file in ["disposisi.db", "disposisi.db-wal"] {
        let _ = std::fs::remove_file(to.join(file));
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).expect("the database");
        }
    }
}

/// Restores keys and database of an earlier version.
pub(crate) fn restore(fixture: &Path, data: &Path) {
    copy_keys(&fixture.join("keys"), &data.join("keys"));
    std::fs::write(data.join("disposisi.db"), unpacked(&fixture.join("disposisi.db.gz"))).expect("the database");
}

/// Whether it holds this text anywhere.
pub(crate) fn holds(data: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(data).expect("the data folder");
    let mut files = files.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
    files.any(|path| std::fs::read(path).expect("a file").windows(text.len()).any(|part| part == text.as_bytes()))
}

/// The number of a table's row, in SQL.
pub(crate) fn row(table: &str) -> String {
    format!("{table}.rowid")
}

/// A column's moment so many minutes earlier, in SQL.
pub(crate) fn earlier(column: &str, minutes: u32) -> String {
    format!("datetime({column}, '-{minutes} minutes')")
}

/// A new id, in SQL.
pub(crate) const NEW_ID: &str = "randomblob(16)";

/// A table's columns, each with another value of its kind, in SQL.
pub(crate) async fn other_values(database: &DatabaseConnection, table: &str) -> Vec<(String, String)> {
    let columns = format!("SELECT name, type FROM pragma_table_info('{table}')");
    let statement = Statement::from_string(database.get_database_backend(), columns);
    let rows = database.query_all_raw(statement).await.expect("the columns");
    let other = |column: String, kind: String| {
        let value = match kind.as_str() {
            "boolean" => format!("NOT {column}"),
            // Far enough to meet no other row of its request.
            "INTEGER" | "smallint" => format!("{column} + 1000"),
            "uuid_text" => NEW_ID.to_owned(),
            "date_text" => "'2020-01-01'".to_owned(),
            "timestamp_with_timezone_text" => "'2020-01-01 00:00:00+00:00'".to_owned(),
            "BLOB" | "varbinary_blob(32)" => format!("CASE WHEN {column} IS NULL THEN x'00' ELSE NULL END"),
            _ => format!("coalesce({column}, '') || 'x'"),
        };
        (column, value)
    };
    let text = |row: &sea_orm::QueryResult, index| row.try_get_by_index(index).expect("a text");
    rows.iter().map(|row| other(text(row, 0), text(row, 1))).collect()
}

/// Every row of every table, as text.
pub(crate) async fn rows(data: &Path) -> Vec<String> {
    let database = open(data).await;
    let ask = async |sql: String| {
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let rows = database.query_all_raw(statement).await.expect("rows");
        rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a text")).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for table in ask("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name".to_owned()).await {
        let columns = ask(format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')")).await;
        let sql = format!("SELECT '{table} ' || {} FROM \"{table}\" ORDER BY 1", columns.join(" || ' ' || "));
        found.extend(ask(sql).await);
    }
    database.close().await.expect("closed");
    found
}
