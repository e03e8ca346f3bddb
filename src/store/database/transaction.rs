//! Write transactions. Rows to be written wait, and are sent together: one trip to the database instead of one each.

use std::mem;

use sea_orm::sea_query::{
    CommonTableExpression, DeleteStatement, Expr, ExprTrait, InsertStatement, Query, Returning, SimpleExpr,
    SubQueryStatement, UpdateStatement, WithClause,
};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement, StatementBuilder, Value,
};
use tokio::sync::Mutex;

use super::StoreError;
use super::error::may_end_transaction;
use super::shared_commit::{WriterTurn, cut_short};

/// A write transaction. What waits is sent before the next statement, so reads see it, and before the commit. A constraint it
/// violates is told there. Ends without a trace unless committed.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    /// The turn of SQLite's single writer. After the transaction: dropped, it is taken back before the turn ends.
    turn: Option<WriterTurn>,
    deferred: Mutex<Deferred>,
}

/// A statement that writes rows and returns none.
#[derive(Debug, Clone)]
pub(in crate::store) enum Write {
    /// New rows.
    Insert(InsertStatement),
    /// Changed rows.
    Update(UpdateStatement),
    /// Removed rows.
    Delete(DeleteStatement),
}

/// Writes that wait.
#[derive(Debug, Default)]
struct Deferred {
    /// The statements, each with its table.
    writes: Vec<(&'static str, Write)>,
    /// The number of rows that they must write.
    rows: u64,
    /// Some were sent without success: the transaction goes no further without them.
    lost: bool,
}

impl Write {
    /// The statement for a database.
    fn build(&self, backend: DbBackend) -> Statement {
        match self {
            Self::Insert(insert) => backend.build(insert),
            Self::Update(update) => backend.build(update),
            Self::Delete(delete) => backend.build(delete),
        }
    }

    /// The statement, with a row for each one written.
    fn counted(mut self) -> SubQueryStatement {
        let one = || Returning::new().expr(Expr::cust("1"));
        match &mut self {
            Self::Insert(insert) => insert.returning(one()).clone().into(),
            Self::Update(update) => update.returning(one()).clone().into(),
            Self::Delete(delete) => delete.returning(one()).clone().into(),
        }
    }
}

impl Transaction {
    /// A transaction that has begun.
    pub(super) fn new(inner: DatabaseTransaction, turn: Option<WriterTurn>) -> Self {
        Self { inner, turn, deferred: Mutex::default() }
    }

    /// Passes a result on, once a failure has been noted that others share on SQLite.
    fn noted<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let (Err(error), Some(turn)) = (&result, &self.turn)
            && may_end_transaction(error)
        {
            turn.note_failure();
        }
        result
    }

    /// Defers a write of so many rows of a table. [`StoreError::Lost`], when it is sent, if it writes another number.
    pub(in crate::store) async fn defer(&self, table: &'static str, write: Write, rows: u64) -> Result<(), StoreError> {
        let mut deferred = self.deferred.lock().await;
        // Statements sent together do not see each other's rows.
        if !matches!(write, Write::Insert(_)) && deferred.writes.iter().any(|(other, _)| *other == table) {
            self.send(&mut deferred).await?;
        }
        deferred.writes.push((table, write));
        deferred.rows += rows;
        Ok(())
    }

    /// Sends what waits. For callers that answer a violated constraint themselves, or rely on an order of writes.
    pub(in crate::store) async fn flush(&self) -> Result<(), StoreError> {
        Ok(self.send_deferred().await?)
    }

    async fn send_deferred(&self) -> Result<(), DbErr> {
        // Held while they are sent: another statement must not overtake them.
        let mut deferred = self.deferred.lock().await;
        self.send(&mut deferred).await
    }

    async fn send(&self, deferred: &mut Deferred) -> Result<(), DbErr> {
        if deferred.lost {
            return Err(DbErr::RecordNotUpdated);
        }
        if deferred.writes.is_empty() {
            return Ok(());
        }
        // Until they are known to be written: they may fail, or the caller may give up waiting for them.
        deferred.lost = true;
        let expected = mem::take(&mut deferred.rows);
        let (tables, writes): (Vec<&str>, Vec<Write>) = mem::take(&mut deferred.writes).into_iter().unzip();
        let written = self.execute_together(writes).await?;
        if written != expected {
            tracing::warn!(
                ?tables,
                expected,
                written,
                "a row was not there, or the database dropped a write: nothing is committed"
            );
            return Err(DbErr::RecordNotUpdated);
        }
        deferred.lost = false;
        Ok(())
    }

    /// Executes writes in one trip. Returns the number of rows written.
    async fn execute_together(&self, writes: Vec<Write>) -> Result<u64, DbErr> {
        let backend = self.inner.get_database_backend();
        if let [write] = &writes[..] {
            return Ok(self.noted(self.inner.execute_raw(write.build(backend)).await)?.rows_affected());
        }
        if backend == DbBackend::Postgres {
            return self.execute_as_one(writes).await;
        }
        // The driver runs the statements of a text one after the other, and adds up their rows.
        let (mut text, mut values) = (String::new(), Vec::<Value>::new());
        for statement in writes.iter().map(|write| write.build(backend)) {
            text.push_str(&statement.sql);
            text.push(';');
            values.extend(statement.values.into_iter().flat_map(|values| values.0));
        }
        let all = Statement::from_sql_and_values(backend, text, values);
        Ok(self.noted(self.inner.execute_raw(all).await)?.rows_affected())
    }

    /// Executes writes as parts of one statement. Returns the number of rows written.
    async fn execute_as_one(&self, writes: Vec<Write>) -> Result<u64, DbErr> {
        let (mut parts, mut rows) = (WithClause::new(), None::<SimpleExpr>);
        for (index, write) in writes.into_iter().enumerate() {
            let name = format!("write_{index}");
            let count = Query::select().expr(Expr::cust("count(*)")).from(name.clone()).take();
            let count = SimpleExpr::SubQuery(None, Box::new(count.into()));
            rows = Some(match rows {
                None => count,
                Some(rows) => rows.add(count),
            });
            parts.cte(CommonTableExpression::new().table_name(name).query(write.counted()).to_owned());
        }
        let total = Query::select().exprs(rows).take();
        let statement = StatementBuilder::build(&parts.query(total), &DbBackend::Postgres);
        let counted = self.inner.query_one_raw(statement).await?.ok_or(DbErr::RecordNotUpdated)?;
        Ok(u64::try_from(counted.try_get_by_index::<i64>(0)?).unwrap_or_default())
    }

    /// Sends what waits, and commits.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.send_deferred().await?;
        match self.turn {
            // In a task of its own: a caller who stops waiting does not take back what others have ended before.
            Some(turn) => tokio::spawn(turn.commit(self.inner)).await.unwrap_or_else(|_| Err(cut_short())),
            None => Ok(self.inner.commit().await?),
        }
    }

    /// Sends what waits, so that a violated constraint is told, and takes everything back.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.send_deferred().await?;
        let ended = self.inner.rollback().await;
        if let (Err(_), Some(turn)) = (&ended, &self.turn) {
            turn.note_failure();
        }
        Ok(ended?)
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send_deferred().await?;
        self.noted(self.inner.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send_deferred().await?;
        self.noted(self.inner.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.send_deferred().await?;
        self.noted(self.inner.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.send_deferred().await?;
        self.noted(self.inner.query_all_raw(statement).await)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use entity::{log, pending};
    use sea_orm::EntityTrait;
    use uuid::Uuid;

    use super::*;
    use crate::random::Random;
    use crate::store::database::{insert, update};
    use crate::store::{DatabaseLocation, Store};

    /// A transaction of a store, in a folder that ends with it.
    async fn begun() -> (tempfile::TempDir, Store, Transaction) {
        let folder = tempfile::tempdir().unwrap();
        let place = DatabaseLocation::Sqlite(folder.path().join("test.db"));
        let store = Store::open(&place, Arc::new(|_| [0; 32]), Random::system()).await.unwrap();
        let transaction = store.begin().await.unwrap();
        (folder, store, transaction)
    }

    fn row(position: i64) -> log::Model {
        log::Model { position, event_id: Uuid::from_u128(position.unsigned_abs().into()), mac: vec![1] }
    }

    async fn positions<C: ConnectionTrait>(connection: &C) -> Vec<i64> {
        log::Entity::find().all(connection).await.unwrap().into_iter().map(|row| row.position).collect()
    }

    #[tokio::test]
    async fn what_waits_is_read_and_committed_in_order() {
        let (_folder, store, transaction) = begun().await;
        insert(&transaction, row(1)).await.unwrap();
        insert(&transaction, pending::Model { event_id: Uuid::nil() }).await.unwrap();
        insert(&transaction, row(2)).await.unwrap();
        assert_eq!(positions(&transaction).await, [1, 2], "a read sees what waited");
        // A change of a row that waits, and one more after it.
        insert(&transaction, row(3)).await.unwrap();
        update(&transaction, log::Model { mac: vec![2], ..row(3) }).await.unwrap();
        insert(&transaction, row(4)).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(positions(store.reader()).await, [1, 2, 3, 4]);
        assert_eq!(log::Entity::find_by_id(3).one(store.reader()).await.unwrap().unwrap().mac, [2]);
    }

    #[tokio::test]
    async fn a_change_of_a_missing_row_takes_everything_back() {
        let (_folder, store, transaction) = begun().await;
        insert(&transaction, pending::Model { event_id: Uuid::nil() }).await.unwrap();
        update(&transaction, row(1)).await.unwrap();
        assert!(matches!(transaction.commit().await, Err(StoreError::Lost)));
        assert!(pending::Entity::find().one(store.reader()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn after_a_failed_write_nothing_is_committed() {
        let (_folder, store, transaction) = begun().await;
        insert(&transaction, row(1)).await.unwrap();
        insert(&transaction, row(1)).await.unwrap();
        transaction.flush().await.expect_err("the position is taken");
        insert(&transaction, row(2)).await.unwrap();
        transaction.commit().await.expect_err("a write is missing");
        assert_eq!(positions(store.reader()).await, [0_i64; 0]);
    }
}
