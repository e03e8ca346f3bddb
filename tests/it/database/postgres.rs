//! PostgreSQL: for each data folder a database of one server, made from a template.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use disposisi::store::{ConnectionLimits, DatabaseLocation, Postgres};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use super::cluster::{Cluster, copy_keys, unpacked};
use super::{changed_columns, texts};

/// The server, the common keys of its databases, and the database of each data folder.
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
    /// The database of a data folder, created if it has none.
    fn of(&mut self, data: &Path) -> String {
        if let Some(name) = self.databases.get(data) {
            return name.clone();
        }
        // A folder for keys of its own goes with an empty database.
        let has_keys = data.join("keys").exists();
        if !has_keys {
            copy_keys(self.keys.path(), &data.join("keys"));
        }
        self.copied(if has_keys { "template1" } else { "begun" }, data)
    }

    /// A copy of a database, for a data folder.
    fn copied(&mut self, from: &str, data: &Path) -> String {
        let name = format!("test_{}", self.databases.len());
        let name = self.databases.entry(data.to_owned()).or_insert(name).clone();
        // An ended connection may not have been noticed yet.
        let end = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{from}'");
        let remove = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let create = format!("CREATE DATABASE {name} OWNER disposisi TEMPLATE {from}");
        self.cluster.sql_each("postgres", &[end.as_str(), remove.as_str(), create.as_str()]);
        name
    }
}

/// The crash test's number of kills: fewer here, since the database itself rolls back a killed process's transaction.
pub(crate) const KILLS: u64 = 60;

/// The program's environment variables.
pub(crate) fn environment(data: &Path) -> Vec<(&'static str, String)> {
    let mut shared = shared();
    let name = shared.of(data);
    vec![
        ("DISPOSISI_DATABASE", shared.cluster.url("disposisi", &name)),
        // Hundreds of subscriptions ask for a connection at once: on a busy machine they wait, and are not refused.
        ("DISPOSISI_DATABASE_ACQUIRE_SECONDS", "60".to_owned()),
    ]
}

/// The connection options.
pub(crate) fn place(data: &Path) -> DatabaseLocation {
    let url = {
        let mut shared = shared();
        let name = shared.of(data);
        shared.cluster.url("disposisi", &name)
    };
    let limits =
        ConnectionLimits { connections: 4, acquire: Duration::from_secs(30), statement: Duration::from_secs(30) };
    DatabaseLocation::Postgres(Arc::new(Postgres::parse(&url, limits).expect("a place")))
}

/// A superuser's connection.
pub(crate) async fn open(data: &Path) -> DatabaseConnection {
    let url = {
        let mut shared = shared();
        let name = shared.of(data);
        shared.cluster.url("postgres", &name)
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>).sqlx_logging(false);
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

/// Copies the keys and the database of a data folder, replacing those of the other.
pub(crate) fn copy(from: &Path, to: &Path) {
    copy_keys(&from.join("keys"), &to.join("keys"));
    let mut shared = shared();
    let name = shared.of(from);
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
    // Owned by the program's role, like its own tables.
    input.write_all(b"SET ROLE disposisi;\n").expect("written");
    input.write_all(&unpacked(&fixture.join("dump.sql.gz"))).expect("written");
    drop(input);
    assert!(psql.wait().expect("it ends").success());
}

/// Searches the whole database for a text.
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

/// A new id, in SQL.
pub(crate) const NEW_ID: &str = "gen_random_uuid()";

/// A table's columns, each with another value of its kind, in SQL.
pub(crate) async fn other_values(database: &DatabaseConnection, table: &str) -> Vec<(String, String)> {
    let columns = format!(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name = '{table}' AND is_generated = 'NEVER' ORDER BY ordinal_position"
    );
    let other = |column: &str, kind: &str| match kind {
        "boolean" => format!("NOT {column}"),
        // Far enough to meet no other row of its request.
        "integer" | "smallint" | "bigint" => format!("{column} + 1000"),
        "uuid" => NEW_ID.to_owned(),
        "date" => "'2020-01-01'".to_owned(),
        "timestamp with time zone" => "'2020-01-01 00:00:00+00:00'".to_owned(),
        "bytea" => format!("CASE WHEN {column} IS NULL THEN '\\x00'::bytea ELSE NULL END"),
        _ => format!("coalesce({column}, '') || 'x'"),
    };
    changed_columns(database, columns, other).await
}

/// Every row of every table, as text, but for kept counts: a job sums them up, and they follow from the other rows.
pub(crate) async fn rows(data: &Path) -> Vec<String> {
    let database = open(data).await;
    let mut found = Vec::new();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'request_counts' ORDER BY 1";
    for table in texts(&database, tables.to_owned()).await {
        found.extend(
            texts(&database, format!("SELECT '{table} ' || row::text FROM public.\"{table}\" AS row ORDER BY 1")).await,
        );
    }
    database.close().await.expect("closed");
    found
}
