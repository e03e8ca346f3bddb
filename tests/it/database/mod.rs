//! The database behind a data folder: SQLite's file in it, or, with `DISPOSISI_TEST_DATABASE=postgres`, a database of a
//! PostgreSQL server shared by all tests of this process. `tests/it/databases.txt` lists the modules of each.

pub(crate) mod cluster;
mod postgres;
mod sqlite;

use std::fmt::{Display, Formatter};
use std::path::Path;
use std::sync::LazyLock;

use disposisi::store::DatabaseLocation;
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The kind of database under test.
pub(crate) fn engine() -> Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| match std::env::var("DISPOSISI_TEST_DATABASE").as_deref() {
        Ok("postgres") => Engine::Postgres,
        Ok("sqlite") | Err(_) => Engine::Sqlite,
        Ok(other) => panic!("DISPOSISI_TEST_DATABASE is `sqlite` or `postgres`, not `{other}`"),
    });
    *ENGINE
}

/// The crash test's number of kills.
pub(crate) fn kills() -> u64 {
    match engine() {
        Engine::Sqlite => sqlite::KILLS,
        Engine::Postgres => postgres::KILLS,
    }
}

/// The program's environment variables for the database of a data folder.
pub(crate) fn environment(data: &Path) -> Vec<(&'static str, String)> {
    match engine() {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => postgres::environment(data),
    }
}

/// The connection options of a data folder's database.
pub(crate) fn place(data: &Path) -> DatabaseLocation {
    match engine() {
        Engine::Sqlite => sqlite::place(data),
        Engine::Postgres => postgres::place(data),
    }
}

/// A superuser's connection.
pub(crate) async fn open(data: &Path) -> DatabaseConnection {
    match engine() {
        Engine::Sqlite => sqlite::open(data).await,
        Engine::Postgres => postgres::open(data).await,
    }
}

/// Keeps a copy of all rows as they are now, for [`open_with_old`].
pub(crate) async fn keep_old(data: &Path, old: &Path) {
    match engine() {
        Engine::Sqlite => sqlite::keep_old(data, old).await,
        Engine::Postgres => postgres::keep_old(data).await,
    }
}

/// A superuser's connection, with the rows kept by [`keep_old`] in the schema `old`.
pub(crate) async fn open_with_old(data: &Path, old: &Path) -> DatabaseConnection {
    match engine() {
        Engine::Sqlite => sqlite::open_with_old(data, old).await,
        Engine::Postgres => postgres::open(data).await,
    }
}

/// Copies a data folder's keys and database, replacing those of the other folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    match engine() {
        Engine::Sqlite => sqlite::copy(from, to),
        Engine::Postgres => postgres::copy(from, to),
    }
}

/// Restores the data of an earlier version: its keys, and its database.
pub(crate) fn restore(fixture: &Path, data: &Path) {
    match engine() {
        Engine::Sqlite => sqlite::restore(&fixture.join("sqlite"), data),
        Engine::Postgres => postgres::restore(&fixture.join("postgres"), data),
    }
}

/// Searches the whole database for a text.
pub(crate) fn holds(data: &Path, text: &str) -> bool {
    match engine() {
        Engine::Sqlite => sqlite::holds(data, text),
        Engine::Postgres => postgres::holds(data, text),
    }
}

/// A number to order a table's rows by, in SQL.
pub(crate) fn row(table: &str) -> String {
    match engine() {
        Engine::Sqlite => sqlite::row(table),
        Engine::Postgres => postgres::row(table),
    }
}

/// A random id, in SQL.
pub(crate) const NEW_ID: NewId = NewId;

/// The type of [`NEW_ID`], written as the database's own expression.
pub(crate) struct NewId;

impl Display for NewId {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match engine() {
            Engine::Sqlite => sqlite::NEW_ID,
            Engine::Postgres => postgres::NEW_ID,
        })
    }
}

/// A table's columns, each with another value of its type, in SQL.
pub(crate) async fn other_values(database: &DatabaseConnection, table: &str) -> Vec<(String, String)> {
    match engine() {
        Engine::Sqlite => sqlite::other_values(database, table).await,
        Engine::Postgres => postgres::other_values(database, table).await,
    }
}

/// Every row of every table, as text.
pub(crate) async fn rows(data: &Path) -> Vec<String> {
    match engine() {
        Engine::Sqlite => sqlite::rows(data).await,
        Engine::Postgres => postgres::rows(data).await,
    }
}

/// The first column of a query's rows, as text.
async fn texts(database: &DatabaseConnection, sql: String) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(statement).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

/// Each column of a table (name and type, as a query lists them) with another value of its type, in SQL.
async fn changed_columns(
    database: &DatabaseConnection,
    columns: String,
    other: impl Fn(&str, &str) -> String,
) -> Vec<(String, String)> {
    let statement = Statement::from_string(database.get_database_backend(), columns);
    let rows = database.query_all_raw(statement).await.expect("the columns");
    let text = |row: &QueryResult, index: usize| -> String { row.try_get_by_index(index).expect("a text") };
    let change = |row: &QueryResult| {
        let column = text(row, 0);
        let value = other(&column, &text(row, 1));
        (column, value)
    };
    rows.iter().map(change).collect()
}
