//! The event log: numbering what has committed, reading it, and proving that nobody touched it.

use std::collections::HashMap;

use entity::{event, log, pending, request};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, JoinType, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, Select,
};
use uuid::Uuid;

use super::change::{event_mac, insert, row_mac};
use super::{Audience, Page, Paging, Store, StoreError};
use crate::access::{Seen, Side};

/// How many rows one statement reads or numbers.
const BATCH: u64 = 500;

/// An event with its place in the log.
#[derive(Debug, Clone)]
pub struct NumberedEvent {
    /// Its place.
    pub position: i64,
    /// The event.
    pub event: event::Model,
}

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

impl FromQueryResult for NumberedEvent {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let event = event::Model::from_query_result(result, prefix)?;
        Ok(Self { position: result.try_get(prefix, "position")?, event })
    }
}

/// Events with their places; what has none yet is shown nowhere.
fn numbered() -> Select<event::Entity> {
    let placed = event::Entity::belongs_to(log::Entity).from(event::Column::Id).to(log::Column::EventId);
    event::Entity::find()
        .join(JoinType::InnerJoin, placed.into())
        .expr_as(Expr::col((log::Entity, log::Column::Position)), "position")
}

/// For whom events are that this side sees of a request; all when none.
fn audiences<T>(seen: &Seen<T>, ended: bool) -> Option<&'static [i16]> {
    match (seen.side(), ended) {
        (Side::Office, _) => None,
        (Side::Applicant, false) => Some(&[Audience::Applicant as i16]),
        (Side::Applicant, true) => Some(&[Audience::Applicant as i16, Audience::ApplicantAtEnd as i16]),
    }
}

/// The last place taken; 0 while there is none.
pub async fn log_end(store: &Store) -> Result<i64, StoreError> {
    let last = log::Entity::find().order_by_desc(log::Column::Position).one(store.reader()).await?;
    Ok(last.map_or(0, |row| row.position))
}

/// A request's numbered events that the caller may see, in order. `between`: only those after the first place and before the
/// second. `ended`: the request has ended.
pub async fn request_events<T>(
    store: &Store,
    seen: &Seen<T>,
    request: Uuid,
    ended: bool,
    between: (Option<i64>, Option<i64>),
    paging: &Paging,
) -> Result<Page<NumberedEvent>, StoreError> {
    let place = || Expr::col((log::Entity, log::Column::Position));
    let mut query = numbered().filter(event::Column::RequestId.eq(request));
    if let Some(audiences) = audiences(seen, ended) {
        query = query.filter(event::Column::Audience.is_in(audiences.iter().copied()));
    }
    if let Some(after) = between.0 {
        query = query.filter(place().gt(after));
    }
    if let Some(before) = between.1 {
        query = query.filter(place().lt(before));
    }
    let order = if paging.backward { Order::Desc } else { Order::Asc };
    let query = query.order_by(place(), order).limit(paging.limit + 1);
    Ok(paging.finish(query.into_model::<NumberedEvent>().all(store.reader()).await?))
}

/// The numbered event of that id; whether the caller may see it follows from its request: [`sees_event`].
pub async fn event_by_id(store: &Store, id: Uuid) -> Result<Option<NumberedEvent>, StoreError> {
    let query = numbered().filter(event::Column::Id.eq(id));
    Ok(query.into_model::<NumberedEvent>().one(store.reader()).await?)
}

/// Whether the caller sees an event of a request that they see.
pub fn sees_event<T>(seen: &Seen<T>, ended: bool, event: &event::Model) -> bool {
    audiences(seen, ended).is_none_or(|audiences| audiences.contains(&event.audience))
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
