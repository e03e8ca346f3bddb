//! The sequencer: gives committed events their positions in the event log.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use entity::{event, log, log_end, pending};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, WindowStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Order, QueryFilter, QueryOrder, QuerySelect,
};

use super::row_mac::{end_mac, log_mac};
use crate::event::LogLink;
use crate::store::database::{Numbering, lock_log, notify_followers};
use crate::store::{Store, StoreError, Transaction};

/// Number of events in one statement.
const BATCH: u64 = 500;

/// Checks for committed events without a position.
pub async fn is_pending(store: &Store) -> Result<bool, StoreError> {
    Ok(pending::Entity::find().one(store.reader()).await?.is_some())
}

/// Commits a transaction and numbers its events. SQLite has a single writer, so positions are written in the same commit;
/// PostgreSQL numbers in commit order, just after the commit.
pub async fn commit(store: &Store, transaction: Transaction) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Sqlite {
        while number(store, &transaction).await? == BATCH {}
        transaction.commit().await?;
        store.grown().notify_one();
        return Ok(());
    }
    transaction.commit().await?;
    // A failed pass does not undo the act: the next pass numbers its events.
    if let Err(error) = store.numbering().include(store).await {
        tracing::warn!(%error, "events wait for their place in the log");
    }
    Ok(())
}

impl Numbering {
    /// Waits for a pass that includes all earlier commits.
    async fn include(&self, store: &Store) -> Result<(), StoreError> {
        let ticket = self.requested.fetch_add(1, Ordering::SeqCst) + 1;
        let mut included = self.included.lock().await;
        if *included < ticket {
            let all = self.requested.load(Ordering::SeqCst);
            sequence_pending(store).await?;
            *included = all;
        }
        Ok(())
    }
}

/// Numbers all committed events without a position. Returns their number.
pub async fn sequence_pending(store: &Store) -> Result<u64, StoreError> {
    let mut placed = 0;
    loop {
        let transaction = store.begin().await?;
        lock_log(&transaction).await?;
        let count = number(store, &transaction).await?;
        if count > 0 {
            notify_followers(&transaction).await?;
            transaction.commit().await?;
            store.grown().notify_one();
        }
        placed += count;
        if count < BATCH {
            return Ok(placed);
        }
    }
}

/// Numbers a batch of events without a position. Returns their number.
async fn number(store: &Store, transaction: &Transaction) -> Result<u64, StoreError> {
    // By time; within a request by sequence, even under clock skew.
    let latest = Expr::col((event::Entity, event::Column::At)).max();
    let mut so_far = WindowStatement::partition_by((event::Entity, event::Column::RequestId));
    so_far.order_by((event::Entity, event::Column::Sequence), Order::Asc);
    let mut waiting = event::Entity::find();
    QuerySelect::query(&mut waiting).expr_window_as(latest, so_far, "moment");
    let batch = waiting
        .filter(
            event::Column::Id
                .in_subquery(Query::select().column(pending::Column::EventId).from(pending::Entity).to_owned()),
        )
        .order_by_asc(Expr::col("moment"))
        .order_by_asc(event::Column::RequestId)
        .order_by_asc(event::Column::Sequence)
        .limit(BATCH)
        .all(transaction)
        .await?;
    if batch.is_empty() {
        return Ok(0);
    }
    // Continues from the recorded end, not from the last row: a hole stays detectable.
    let (mut position, mut mac) =
        end(store, transaction).await?.map_or((0, Vec::new()), |end| (end.position, end.last));
    let mut rows = Vec::with_capacity(batch.len());
    for event in &batch {
        position += 1;
        mac = log_mac(store, &mac, position, event.id, &event.mac);
        rows.push(log::Model { position, event_id: event.id, mac: mac.clone() }.into_active_model());
    }
    log::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    save_end(store, transaction, position, mac).await?;
    let ids = batch.iter().map(|event| event.id);
    pending::Entity::delete_many().filter(pending::Column::EventId.is_in(ids)).exec(transaction).await?;
    Ok(batch.len() as u64)
}

/// Returns the end of the log; none before the first event. Fails for an edited one.
pub(in crate::store) async fn end<C: ConnectionTrait>(
    store: &Store,
    connection: &C,
) -> Result<Option<log_end::Model>, StoreError> {
    let mut found = log_end::Entity::find_by_id(1_i16).one(connection).await?;
    if found.is_none() && log::Entity::find().one(connection).await?.is_some() {
        // The first rows, and with them their end, may have been committed between the two.
        found = log_end::Entity::find_by_id(1_i16).one(connection).await?;
        if found.is_none() {
            return Err(StoreError::Damaged("where the log ends is missing: run `disposisi audit verify`".to_owned()));
        }
    }
    match found {
        Some(end) if end_mac(store, end.position, &end.last) != end.mac => {
            Err(StoreError::Damaged("where the log ends was edited: run `disposisi audit verify`".to_owned()))
        }
        found => Ok(found),
    }
}

/// Returns the end of the log, as an event's body records it.
pub(super) async fn link<C: ConnectionTrait>(store: &Store, connection: &C) -> Result<Option<LogLink>, StoreError> {
    Ok(end(store, connection).await?.map(|end| (end.position, STANDARD_NO_PAD.encode(end.last))))
}

/// Writes the end of the log.
async fn save_end(store: &Store, transaction: &Transaction, position: i64, last: Vec<u8>) -> Result<(), StoreError> {
    let mac = end_mac(store, position, &last);
    let row = log_end::Model { id: 1, position, last, mac };
    let mut replace = OnConflict::column(log_end::Column::Id);
    replace.update_columns([log_end::Column::Position, log_end::Column::Last, log_end::Column::Mac]);
    let insert = log_end::Entity::insert(row.into_active_model()).on_conflict(replace);
    insert.exec_without_returning(transaction).await?;
    Ok(())
}
