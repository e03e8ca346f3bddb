//! Verification of requests: their chains, their rows, their dependent rows.

use entity::{event, office_chain, request};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::chain::{Chain, RecordedRows};
use super::defect::{Defect, Stop};
use super::log::{LogRow, log_rows};
use super::progress::{BATCH, Verification};
use super::rows::compare_rows;
use crate::event::RequestEventBody;
use crate::store::StoreError;
use crate::store::event_log::row_mac::request_mac;

/// Number of requests, with their dependent rows, in one batch.
const REQUESTS: u64 = 100;

impl Verification<'_> {
    /// Verifies every request.
    pub(super) async fn requests(&mut self) -> Result<(), Stop> {
        let mut after = Uuid::nil();
        loop {
            let rows = request::Entity::find()
                .filter(request::Column::Id.gt(after))
                .order_by_asc(request::Column::Id)
                .limit(REQUESTS)
                .all(self.snapshot)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let mut dependent = self.dependent_rows(&ids).await?;
            for row in &rows {
                let recorded = self.request(row).await?;
                let found = dependent.remove(&row.id).unwrap_or_default();
                compare_rows(&format!("request {}", row.number), recorded, found)?;
            }
        }
        match self.next_event().await? {
            Some(event) => Err(without_request(&event).into()),
            None => Ok(()),
        }
    }

    /// The next event by request and sequence.
    async fn next_event(&mut self) -> Result<Option<event::Model>, StoreError> {
        if self.unverified.is_empty() {
            let column = |column| Expr::col((event::Entity, column));
            let key = Expr::tuple([column(event::Column::RequestId), column(event::Column::Sequence)]);
            let read = Expr::tuple([Expr::val(self.read.0), Expr::val(self.read.1)]);
            let next = event::Entity::find()
                .filter(key.gt(read))
                .filter(event::Column::RequestId.not_in_subquery(office_chains()))
                .order_by_asc(event::Column::RequestId)
                .order_by_asc(event::Column::Sequence)
                .limit(BATCH);
            self.unverified = next.all(self.snapshot).await?.into();
            if let Some(last) = self.unverified.back() {
                self.read = (last.request_id, last.sequence);
            }
        }
        Ok(self.unverified.pop_front())
    }

    /// Verifies a request's events and its row. Returns the recorded rows.
    async fn request(&mut self, row: &request::Model) -> Result<RecordedRows, Stop> {
        let mut chain = Chain::new(format!("request {}", row.number));
        let mut events = Vec::new();
        while let Some(event) = self.next_event().await? {
            if event.request_id > row.id {
                self.unverified.push_front(event);
                break;
            }
            if event.request_id < row.id {
                return Err(without_request(&event).into());
            }
            self.extend::<RequestEventBody>(&mut chain, &event).await?;
            events.push(event);
        }
        if chain.sequence < row.last_sequence {
            let what = "missing: cut from the end, where its request's row says that it is";
            return Err(chain.defect(chain.sequence + 1, what).into());
        }
        if chain.sequence > row.last_sequence {
            let what = "its request's row ends before it: put back to an older one, or edited";
            return Err(chain.defect(row.last_sequence + 1, what).into());
        }
        if chain.mac != row.last_mac || request_mac(self.store, row)? != row.row_mac {
            return Err(self.edited_row(&chain).await?.into());
        }
        (self.replay)(row, &events)
            .map_err(|why| Defect::new(&chain.owner, format!("its state does not follow from its events: {why}")))?;
        Ok(chain.rows)
    }

    /// Returns the defect of a request's row with a wrong MAC: cut events, if the log has lost some.
    async fn edited_row(&self, chain: &Chain) -> Result<Defect, StoreError> {
        let lost = log_rows().filter(event::Column::Id.is_null()).limit(1);
        let lost: Option<LogRow> = lost.into_tuple().one(self.snapshot).await?;
        Ok(match lost {
            Some((position, ..)) => {
                let what = format!(
                    "cut from the end, and its request's row edited to match: its MAC does not fit, and log position \
                     {position} has lost its event"
                );
                chain.defect(chain.sequence + 1, &what)
            }
            None => Defect::new(&chain.owner, "its row was edited: its MAC does not fit"),
        })
    }
}

/// The chains of offices, by id.
fn office_chains() -> SelectStatement {
    Query::select().column(office_chain::Column::Id).from(office_chain::Entity).to_owned()
}

/// The defect of an event without its request.
fn without_request(event: &event::Model) -> Defect {
    let at = format!("event {} of request id {}", event.sequence, event.request_id);
    Defect::new(at, "inserted, or its request's row is missing")
}
