//! Reading events: those that have a place in the log, and that the caller may see.

use std::collections::HashMap;

use entity::{event, log};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, WindowStatement};
use sea_orm::{DbErr, EntityTrait, FromQueryResult, Iterable, Order, QueryOrder, QueryResult};
use uuid::Uuid;

use super::{Audience, Page, Paging, Store, StoreError};
use crate::access::{Seen, Side};

/// An event with its place in the log.
#[derive(Debug, Clone)]
pub struct NumberedEvent {
    /// Its place.
    pub position: i64,
    /// The event.
    pub event: event::Model,
}

impl FromQueryResult for NumberedEvent {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let event = event::Model::from_query_result(result, prefix)?;
        Ok(Self { position: result.try_get(prefix, "position")?, event })
    }
}

/// Which events of a request a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sight {
    /// All.
    Office,
    /// Those that the applicant may know of while it runs.
    Running,
    /// Those, and the ones that are theirs at its end.
    Ended,
}

impl Sight {
    /// What a caller sees of a request. `ended`: it has ended.
    pub fn of<T>(seen: &Seen<T>, ended: bool) -> Self {
        match (seen.side(), ended) {
            (Side::Office, _) => Self::Office,
            (Side::Applicant, false) => Self::Running,
            (Side::Applicant, true) => Self::Ended,
        }
    }

    /// Whether an event is within it.
    pub fn sees(self, event: &event::Model) -> bool {
        self.audiences().is_none_or(|audiences| audiences.contains(&event.audience))
    }

    /// For whom the events are; all when none.
    fn audiences(self) -> Option<&'static [i16]> {
        match self {
            Self::Office => None,
            Self::Running => Some(&[Audience::Applicant as i16]),
            Self::Ended => Some(&[Audience::Applicant as i16, Audience::ApplicantAtEnd as i16]),
        }
    }
}

/// A stretch of the events of each of several requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stretch {
    /// Which of them.
    pub sight: Sight,
    /// Only those after this place of the log.
    pub after: Option<i64>,
    /// Only those before this place of the log.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u64,
    /// From the end backwards.
    pub backward: bool,
}

/// The last place taken in the log; 0 while there is none.
pub async fn log_end(store: &Store) -> Result<i64, StoreError> {
    let last = log::Entity::find().order_by_desc(log::Column::Position).one(store.reader()).await?;
    Ok(last.map_or(0, |row| row.position))
}

/// Events with their places; what has none yet is shown nowhere.
fn numbered() -> SelectStatement {
    let mut query = Query::select();
    query
        .columns(event::Column::iter().map(|column| (event::Entity, column)))
        .column((log::Entity, log::Column::Position))
        .from(event::Entity)
        .inner_join(log::Entity, of(event::Column::Id).eq(Expr::col((log::Entity, log::Column::EventId))));
    query
}

fn of(column: event::Column) -> Expr {
    Expr::col((event::Entity, column))
}

async fn all(store: &Store, query: &SelectStatement) -> Result<Vec<NumberedEvent>, StoreError> {
    let reader = store.reader();
    let statement = reader.get_database_backend().build(query);
    Ok(NumberedEvent::find_by_statement(statement).all(reader).await?)
}

/// The same stretch of the numbered events of each request, in order of their places.
pub async fn events_of(
    store: &Store,
    requests: &[Uuid],
    stretch: &Stretch,
) -> Result<HashMap<Uuid, Page<NumberedEvent>>, StoreError> {
    let order = if stretch.backward { Order::Desc } else { Order::Asc };
    let place = (log::Entity, log::Column::Position);
    let mut each = numbered();
    each.and_where(of(event::Column::RequestId).is_in(requests.iter().copied()));
    if let Some(audiences) = stretch.sight.audiences() {
        each.and_where(of(event::Column::Audience).is_in(audiences.iter().copied()));
    }
    if let Some(after) = stretch.after {
        each.and_where(Expr::col(place).gt(after));
    }
    if let Some(before) = stretch.before {
        each.and_where(Expr::col(place).lt(before));
    }
    // Each request's own first rows, by one statement for all of them.
    let mut window = WindowStatement::partition_by((event::Entity, event::Column::RequestId));
    window.order_by(place, order.clone());
    each.expr_window_as(Expr::cust("ROW_NUMBER()"), window, "row");
    let mut query = Query::select();
    query
        .columns(event::Column::iter())
        .column(log::Column::Position)
        .from_subquery(each, "each")
        .and_where(Expr::col("row").lte(stretch.limit + 1))
        .order_by(log::Column::Position, order);
    let paging = Paging { limit: stretch.limit, backward: stretch.backward, after: None, before: None };
    let mut rows: HashMap<Uuid, Vec<NumberedEvent>> = requests.iter().map(|id| (*id, Vec::new())).collect();
    for event in all(store, &query).await? {
        rows.entry(event.event.request_id).or_default().push(event);
    }
    Ok(rows.into_iter().map(|(id, rows)| (id, paging.finish(rows))).collect())
}

/// The numbered events of those ids, in any order; whether the caller may see them follows from their requests.
pub async fn events_by_ids(store: &Store, ids: &[Uuid]) -> Result<Vec<NumberedEvent>, StoreError> {
    let mut query = numbered();
    query.and_where(of(event::Column::Id).is_in(ids.iter().copied()));
    all(store, &query).await
}
