//! PostgreSQL: for each data folder a database of one server, made from a template.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use disposisi::store::{Limits, Place, Postgres};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

use super::cluster::{Cluster, copy_keys, unpacked};

/// The server, the keys that all its databases are kept by, and which database belongs to which data folder.
struct Shared {
    cluster: Cluster,
    keys: tempfile::TempDir,
    databases: HashMap<PathBuf, String>,
}

/// Never dropped: its guard ends the server when this process ends.
static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(|| {
    let cluster = Cluster::new();
    cluster.sql("postgres", "CREATE ROLE disposisi LOGIN");
    cluster.sql("postgres", "CREATE DATABASE begun OWNER disposisi");
    let keys = tempfile::tempdir().expect("a folder");
    let mut init = Command::new(env!("CARGO_BIN_EXE_disposisi"));
    init.env_clear().env("DISPOSISI_DATABASE", cluster.url("disposisi", "begun"));
    let begun = init.arg("--keys").arg(keys.path()).args(["keys", "init"]).output().expect("it runs");
    assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
    Mutex::new(Shared { cluster, keys, databases: HashMap::new() })
});

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Shared {
    /// The database of a data folder, made where it has none.
    fn of(&mut self, data: &Path) -> String {
        if let Some(name) = self.databases.get(data) {
            return name.clone();
        }
        if !data.join("keys").exists() {
            copy_keys(self.keys.path(), &data.join("keys"));
        }
        self.copied("begun", data)
    }

    /// A copy of a database, for a data folder.
    fn copied(&mut self, from: &str, data: &Path) -> String {
        let name = format!("test_{}", self.databases.len());
        let name = self.databases.entry(data.to_owned()).or_insert(name).clone();
        self.cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        self.cluster.sql("postgres", &format!("CREATE DATABASE {name} OWNER disposisi TEMPLATE {from}"));
        name
    }
}

/// How often a server is killed over it: what is half written is given up by the database, which goes on.
pub(crate) const KILLS: u64 = 60;

/// What the program is told of it by the environment.
pub(crate) fn environment(data: &Path) -> Vec<(&'static str, String)> {
    let mut shared = shared();
    let name = shared.of(data);
    vec![("DISPOSISI_DATABASE", shared.cluster.url("disposisi", &name))]
}

/// Where it is.
pub(crate) fn place(data: &Path) -> Place {
    let url = {
        let mut shared = shared();
        let name = shared.of(data);
        shared.cluster.url("disposisi", &name)
    };
    let limits = Limits { connections: 4, acquire: Duration::from_secs(30), statement: Duration::from_secs(30) };
    Place::Postgres(Arc::new(Postgres::at(&url, limits).expect("a place")))
}

/// A connection that may do anything.
pub(crate) async fn open(data: &Path) -> DatabaseConnection {
    let url = {
        let mut shared = shared();
        let name = shared.of(data);
        shared.cluster.url("postgres", &name)
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the database")
}

/// Keeps a copy of all rows as they are now, for [`open_with_old`].
pub(crate) async fn keep_old(data: &Path) {
    let database = open(data).await;
    let copy = "CREATE SCHEMA old; DO $$ DECLARE it record; BEGIN \
        FOR it IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
        EXECUTE format('CREATE TABLE old.%1$I AS TABLE public.%1$I', it.tablename); END LOOP; END $$";
    database.execute_unprepared(copy).await.expect("an old copy");
    database.close().await.expect("closed");
}

/// Another data folder with the same keys and a copy of the database, in place of what it had.
pub(crate) fn copy(from: &Path, to: &Path) {
    copy_keys(&from.join("keys"), &to.join("keys"));
    let mut shared = shared();
    let name = shared.of(from);
    // Whoever has just ended may not have been noticed yet.
    let end = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
    shared.cluster.sql("postgres", &end);
    shared.copied(&name, to);
}

/// Restores keys and database of an earlier version.
pub(crate) fn restore(fixture: &Path, data: &Path) {
    copy_keys(&fixture.join("keys"), &data.join("keys"));
    let mut shared = shared();
    let name = shared.copied("template0", data);
    let mut psql = shared.cluster.psql(&name);
    let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("psql");
    let mut input = psql.stdin.take().expect("its input");
    // What the program's role owns, as what it made itself.
    input.write_all(b"SET ROLE disposisi;\n").expect("written");
    input.write_all(&unpacked(&fixture.join("dump.sql.gz"))).expect("written");
    drop(input);
    assert!(psql.wait().expect("it ends").success());
}

/// Whether it holds this text anywhere.
pub(crate) fn holds(data: &Path, text: &str) -> bool {
    let mut shared = shared();
    let name = shared.of(data);
    shared.cluster.dump(&name).windows(text.len()).any(|part| part == text.as_bytes())
}

/// The number of a table's row, in SQL: its place in the table's file.
pub(crate) fn row(table: &str) -> String {
    let place = format!("({table}.ctid::text::point)");
    format!("({place}[0] * 1000 + {place}[1])::bigint")
}

/// A column's moment so many minutes earlier, in SQL.
pub(crate) fn earlier(column: &str, minutes: u32) -> String {
    format!("{column} - interval '{minutes} minutes'")
}

/// A new id, in SQL.
pub(crate) const NEW_ID: &str = "gen_random_uuid()";

/// A table's columns, each with another value of its kind, in SQL.
pub(crate) async fn other_values(database: &DatabaseConnection, table: &str) -> Vec<(String, String)> {
    let columns = format!(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
    );
    let statement = Statement::from_string(database.get_database_backend(), columns);
    let rows = database.query_all_raw(statement).await.expect("the columns");
    let other = |column: String, kind: String| {
        let value = match kind.as_str() {
            "boolean" => format!("NOT {column}"),
            // Far enough to meet no other row of its request.
            "integer" | "smallint" | "bigint" => format!("{column} + 1000"),
            "uuid" => NEW_ID.to_owned(),
            "date" => "'2020-01-01'".to_owned(),
            "timestamp with time zone" => "'2020-01-01 00:00:00+00:00'".to_owned(),
            "bytea" => format!("CASE WHEN {column} IS NULL THEN '\\x00'::bytea ELSE NULL END"),
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
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    for table in ask(tables.to_owned()).await {
        found.extend(ask(format!("SELECT '{table} ' || row::text FROM public.\"{table}\" AS row ORDER BY 1")).await);
    }
    database.close().await.expect("closed");
    found
}
