//! The event log: numbering what has committed, and proving that nobody touched it.

use std::collections::HashMap;

use entity::{event, log, pending, request};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::change::{event_mac, insert, row_mac};
use super::{Store, StoreError};

/// How many rows one statement reads or numbers.
const BATCH: u64 = 500;

/// Whether a committed event has no place yet.
pub async fn is_pending(store: &Store) -> Result<bool, StoreError> {
    Ok(pending::Entity::find().one(store.reader()).await?.is_some())
}

/// Gives every committed event without a place the next one. Returns how many it placed.
pub async fn sequence_pending(store: &Store) -> Result<u64, StoreError> {
    let mut placed = 0;
    loop {
        let transaction = store.begin().await?;
        let batch = event::Entity::find()
            .filter(
                event::Column::Id
                    .in_subquery(Query::select().column(pending::Column::EventId).from(pending::Entity).to_owned()),
            )
            .order_by_asc(event::Column::At)
            .order_by_asc(event::Column::RequestId)
            .order_by_asc(event::Column::Sequence)
            .limit(BATCH)
            .all(&transaction)
            .await?;
        if batch.is_empty() {
            return Ok(placed);
        }
        let last = log::Entity::find().order_by_desc(log::Column::Position).one(&transaction).await?;
        let (mut position, mut mac) = last.map_or((0, Vec::new()), |row| (row.position, row.mac));
        for event in &batch {
            position += 1;
            mac = log_mac(store, &mac, position, event);
            insert(&transaction, log::Model { position, event_id: event.id, mac: mac.clone() }).await?;
        }
        let ids = batch.iter().map(|event| event.id);
        pending::Entity::delete_many().filter(pending::Column::EventId.is_in(ids)).exec(&transaction).await?;
        transaction.commit().await?;
        let count = batch.len() as u64;
        placed += count;
        if count < BATCH {
            return Ok(placed);
        }
    }
}

/// The first thing found wrong in a log or a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Where: a request's number and a sequence, or a position of the log.
    pub at: String,
    /// What is wrong there.
    pub what: String,
}

/// Verifies every request's chain and row, then the log; in constant memory. Returns how many events there are.
pub async fn verify(store: &Store) -> Result<Result<u64, Defect>, StoreError> {
    let mut after = Uuid::nil();
    let mut count = 0;
    loop {
        let rows = request::Entity::find()
            .filter(request::Column::Id.gt(after))
            .order_by_asc(request::Column::Id)
            .limit(BATCH)
            .all(store.reader())
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in &rows {
            match verify_request(store, row).await? {
                Ok(events) => count += events,
                Err(defect) => return Ok(Err(defect)),
            }
        }
    }
    if let Err(defect) = verify_log(store, count).await? {
        return Ok(Err(defect));
    }
    Ok(Ok(count))
}

async fn verify_request(store: &Store, row: &request::Model) -> Result<Result<u64, Defect>, StoreError> {
    let defect = |sequence: i64, what: &str| Defect {
        at: format!("request {}, event {sequence}", row.number),
        what: what.to_owned(),
    };
    let (mut sequence, mut mac) = (0_i64, Vec::new());
    loop {
        let events = event::Entity::find()
            .filter(event::Column::RequestId.eq(row.id))
            .filter(event::Column::Sequence.gt(sequence))
            .order_by_asc(event::Column::Sequence)
            .limit(BATCH)
            .all(store.reader())
            .await?;
        if events.is_empty() {
            break;
        }
        for event in events {
            sequence += 1;
            if event.sequence != sequence {
                return Ok(Err(defect(sequence, "missing")));
            }
            mac = event_mac(store, &mac, &event.body);
            if mac != event.mac {
                return Ok(Err(defect(sequence, "edited, moved or inserted: its MAC does not fit")));
            }
            if !columns_agree(&event) {
                return Ok(Err(defect(sequence, "edited: its columns differ from its signed body")));
            }
        }
    }
    if sequence != row.last_sequence || mac != row.last_mac {
        return Ok(Err(defect(sequence + 1, "missing: the request's events end before its row says")));
    }
    if row_mac(store, row) != row.row_mac {
        return Ok(Err(Defect {
            at: format!("request {}", row.number),
            what: "its row was edited: its MAC does not fit".to_owned(),
        }));
    }
    Ok(Ok(u64::try_from(sequence).unwrap_or(0)))
}

/// An event's columns say what its body says.
fn columns_agree(event: &event::Model) -> bool {
    let Ok(body) = serde_json::from_str::<serde_json::Value>(&event.body) else { return false };
    body["id"] == serde_json::json!(event.id)
        && body["request"] == serde_json::json!(event.request_id)
        && body["sequence"] == serde_json::json!(event.sequence)
        && body["kind"] == serde_json::json!(event.kind)
        && body["at"] == serde_json::json!(event.at)
        && body["version"] == serde_json::json!(event.version)
        && body["audience"] == serde_json::json!(event.audience)
}

async fn verify_log(store: &Store, events: u64) -> Result<Result<(), Defect>, StoreError> {
    let defect = |position: i64, what: &str| Defect { at: format!("log position {position}"), what: what.to_owned() };
    let (mut position, mut mac) = (0_i64, Vec::new());
    loop {
        let rows = log::Entity::find()
            .filter(log::Column::Position.gt(position))
            .order_by_asc(log::Column::Position)
            .limit(BATCH)
            .all(store.reader())
            .await?;
        if rows.is_empty() {
            break;
        }
        let ids = rows.iter().map(|row| row.event_id);
        let events = event::Entity::find().filter(event::Column::Id.is_in(ids)).all(store.reader()).await?;
        let events: HashMap<Uuid, event::Model> = events.into_iter().map(|event| (event.id, event)).collect();
        for row in rows {
            position += 1;
            if row.position != position {
                return Ok(Err(defect(position, "missing")));
            }
            let Some(event) = events.get(&row.event_id) else {
                return Ok(Err(defect(position, "its event is missing")));
            };
            mac = log_mac(store, &mac, position, event);
            if mac != row.mac {
                return Ok(Err(defect(position, "edited, moved or renumbered: its MAC does not fit")));
            }
        }
    }
    let waiting = pending::Entity::find().count(store.reader()).await?;
    if u64::try_from(position).unwrap_or(0) + waiting != events {
        return Ok(Err(defect(position + 1, "missing: there are events that the log does not hold")));
    }
    Ok(Ok(()))
}

/// The MAC of a row of the log: over the row before, its position and its event.
fn log_mac(store: &Store, before: &[u8], position: i64, event: &event::Model) -> Vec<u8> {
    store.mac(&[b"log", before, &position.to_be_bytes(), event.id.as_bytes(), &event.mac]).to_vec()
}
