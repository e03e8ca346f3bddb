//! The store: opening the database, write transactions, the reader.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::Connection;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, EntityTrait, Iterable, PrimaryKeyToColumn, PrimaryKeyTrait,
    QueryFilter, RuntimeErr, TransactionTrait, sqlx,
};
use tokio::sync::{Mutex, Notify};

use super::connect::{DatabaseLocation, Postgres};
use super::one_of::one_of;
use super::shared_commit::SingleWriter;
use super::sizes::KnownSizes;
use super::{StoreError, Transaction, lock};
use crate::random::Random;

/// A MAC over parts, with a key kept outside the database.
pub type Mac = Arc<dyn Fn(&[&[u8]]) -> [u8; 32] + Send + Sync>;

/// The database: many readers, and as many writers as it bears (SQLite: one).
#[derive(Clone)]
pub struct Store {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    /// The writer of a file, taken in turns; none on PostgreSQL.
    single: Option<SingleWriter>,
    /// The PostgreSQL server; none for a file.
    server: Option<Arc<Postgres>>,
    /// The writer's connection could not begin a transaction: the next use opens a new one.
    suspect: Arc<AtomicBool>,
    /// Wakes followers in this process when the log has grown.
    grown: Arc<Notify>,
    numbering: Arc<Numbering>,
    sizes: Arc<KnownSizes>,
    mac: Mac,
    random: Random,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, creates a missing file, and migrates the schema.
    pub async fn open(location: &DatabaseLocation, mac: Mac, random: Random) -> Result<Self, StoreError> {
        let suspect = Arc::new(AtomicBool::new(false));
        let (reader, writer, single, server) = match location {
            DatabaseLocation::Sqlite(file) => {
                let writer = Database::connect(sqlite(file, 1, Some(suspect.clone()))).await?;
                let reader = Database::connect(sqlite(file, 4, None)).await?;
                (reader, writer.clone(), Some(SingleWriter::new(writer)), None)
            }
            DatabaseLocation::Postgres(server) => {
                let pool = DatabaseConnection::from(server.pool(false).await.map_err(cannot_connect)?);
                (pool.clone(), pool, None, Some(server.clone()))
            }
        };
        let store = Self {
            reader,
            writer,
            single,
            server,
            suspect,
            grown: Arc::default(),
            numbering: Arc::default(),
            sizes: Arc::default(),
            mac,
            random,
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Opens an existing database to read it only, and leaves its schema as it is.
    pub async fn open_to_read(location: &DatabaseLocation, mac: Mac, random: Random) -> Result<Self, StoreError> {
        let reader = open_to_read(location).await?;
        let (suspect, grown, numbering, sizes) = Default::default();
        Ok(Self {
            writer: reader.clone(),
            reader,
            single: None,
            server: None,
            suspect,
            grown,
            numbering,
            sizes,
            mac,
            random,
        })
    }

    /// The generator of random numbers.
    pub fn random(&self) -> &Random {
        &self.random
    }

    /// Runs migrations. Of several servers starting at once, one migrates and the others wait.
    async fn migrate(&self) -> Result<(), StoreError> {
        let Some(server) = &self.server else { return Ok(Migrator::up(&self.writer, None).await?) };
        let pool = server.without_timeouts().await.map_err(cannot_connect)?;
        // The session's lock: held by one connection, while another migrates in transactions of its own. It ends with it.
        let mut holder = pool.acquire().await.map_err(cannot_connect)?;
        lock::lock_migrations(&mut holder).await?;
        let migrated = Migrator::up(&DatabaseConnection::from(pool.clone()), None).await;
        drop(holder.close().await);
        pool.close().await;
        Ok(migrated?)
    }

    /// The PostgreSQL server; none for a file.
    pub(in crate::store) fn server(&self) -> Option<&Postgres> {
        self.server.as_deref()
    }

    /// The turn to number committed events in this process.
    pub(in crate::store) fn numbering(&self) -> &Numbering {
        &self.numbering
    }

    /// What this process knows of how many requests there are.
    pub(in crate::store) fn sizes(&self) -> &KnownSizes {
        &self.sizes
    }

    /// The connections for reading.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a write transaction; on SQLite it holds the single writer's lock from here to its commit, which others may share.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let begun = match &self.single {
            Some(writer) => writer.begin().await.map(|(transaction, turn)| Transaction::new(transaction, Some(turn))),
            None => self.writer.begin().await.map(|transaction| Transaction::new(transaction, None)),
        };
        let begun = begun.map_err(StoreError::from);
        // A connection opened while the file was read-only stays read-only for its life.
        if matches!(begun, Err(StoreError::Unavailable(_))) {
            self.suspect.store(true, Ordering::Relaxed);
        }
        begun
    }

    /// Waits until what an act has seen is committed, if it ended without a commit of its own: a repeated call, or a refused one.
    pub async fn settle(&self) {
        if let Some(writer) = &self.single {
            writer.settle().await;
        }
    }

    /// Begins the transaction of a background job, with the job's advisory lock until it ends. None, without waiting, while
    /// another instance holds the lock.
    pub async fn begin_job(&self, job: &str) -> Result<Option<Transaction>, StoreError> {
        let transaction = self.begin().await?;
        if lock::try_lock_job(&transaction, job).await? {
            return Ok(Some(transaction));
        }
        transaction.rollback().await?;
        Ok(None)
    }

    /// Wakes followers when the log has grown, by this process or by a notification of another. Only a hint: followers also poll
    /// from time to time.
    pub fn grown(&self) -> &Notify {
        &self.grown
    }

    /// A MAC with the audit key.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        (self.mac)(parts)
    }

    /// Checks for an answer of the database within a time limit.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let answers = tokio::time::timeout(PING, self.reader.ping()).await;
        Ok(answers.unwrap_or_else(|_| Err(DbErr::Conn(RuntimeErr::Internal("it does not answer".to_owned()))))?)
    }
}

/// The turn to number committed events in this process. A pass numbers all commits before its start: tasks waiting meanwhile
/// share the next pass.
#[derive(Debug, Default)]
pub(in crate::store) struct Numbering {
    /// Number of commits requesting a pass.
    pub(in crate::store) requested: AtomicU64,
    /// Number of them included in passes; locked during a pass.
    pub(in crate::store) included: Mutex<u64>,
}

/// The time limit of a ping.
const PING: Duration = Duration::from_secs(2);

/// How connections to a file are made. `suspect`: the writer's.
fn sqlite(file: &Path, connections: u32, suspect: Option<Arc<AtomicBool>>) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options
        .max_connections(connections)
        .min_connections(1)
        // As on PostgreSQL: see `pool_options` there.
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .acquire_timeout(Duration::from_secs(10))
        // As `sqlx::query`, at info: off unless asked for. Never with the values of statements.
        .sqlx_logging(true)
        // A ping is a trip to the connection's thread: one more for each statement.
        .test_before_acquire(suspect.is_some())
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "WAL")
                // An acknowledged mutation survives the loss of power, not only of the process.
                .pragma("synchronous", "FULL")
        });
    if let Some(suspect) = suspect {
        // When the disk fails, SQLite ends the transaction by itself, and the driver still counts it as open: the next
        // transaction would be nested in it, and be acknowledged without ever being committed. Such a connection is closed. (It
        // has been pinged before this, so a rollback on its way has arrived.)
        options.map_sqlx_sqlite_before_acquire(move |connection, _| {
            let good = !Connection::is_in_transaction(connection) && !suspect.swap(false, Ordering::Relaxed);
            Box::pin(async move { Ok(good) })
        });
    }
    options
}

/// Opens a read-only connection to an existing database, without migrations.
pub async fn open_to_read(location: &DatabaseLocation) -> Result<DatabaseConnection, StoreError> {
    match location {
        DatabaseLocation::Sqlite(file) => {
            let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display()));
            options
                .max_connections(1)
                .idle_timeout(None::<Duration>)
                .max_lifetime(None::<Duration>)
                .sqlx_logging(false);
            Ok(Database::connect(options).await?)
        }
        DatabaseLocation::Postgres(server) => Ok(server.pool(true).await.map_err(cannot_connect)?.into()),
    }
}

/// The error of a failed connection.
fn cannot_connect(error: sqlx::Error) -> StoreError {
    StoreError::from(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

/// Returns rows of a table by their ids, in any order. Does not check visibility.
pub async fn by_ids<E>(store: &Store, ids: Vec<uuid::Uuid>) -> Result<Vec<E::Model>, StoreError>
where
    E: EntityTrait,
    <E::PrimaryKey as PrimaryKeyTrait>::ValueType: From<uuid::Uuid>,
{
    let key = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column);
    let Some(key) = key else { return Ok(Vec::new()) };
    Ok(E::find().filter(one_of(store.reader(), key, ids)).all(store.reader()).await?)
}
