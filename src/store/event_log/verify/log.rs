//! Verification of the log: its rows, its end, and the position of every event.

use std::cmp::Ordering;

use entity::{event, log, log_end, pending, request};
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::defect::{Defect, Stop};
use super::progress::{BATCH, Verification};
use crate::store::event_log::row_mac::{end_mac, log_mac};

/// A row of the log: its position, its event, its MAC, and the MAC of its event if there is one.
pub(super) type LogRow = (i64, Uuid, Vec<u8>, Option<Vec<u8>>);

/// Selects the rows of the log with the MACs of their events.
pub(super) fn log_rows() -> Select<log::Entity> {
    let event = log::Entity::belongs_to(event::Entity).from(log::Column::EventId).to(event::Column::Id);
    log::Entity::find()
        .select_only()
        .columns([log::Column::Position, log::Column::EventId, log::Column::Mac])
        .column_as(event::Column::Mac, "event_mac")
        .join(JoinType::LeftJoin, event.into())
        .order_by_asc(log::Column::Position)
}

impl Verification<'_> {
    /// Verifies the log: its rows, its end, and the positions of all events.
    pub(super) async fn log(&self) -> Result<(), Stop> {
        let (mut position, mut mac) = (0_i64, Vec::new());
        loop {
            let rows = log_rows().filter(log::Column::Position.gt(position)).limit(BATCH);
            let rows: Vec<LogRow> = rows.into_tuple().all(self.snapshot).await?;
            if rows.is_empty() {
                break;
            }
            for (at, event, row_mac, event_mac) in rows {
                position += 1;
                if at != position {
                    return Err(Defect::in_log(position, "missing").into());
                }
                let event_mac = event_mac.ok_or_else(|| Defect::in_log(position, "its event is missing"))?;
                mac = log_mac(self.store, &mac, position, event, &event_mac);
                if mac != row_mac {
                    return Err(Defect::in_log(position, "edited, moved or renumbered: its MAC does not fit").into());
                }
            }
        }
        self.log_end(position, &mac).await?;
        self.positions(u64::try_from(position).unwrap_or(0)).await
    }

    /// Verifies the end of the log.
    async fn log_end(&self, position: i64, mac: &[u8]) -> Result<(), Stop> {
        let end = log_end::Entity::find_by_id(1_i16).one(self.snapshot).await?;
        let Some(end) = end else {
            return match position {
                0 => Ok(()),
                _ => Err(Defect::in_log(position, "the row that says where the log ends is missing").into()),
            };
        };
        if end_mac(self.store, end.position, &end.last) != end.mac {
            return Err(Defect::in_log(end.position, "the row that says where the log ends was edited").into());
        }
        match end.position.cmp(&position) {
            Ordering::Greater => Err(Defect::in_log(position + 1, "missing: cut from the log's end").into()),
            Ordering::Less => Err(Defect::in_log(end.position + 1, "inserted after the log's end").into()),
            Ordering::Equal if end.last != mac => {
                Err(Defect::in_log(position, "it is not what the log ended with").into())
            }
            Ordering::Equal => Ok(()),
        }
    }

    /// Verifies positions: every event has one or waits for one, and nothing else waits.
    async fn positions(&self, in_log: u64) -> Result<(), Stop> {
        let event = pending::Entity::belongs_to(event::Entity).from(pending::Column::EventId).to(event::Column::Id);
        let log = pending::Entity::belongs_to(log::Entity).from(pending::Column::EventId).to(log::Column::EventId);
        let strange = pending::Entity::find()
            .join(JoinType::LeftJoin, event.into())
            .join(JoinType::LeftJoin, log.into())
            .filter(event::Column::Id.is_null().or(log::Column::Position.is_not_null()));
        if let Some(row) = strange.one(self.snapshot).await? {
            let at = format!("pending event {}", row.event_id);
            return Err(Defect::new(at, "inserted: there is no such event, or it has its place").into());
        }
        let pending = pending::Entity::find().count(self.snapshot).await?;
        if in_log + pending == self.count {
            return Ok(());
        }
        let not_in = |table: &'static str| {
            event::Column::Id.not_in_subquery(Query::select().column("event_id").from(table).to_owned())
        };
        let lost = event::Entity::find().filter(not_in("log")).filter(not_in("pending"));
        let lost = lost.order_by_asc(event::Column::RequestId).order_by_asc(event::Column::Sequence);
        let Some(event) = lost.one(self.snapshot).await? else {
            return Err(Defect::in_log(0, "it does not hold the events that there are").into());
        };
        let row = request::Entity::find_by_id(event.request_id).one(self.snapshot).await?;
        let number = row.map_or_else(|| event.request_id.to_string(), |row| row.number);
        let at = format!("request {number}, event {}", event.sequence);
        Err(Defect::new(at, "it has no place in the log, and waits for none").into())
    }
}
