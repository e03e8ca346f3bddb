//! The sequencer: gives committed events their positions in the event log.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use entity::{event, log, log_end, pending};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, WindowStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityName, EntityTrait, IntoActiveModel, Order, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::row_mac::{end_mac, log_mac};
use crate::event::LogLink;
use crate::store::database::{Numbering, Write, insert_all, lock_log, notify_followers, one_of};
use crate::store::{Store, StoreError, Transaction};

/// Number of events in one statement.
const BATCH: u64 = 500;

/// Checks for committed events without a position.
pub async fn is_pending(store: &Store) -> Result<bool, StoreError> {
    Ok(pending::Entity::find().one(store.reader()).await?.is_some())
}

/// The end of the log before a change: its last position, 0 before the first event, and the MAC of the row there.
#[derive(Debug, Clone, Default)]
pub(super) struct LogEnd {
    position: i64,
    mac: Vec<u8>,
    /// An event of the change holds it.
    linked: bool,
}

impl LogEnd {
    async fn read<C: ConnectionTrait>(store: &Store, connection: &C) -> Result<Self, StoreError> {
        let end = end(store, connection).await?;
        Ok(end.map(|end| Self { position: end.position, mac: end.last, linked: false }).unwrap_or_default())
    }
}

/// Returns the end of the log for the body of a change's first event; none for its other events, or before the first event of all.
pub(super) async fn link(
    store: &Store,
    transaction: &Transaction,
    log_end: &mut Option<LogEnd>,
) -> Result<Option<LogLink>, StoreError> {
    let end = read_end(store, transaction, log_end).await?;
    let first = !std::mem::replace(&mut end.linked, true);
    Ok((first && end.position > 0).then(|| (end.position, STANDARD_NO_PAD.encode(&end.mac))))
}

/// Returns the end of the log before a change, read once.
pub(super) async fn read_end<'e>(
    store: &Store,
    transaction: &Transaction,
    log_end: &'e mut Option<LogEnd>,
) -> Result<&'e mut LogEnd, StoreError> {
    let end = match log_end.take() {
        Some(end) => end,
        None => LogEnd::read(store, transaction).await?,
    };
    Ok(log_end.insert(end))
}

/// Appends the events of a change. SQLite has a single writer, so they get their positions here, from the end of the log as the
/// change read it; PostgreSQL numbers in commit order, just after the commit.
pub(super) async fn append(
    store: &Store,
    transaction: &Transaction,
    events: Vec<event::Model>,
    log_end: Option<LogEnd>,
) -> Result<(), StoreError> {
    let Some(log_end) = log_end.filter(|_| !events.is_empty()) else { return Ok(()) };
    if transaction.get_database_backend() == DbBackend::Sqlite {
        place(store, transaction, &events, log_end).await?;
    } else {
        let waiting = events.iter().map(|event| pending::Model { event_id: event.id });
        insert_all(transaction, waiting.collect()).await?;
    }
    insert_all(transaction, events).await
}

/// Commits a transaction, with its events numbered.
pub async fn commit(store: &Store, transaction: Transaction) -> Result<(), StoreError> {
    let numbered = transaction.get_database_backend() == DbBackend::Sqlite;
    transaction.commit().await?;
    if numbered {
        store.grown().notify_one();
        return Ok(());
    }
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
    let log_end = LogEnd::read(store, transaction).await?;
    place(store, transaction, &batch, log_end).await?;
    let mut numbered = pending::Entity::delete_many().into_query();
    numbered.and_where(one_of(transaction, pending::Column::EventId, batch.iter().map(|event| event.id)));
    transaction.defer(pending::Entity.table_name(), Write::Delete(numbered), batch.len() as u64).await?;
    Ok(batch.len() as u64)
}

/// Gives events the positions after the end of the log. It continues from the recorded end, not from the last row: a hole stays
/// detectable.
async fn place(
    store: &Store,
    transaction: &Transaction,
    events: &[event::Model],
    LogEnd { mut position, mut mac, .. }: LogEnd,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        position += 1;
        mac = log_mac(store, &mac, position, event.id, &event.mac);
        rows.push(log::Model { position, event_id: event.id, mac: mac.clone() });
    }
    insert_all(transaction, rows).await?;
    save_end(store, transaction, position, mac).await
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

/// Writes the end of the log.
async fn save_end(store: &Store, transaction: &Transaction, position: i64, last: Vec<u8>) -> Result<(), StoreError> {
    let mac = end_mac(store, position, &last);
    let row = log_end::Model { id: 1, position, last, mac };
    let mut replace = OnConflict::column(log_end::Column::Id);
    replace.update_columns([log_end::Column::Position, log_end::Column::Last, log_end::Column::Mac]);
    let insert = log_end::Entity::insert(row.into_active_model()).on_conflict(replace).into_query();
    transaction.defer(log_end::Entity.table_name(), Write::Insert(insert), 1).await
}
