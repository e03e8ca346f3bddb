//! Shared commits of SQLite: a transaction that has waited for the single writer runs in that of the one before, in a savepoint of its
//! own. Their one commit, with one sync of the disk, is made by the first of them whose turn comes round again: after all that
//! waited meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::StoreError;

/// The longest wait for the turn to write.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The single writer, taken in turns.
#[derive(Debug, Clone)]
pub(in crate::store) struct SingleWriter {
    connection: DatabaseConnection,
    /// Taken in the order of asking. Holds what has ended, and is not committed.
    turn: Arc<Mutex<Option<Uncommitted>>>,
    /// A transaction that saw what is not committed has ended by itself: its answer is to wait for the commit.
    unsettled: Arc<AtomicBool>,
}

/// A transaction of the database with ended transactions of the program in it.
#[derive(Debug)]
struct Uncommitted {
    transaction: DatabaseTransaction,
    /// Those that wait for its commit. Dropped without a word if there is none.
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

/// A turn to write, with what was ended before it and is not committed.
#[derive(Debug)]
pub(super) struct WriterTurn {
    writer: SingleWriter,
    place: OwnedMutexGuard<Option<Uncommitted>>,
    before: Option<Uncommitted>,
    /// The database may have taken everything back by itself, as after a failure of the disk.
    failed: AtomicBool,
}

impl SingleWriter {
    /// A writer by this connection.
    pub(in crate::store) fn new(connection: DatabaseConnection) -> Self {
        Self { connection, turn: Arc::default(), unsettled: Arc::default() }
    }

    /// Waits for the turn, and begins a transaction: one of the database, or a savepoint in the one not yet committed.
    pub(super) async fn begin(&self) -> Result<(DatabaseTransaction, WriterTurn), DbErr> {
        let place = tokio::time::timeout(LONGEST_WAIT, self.turn.clone().lock_owned()).await;
        let mut place = place.map_err(|_| lost("the writer is busy"))?;
        let before = place.take();
        let turn = WriterTurn { writer: self.clone(), place, before, failed: AtomicBool::new(false) };
        let begun = match &turn.before {
            Some(before) => before.transaction.begin().await,
            None => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                self.connection.begin_with_options(options).await
            }
        };
        if begun.is_err() {
            turn.note_failure();
        }
        Ok((begun?, turn))
    }

    /// Waits until what a transaction has seen that ended without a commit is committed.
    pub(in crate::store) async fn settle(&self) {
        if self.unsettled.load(Ordering::Relaxed) {
            self.commit().await;
        }
    }

    /// Commits, when the turn comes, what no other has committed until then.
    async fn commit(&self) {
        let mut place = self.turn.clone().lock_owned().await;
        let Some(Uncommitted { transaction, waiting }) = place.take() else {
            self.unsettled.store(false, Ordering::Relaxed);
            return;
        };
        let committed = transaction.commit().await.map_err(StoreError::from);
        self.unsettled.store(false, Ordering::Relaxed);
        drop(place);
        if let Err(error) = &committed {
            tracing::warn!(%error, transactions = waiting.len(), "a commit failed: nothing of it is kept");
        }
        for one in waiting {
            let committed = match &committed {
                Ok(()) => Ok(()),
                Err(_) => Err(lost("the commit failed").into()),
            };
            let _ = one.send(committed);
        }
    }
}

impl WriterTurn {
    /// Ends the transaction of this turn, and waits until it is committed. To be run to its end.
    pub(super) async fn commit(mut self, transaction: DatabaseTransaction) -> Result<(), StoreError> {
        let mut uncommitted = match self.before.take() {
            None => Uncommitted { transaction, waiting: Vec::new() },
            Some(_) if self.failed.load(Ordering::Relaxed) => return Err(lost("a statement failed").into()),
            Some(before) => {
                // If the savepoint is gone, so is the transaction around it.
                transaction.commit().await?;
                before
            }
        };
        let (sender, committed) = oneshot::channel();
        uncommitted.waiting.push(sender);
        *self.place = Some(uncommitted);
        let writer = self.writer.clone();
        drop(self);
        writer.commit().await;
        committed.await.unwrap_or_else(|_| Err(cut_short()))
    }

    /// Notes a failure. What was ended before is given up with this transaction.
    pub(super) fn note_failure(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

impl Drop for WriterTurn {
    /// Leaves what was ended before to the next turn.
    fn drop(&mut self) {
        if let Some(before) = self.before.take()
            && !self.failed.load(Ordering::Relaxed)
        {
            *self.place = Some(before);
            self.writer.unsettled.store(true, Ordering::Relaxed);
        }
    }
}

/// The error of a transaction that was given up with others.
pub(super) fn cut_short() -> StoreError {
    lost("the transaction was given up").into()
}

/// The error of a transaction that cannot go on.
fn lost(why: &str) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use entity::log;
    use sea_orm::{ConnectionTrait, EntityTrait};
    use uuid::Uuid;

    use crate::random::Random;
    use crate::store::database::insert;
    use crate::store::{DatabaseLocation, Store, StoreError, Transaction};

    async fn opened() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let place = DatabaseLocation::Sqlite(folder.path().join("test.db"));
        let store = Store::open(&place, std::sync::Arc::new(|_| [0; 32]), Random::system()).await.unwrap();
        (folder, store)
    }

    async fn write(transaction: &Transaction, position: i64) {
        let row = log::Model { position, event_id: Uuid::from_u128(position.unsigned_abs().into()), mac: vec![1] };
        insert(transaction, row).await.unwrap();
        transaction.flush().await.unwrap();
    }

    async fn written(store: &Store) -> Vec<i64> {
        let mut rows: Vec<i64> =
            log::Entity::find().all(store.reader()).await.unwrap().into_iter().map(|row| row.position).collect();
        rows.sort_unstable();
        rows
    }

    /// Starts an act, and gives it time to wait for its turn.
    async fn waits<T: Send + 'static>(act: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
        let act = tokio::spawn(act);
        tokio::time::sleep(Duration::from_millis(20)).await;
        act
    }

    #[tokio::test]
    async fn those_that_wait_are_committed_together_and_those_taken_back_leave_nothing() {
        let (_folder, store) = opened().await;
        let first = store.begin().await.unwrap();
        write(&first, 1).await;
        let mut acts = Vec::new();
        for position in 2..=6 {
            let store = store.clone();
            acts.push(
                waits(async move {
                    let act = store.begin().await.unwrap();
                    write(&act, position).await;
                    // Each sees those before it. One is taken back, and one dropped.
                    let before = log::Entity::find().all(&act).await.unwrap().len();
                    match position {
                        3 => act.rollback().await.unwrap(),
                        4 => drop(act),
                        _ => act.commit().await.unwrap(),
                    }
                    before
                })
                .await,
            );
        }
        assert_eq!(written(&store).await, [0_i64; 0]);
        first.commit().await.unwrap();
        assert_eq!(written(&store).await, [1, 2, 5, 6], "the commit of the first was for all that waited");
        let mut before = Vec::new();
        for act in acts {
            before.push(act.await.unwrap());
        }
        assert_eq!(before, [2, 3, 3, 3, 4]);
    }

    #[tokio::test]
    async fn what_was_seen_is_committed_before_an_answer() {
        let (_folder, store) = opened().await;
        let first = store.begin().await.unwrap();
        write(&first, 1).await;
        let again = store.clone();
        let repeated = waits(async move {
            let act = again.begin().await.unwrap();
            let seen = log::Entity::find().all(&act).await.unwrap().len();
            drop(act);
            again.settle().await;
            (seen, written(&again).await)
        })
        .await;
        let (first, repeated) = tokio::join!(first.commit(), repeated);
        first.unwrap();
        assert_eq!(repeated.unwrap(), (1, vec![1]));
    }

    #[tokio::test]
    async fn a_failed_statement_takes_back_itself_alone_and_a_failed_disk_everything() {
        let (_folder, store) = opened().await;
        for fails in [false, true] {
            let first = store.begin().await.unwrap();
            write(&first, if fails { 3 } else { 1 }).await;
            let other = store.clone();
            let second = waits(async move {
                let act = other.begin().await.unwrap();
                act.execute_unprepared("SELECT nothing FROM nowhere").await.unwrap_err();
                match fails {
                    // As a full disk does it.
                    true => drop(act.execute_unprepared("ROLLBACK").await.unwrap()),
                    false => write(&act, 2).await,
                }
                act.commit().await
            })
            .await;
            let first = first.commit().await;
            let second = second.await.unwrap();
            assert_eq!((first.is_ok(), second.is_ok()), (!fails, !fails), "{first:?} {second:?}");
            if fails {
                assert!(matches!(first, Err(StoreError::Unavailable(_))), "{first:?}");
            }
            assert_eq!(written(&store).await, [1, 2]);
        }
        // The connection that has lost its transaction is replaced.
        let next = store.begin().await.unwrap();
        write(&next, 5).await;
        next.commit().await.unwrap();
        assert_eq!(written(&store).await, [1, 2, 5]);
    }
}
