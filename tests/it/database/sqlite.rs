//! SQLite: the file in the data folder.

use std::path::Path;
use std::time::Duration;

use disposisi::store::DatabaseLocation;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use super::cluster::{copy_keys, unpacked};
use super::{changed_columns, texts};

/// The crash test's number of kills: recovery is up to this process.
pub(crate) const KILLS: u64 = 100;

/// The connection options.
pub(crate) fn place(data: &Path) -> DatabaseLocation {
    DatabaseLocation::Sqlite(data.join("disposisi.db"))
}

/// A connection without restrictions.
pub(crate) async fn open(data: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}", data.join("disposisi.db").display()));
    options.max_connections(1).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>).sqlx_logging(false);
    Database::connect(options).await.expect("the database")
}

/// Keeps a copy of all rows as they are now, for [`open_with_old`].
pub(crate) async fn keep_old(data: &Path, old: &Path) {
    let database = open(data).await;
    database.execute_unprepared(&format!("VACUUM INTO '{}'", old.display())).await.expect("an old copy");
    database.close().await.expect("closed");
}

/// A connection with the kept rows in the schema `old`.
pub(crate) async fn open_with_old(data: &Path, old: &Path) -> DatabaseConnection {
    let database = open(data).await;
    database.execute_unprepared(&format!("ATTACH '{}' AS old", old.display())).await.expect("the old copy");
    database
}

/// Copies the keys and the database of a data folder, replacing those of the other.
pub(crate) fn copy(from: &Path, to: &Path) {
    copy_keys(&from.join("keys"), &to.join("keys"));
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

/// Searches the whole database for a text.
pub(crate) fn holds(data: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(data).expect("the data folder");
    let mut files = files.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
    files.any(|path| std::fs::read(path).expect("a file").windows(text.len()).any(|part| part == text.as_bytes()))
}

/// The number of a table's row, in SQL.
pub(crate) fn row(table: &str) -> String {
    format!("{table}.rowid")
}

/// A new id, in SQL.
pub(crate) const NEW_ID: &str = "randomblob(16)";

/// A table's columns, each with another value of its kind, in SQL.
pub(crate) async fn other_values(database: &DatabaseConnection, table: &str) -> Vec<(String, String)> {
    let columns = format!("SELECT name, type FROM pragma_table_info('{table}')");
    let other = |column: &str, kind: &str| match kind {
        "boolean" => format!("NOT {column}"),
        // Far enough to meet no other row of its request.
        "INTEGER" | "smallint" => format!("{column} + 1000"),
        "uuid_text" => NEW_ID.to_owned(),
        "date_text" => "'2020-01-01'".to_owned(),
        "timestamp_with_timezone_text" => "'2020-01-01 00:00:00+00:00'".to_owned(),
        "BLOB" | "varbinary_blob(32)" => format!("CASE WHEN {column} IS NULL THEN x'00' ELSE NULL END"),
        _ => format!("coalesce({column}, '') || 'x'"),
    };
    changed_columns(database, columns, other).await
}

/// Every row of every table, as text.
pub(crate) async fn rows(data: &Path) -> Vec<String> {
    let database = open(data).await;
    let mut found = Vec::new();
    for table in texts(&database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name".to_owned()).await
    {
        let columns =
            texts(&database, format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')")).await;
        let sql = format!("SELECT '{table} ' || {} FROM \"{table}\" ORDER BY 1", columns.join(" || ' ' || "));
        found.extend(texts(&database, sql).await);
    }
    database.close().await.expect("closed");
    found
}
