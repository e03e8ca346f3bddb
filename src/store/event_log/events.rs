//! Reading events: numbered ones (with a position in the log), under visibility.

use std::collections::{BTreeSet, HashMap};

use entity::{event, log, request};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, WindowStatement};
use sea_orm::{DbErr, EntityTrait, FromQueryResult, Iterable, Order, QueryOrder, QueryResult};
use uuid::Uuid;

use crate::access::{Seen, Side};
use crate::event::{Audience, RequestEventKind};
use crate::store::database::one_of;
use crate::store::{Page, Paging, Store, StoreError, Viewing};

/// A position in the log with a mark of its row: after a restored backup positions repeat, and marks do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LogPosition {
    /// Its number, from 1; 0 before the first.
    pub position: i64,
    /// The first bytes of the log row's MAC, chained over all earlier rows.
    pub mark: u64,
}

impl LogPosition {
    fn from_row(position: i64, mac: &[u8]) -> Self {
        let mark = mac.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self { position, mark }
    }
}

/// An event with its place in the log.
#[derive(Debug, Clone)]
pub struct NumberedEvent {
    /// Its place.
    pub place: LogPosition,
    /// The event.
    pub event: event::Model,
}

impl FromQueryResult for NumberedEvent {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let event = event::Model::from_query_result(result, prefix)?;
        let mac: Vec<u8> = result.try_get(prefix, LOG_MAC)?;
        Ok(Self { place: LogPosition::from_row(result.try_get(prefix, "position")?, &mac), event })
    }
}

/// Audiences visible to the applicant while the request runs.
const APPLICANT: &[i16] = &[Audience::Applicant as i16];

/// Audiences visible to the applicant once the request has ended.
const APPLICANT_AT_END: &[i16] = &[Audience::Applicant as i16, Audience::ApplicantAtEnd as i16];

/// The visibility of a request's events to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventVisibility {
    /// All.
    Office,
    /// The events visible to the applicant while it runs.
    Running,
    /// These, and those visible at its end.
    Ended,
}

impl EventVisibility {
    /// Returns the visibility of a seen request. `ended`: it has ended.
    pub fn from_seen<T>(seen: &Seen<T>, ended: bool) -> Self {
        Self::from_side(seen.side(), ended)
    }

    /// Returns the visibility from a side of a request.
    pub fn from_side(side: Side, ended: bool) -> Self {
        match (side, ended) {
            (Side::Office, _) => Self::Office,
            (Side::Applicant, false) => Self::Running,
            (Side::Applicant, true) => Self::Ended,
        }
    }

    /// Checks an event for visibility.
    pub fn includes(self, event: &event::Model) -> bool {
        self.audiences().is_none_or(|audiences| audiences.contains(&event.audience))
    }

    /// The visible audiences; all when none.
    fn audiences(self) -> Option<&'static [i16]> {
        match self {
            Self::Office => None,
            Self::Running => Some(APPLICANT),
            Self::Ended => Some(APPLICANT_AT_END),
        }
    }
}

/// A range of the events of each of several requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventRange {
    /// Their visibility.
    pub visibility: EventVisibility,
    /// Only those after this place of the log.
    pub after: Option<LogPosition>,
    /// Only those before this place of the log.
    pub before: Option<LogPosition>,
    /// How many at most.
    pub limit: u64,
    /// From the end backwards.
    pub backward: bool,
}

/// A filter of events. Every field narrows.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this request.
    pub request: Option<Uuid>,
    /// Of requests of the office of this key.
    pub office: Option<String>,
    /// Of requests by the procedure of this key.
    pub procedure: Option<String>,
    /// Of one of these kinds.
    pub kinds: Option<BTreeSet<RequestEventKind>>,
}

impl EventFilter {
    /// Checks an event of a request against the filter.
    pub fn includes(&self, event: &event::Model, request: &request::Model) -> bool {
        self.request.is_none_or(|id| id == event.request_id)
            && self.office.as_ref().is_none_or(|office| *office == request.office)
            && self.procedure.as_ref().is_none_or(|procedure| *procedure == request.procedure)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind.word() == event.kind))
    }

    /// The same of a joined row of `events` and `requests`.
    fn narrow(&self, query: &mut SelectStatement) {
        let request = |column| Expr::col((request::Entity, column));
        if let Some(id) = self.request {
            query.and_where(event_column(event::Column::RequestId).eq(id));
        }
        if let Some(office) = &self.office {
            query.and_where(request(request::Column::Office).eq(office.as_str()));
        }
        if let Some(procedure) = &self.procedure {
            query.and_where(request(request::Column::Procedure).eq(procedure.as_str()));
        }
        if let Some(kinds) = &self.kinds {
            query.and_where(event_column(event::Column::Kind).is_in(kinds.iter().map(|kind| kind.word())));
        }
    }
}

/// Returns all events from a position of the log on, in order. Does not check visibility.
pub async fn events_from(store: &Store, from: i64, limit: u64) -> Result<Vec<NumberedEvent>, StoreError> {
    let position = (log::Entity, log::Column::Position);
    let mut query = numbered();
    query.and_where(Expr::col(position).gte(from)).order_by(position, Order::Asc).limit(limit);
    all(store, &query).await
}

/// Returns visible events under a filter, after one position of the log and up to another, in order.
pub async fn visible_events(
    store: &Store,
    viewing: &Viewing,
    filter: &EventFilter,
    (after, until): (i64, i64),
    limit: u64,
) -> Result<Vec<NumberedEvent>, StoreError> {
    let position = (log::Entity, log::Column::Position);
    let audience = |audiences: &[i16]| event_column(event::Column::Audience).is_in(audiences.iter().copied());
    let ended = Expr::col((request::Entity, request::Column::FinishedAt)).is_not_null();
    let shown = audience(APPLICANT).or(audience(APPLICANT_AT_END).and(ended));
    let office = viewing.office_side().sql(store.reader(), viewing.now);
    let applicant = viewing.applicant_side().sql(store.reader(), viewing.now);
    let mut query = numbered();
    query
        .inner_join(
            request::Entity,
            event_column(event::Column::RequestId).eq(Expr::col((request::Entity, request::Column::Id))),
        )
        .and_where(Expr::col(position).gt(after))
        .and_where(Expr::col(position).lte(until))
        .and_where(office.or(applicant.and(shown)))
        .order_by(position, Order::Asc)
        .limit(limit);
    filter.narrow(&mut query);
    all(store, &query).await
}

/// The MAC of the log's row, beside the event's own.
const LOG_MAC: &str = "log_mac";

/// The last place taken in the log; 0 while there is none.
pub async fn log_end(store: &Store) -> Result<LogPosition, StoreError> {
    let last = log::Entity::find().order_by_desc(log::Column::Position).one(store.reader()).await?;
    Ok(last.map_or_else(LogPosition::default, |row| LogPosition::from_row(row.position, &row.mac)))
}

/// Checks for the same row at a position of the log.
pub async fn is_in_log(store: &Store, place: LogPosition) -> Result<bool, StoreError> {
    if place.position == 0 {
        return Ok(true);
    }
    let row = log::Entity::find_by_id(place.position).one(store.reader()).await?;
    Ok(row.is_some_and(|row| LogPosition::from_row(row.position, &row.mac) == place))
}

/// Selects events with their positions; events without one are shown nowhere.
fn numbered() -> SelectStatement {
    let mut query = Query::select();
    query
        .columns(event::Column::iter().map(|column| (event::Entity, column)))
        .column((log::Entity, log::Column::Position))
        .expr_as(Expr::col((log::Entity, log::Column::Mac)), LOG_MAC)
        .from(event::Entity)
        .inner_join(log::Entity, event_column(event::Column::Id).eq(Expr::col((log::Entity, log::Column::EventId))));
    query
}

fn event_column(column: event::Column) -> Expr {
    Expr::col((event::Entity, column))
}

async fn all(store: &Store, query: &SelectStatement) -> Result<Vec<NumberedEvent>, StoreError> {
    let reader = store.reader();
    let statement = reader.get_database_backend().build(query);
    Ok(NumberedEvent::find_by_statement(statement).all(reader).await?)
}

/// The same range of the numbered events of each request, in order of their places; none for a range by a place of another log
/// (a backup was restored).
pub async fn events_of(
    store: &Store,
    requests: &[Uuid],
    range: &EventRange,
) -> Result<HashMap<Uuid, Page<NumberedEvent>>, StoreError> {
    for place in [range.after, range.before].into_iter().flatten() {
        if !is_in_log(store, place).await? {
            return Ok(HashMap::new());
        }
    }
    let order = if range.backward { Order::Desc } else { Order::Asc };
    let position = (log::Entity, log::Column::Position);
    let mut each = numbered();
    each.and_where(one_of(store.reader(), event::Column::RequestId, requests.iter().copied()));
    if let Some(audiences) = range.visibility.audiences() {
        each.and_where(event_column(event::Column::Audience).is_in(audiences.iter().copied()));
    }
    if let Some(after) = range.after {
        each.and_where(Expr::col(position).gt(after.position));
    }
    if let Some(before) = range.before {
        each.and_where(Expr::col(position).lt(before.position));
    }
    // Each request's own first rows, by one statement for all of them.
    let mut window = WindowStatement::partition_by((event::Entity, event::Column::RequestId));
    window.order_by(position, order.clone());
    each.expr_window_as(Expr::cust("ROW_NUMBER()"), window, "row");
    let mut query = Query::select();
    query
        .columns(event::Column::iter())
        .column(log::Column::Position)
        .column(LOG_MAC)
        .from_subquery(each, "each")
        .and_where(Expr::col("row").lte(range.limit + 1))
        .order_by(log::Column::Position, order);
    let paging = Paging { limit: range.limit, backward: range.backward, after: None, before: None };
    let mut rows: HashMap<Uuid, Vec<NumberedEvent>> = requests.iter().map(|id| (*id, Vec::new())).collect();
    for event in all(store, &query).await? {
        rows.entry(event.event.request_id).or_default().push(event);
    }
    Ok(rows.into_iter().map(|(id, rows)| (id, paging.finish(rows))).collect())
}

/// Returns numbered events by ids, in any order. Visibility follows from their requests.
pub async fn events_by_ids(store: &Store, ids: &[Uuid]) -> Result<Vec<NumberedEvent>, StoreError> {
    let mut query = numbered();
    query.and_where(one_of(store.reader(), event::Column::Id, ids.iter().copied()));
    all(store, &query).await
}
