//! Opening the database, and transactions that write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ColumnTrait, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, EntityTrait, Iterable,
    PrimaryKeyToColumn, PrimaryKeyTrait, QueryFilter, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use sea_orm::sqlx::Connection;
use tokio::sync::Notify;

use super::StoreError;

/// A MAC over parts, with a key that the database does not hold.
pub type Mac = Arc<dyn Fn(&[&[u8]]) -> [u8; 32] + Send + Sync>;

/// A transaction that writes.
pub type Transaction = DatabaseTransaction;

/// The database: many readers, and as many writers as it bears (SQLite: one).
#[derive(Clone)]
pub struct Store {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    /// The writer's connection could not begin to write: the next that is handed out is to be a new one.
    suspect: Arc<AtomicBool>,
    /// Told when the log has grown, for whoever follows it here.
    grown: Arc<Notify>,
    mac: Mac,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the SQLite database in that file, made when it is not there, and brings its schema up to date.
    pub async fn open(file: &std::path::Path, mac: Mac) -> Result<Self, StoreError> {
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let options = |connections: u32, suspect: Arc<AtomicBool>| {
            let mut options = ConnectOptions::new(url.clone());
            options
                .max_connections(connections)
                .min_connections(1)
                .idle_timeout(None::<Duration>)
                .max_lifetime(None::<Duration>)
                .acquire_timeout(Duration::from_secs(10))
                // As `sqlx::query`, at info: off unless asked for. Never with the values that statements are given.
                .sqlx_logging(true)
                // When the disk fails, SQLite ends the transaction by itself, and the driver still counts it as open: what
                // comes after would be nested in it, and be acknowledged without ever being committed. Such a connection
                // is closed. (It has been pinged before this, so a rollback on its way has arrived.)
                .test_before_acquire(true)
                .map_sqlx_sqlite_before_acquire(move |connection, _| {
                    let good = !Connection::is_in_transaction(connection) && !suspect.swap(false, Ordering::Relaxed);
                    Box::pin(async move { Ok(good) })
                })
                .map_sqlx_sqlite_opts(|sqlite| {
                    sqlite
                        .foreign_keys(true)
                        .busy_timeout(Duration::from_secs(10))
                        .pragma("journal_mode", "WAL")
                        // An acknowledged mutation survives the loss of power, not only of the process.
                        .pragma("synchronous", "FULL")
                });
            options
        };
        let suspect = Arc::new(AtomicBool::new(false));
        let writer = Database::connect(options(1, suspect.clone())).await?;
        Migrator::up(&writer, None).await?;
        let reader = Database::connect(options(4, Arc::default())).await?;
        Ok(Self { reader, writer, suspect, grown: Arc::default(), mac })
    }

    /// Opens an existing SQLite database to read it only, and leaves its schema as it is.
    pub async fn open_to_read(file: &std::path::Path, mac: Mac) -> Result<Self, StoreError> {
        let reader = open_to_read(file).await?;
        Ok(Self { writer: reader.clone(), reader, suspect: Arc::default(), grown: Arc::default(), mac })
    }

    /// Where statements that only read go.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a transaction that writes; on SQLite it holds the one writer's place from here.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let begun = self.writer.begin_with_options(options).await.map_err(StoreError::from);
        // A connection that was opened while the file could not be written stays so for its life.
        if matches!(begun, Err(StoreError::Unavailable(_))) {
            self.suspect.store(true, Ordering::Relaxed);
        }
        begun
    }

    /// Told when the log has grown by this process, or by another that says so. Only a hint: whoever follows the log also
    /// looks by itself from time to time.
    pub fn grown(&self) -> &Notify {
        &self.grown
    }

    /// A MAC with the audit key.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        (self.mac)(parts)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.reader.ping().await?)
    }
}

/// A connection to an existing SQLite database that only reads, and leaves its schema as it is.
pub async fn open_to_read(file: &std::path::Path) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display()));
    options.max_connections(1).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

/// Those rows of a table, in any order; whether the caller may see them is not asked.
pub async fn by_ids<E>(store: &Store, ids: Vec<uuid::Uuid>) -> Result<Vec<E::Model>, StoreError>
where
    E: EntityTrait,
    <E::PrimaryKey as PrimaryKeyTrait>::ValueType: From<uuid::Uuid>,
{
    let key = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column);
    let Some(key) = key else { return Ok(Vec::new()) };
    Ok(E::find().filter(key.is_in(ids)).all(store.reader()).await?)
}
