//! Requests: by id, and pages. Every query carries the caller's visibility ([`Viewing`]).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{disposition, disposition_read, request, visit};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::agencies::agencies_named;
use super::database::one_of;
use super::few_requests::{few_with_words, with_few_reached};
use super::request_counts::{counted, read_count};
use super::visibility::{Found, constant, contains, people_version, submitter_active};
use super::{Page, PageKey, Paging, RequestCondition, SeenRequest, SortValue, Store, StoreError, Viewing, Waiting};
use crate::access::{Performed, Seen};
use crate::workflow::Status;

/// Maximum number of search words.
const SEARCHED: usize = 10;

/// A filter of requests. Every field narrows.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// The office's key.
    pub office: Option<String>,
    /// The procedure's key.
    pub procedure: Option<String>,
    /// The agency's key.
    pub agency: Option<String>,
    /// One of these phases.
    pub status: Option<BTreeSet<Status>>,
    /// The key of the step under way.
    pub step: Option<String>,
    /// Waiting for the act or the signature of this role, in any of these offices.
    pub awaiting: Option<Vec<Waiting>>,
    /// Submitted at this moment or later.
    pub submitted_from: Option<DateTime<Utc>>,
    /// Submitted before this moment.
    pub submitted_until: Option<DateTime<Utc>>,
    /// Words within the number, the letter's number or its subject.
    pub search: Option<String>,
}

/// The key of an order of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderField {
    /// When it was submitted first.
    SubmittedAt,
    /// When it changed last.
    UpdatedAt,
    /// When the step under way should end; those without a time last.
    DueAt,
    /// The number.
    Number,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The key.
    pub field: OrderField,
    /// From the last to the first.
    pub descending: bool,
}

/// A filter of dispositions. Every field narrows.
#[derive(Debug, Clone, Default)]
pub struct DispositionFilter {
    /// The office's key.
    pub office: Option<String>,
    /// The request.
    pub request: Option<Uuid>,
    /// The role it is for.
    pub to_role: Option<String>,
    /// Not read by this person.
    pub unread_by: Option<Uuid>,
}

impl Order {
    pub(in crate::store) fn key(self) -> SimpleExpr {
        let column = |column| Expr::col((request::Entity, column));
        match self.field {
            OrderField::SubmittedAt => column(request::Column::SubmittedAt),
            OrderField::UpdatedAt => column(request::Column::UpdatedAt),
            OrderField::Number => column(request::Column::Number),
            // The expressions of the indexes `requests_due_first` and `requests_due_last`.
            OrderField::DueAt if self.descending => {
                Expr::cust("COALESCE(requests.due_at, '0001-01-01T00:00:00+00:00')")
            }
            OrderField::DueAt => Expr::cust("COALESCE(requests.due_at, '9999-12-31T23:59:59+00:00')"),
        }
    }

    /// The place of a row.
    pub fn place(self, row: &request::Model) -> PageKey {
        let value = match self.field {
            OrderField::SubmittedAt => SortValue::Moment(row.submitted_at),
            OrderField::UpdatedAt => SortValue::Moment(row.updated_at),
            OrderField::Number => SortValue::Text(row.number.clone()),
            OrderField::DueAt => {
                let last = if self.descending { far_past() } else { far_future() };
                SortValue::Moment(row.due_at.unwrap_or(last))
            }
        };
        PageKey { value, id: row.id }
    }
}

/// A time before every due time, valid in both databases (the year 1): in descending order, rows without one come last too.
fn far_past() -> DateTime<Utc> {
    DateTime::from_timestamp(-62_135_596_800, 0).unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
}

/// A moment after every due time: rows without one come last.
fn far_future() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Selects visible requests with the caller's side, as rows of [`Found`].
pub(in crate::store) fn seeing<C: ConnectionTrait>(connection: &C, viewing: &Viewing) -> Select<request::Entity> {
    let (office, applicant) = (viewing.office_side(), viewing.applicant_side());
    let visible = office.clone().or(applicant.clone());
    // Of one side alone, what is visible is of that side.
    let office_side = if applicant.is_never() { RequestCondition::Always } else { office };
    request::Entity::find()
        .expr_as(office_side.sql(connection, viewing.now), "office_side")
        .expr_as(submitter_active(&viewing.submitters, viewing.now), "submitter_active")
        .expr_as(people_version(), "people_version")
        .filter(visible.sql(connection, viewing.now))
}

/// Returns a request by id, if it exists and is visible.
pub async fn see_request<C: ConnectionTrait>(
    connection: &C,
    viewing: &Viewing,
    id: Uuid,
) -> Result<Option<Seen<SeenRequest>>, StoreError> {
    let query = seeing(connection, viewing).filter(request::Column::Id.eq(id));
    Ok(query.into_model::<Found>().one(connection).await?.map(Found::seen))
}

/// Returns the visible ones of requests, in any order. Confirms no cached rights: the request may be that of a part hidden from
/// the caller, and one statement more or less would tell it from an unknown part.
pub async fn see_requests(
    store: &Store,
    viewing: &Viewing,
    ids: &[Uuid],
) -> Result<Vec<Seen<SeenRequest>>, StoreError> {
    let query =
        seeing(store.reader(), viewing).filter(one_of(store.reader(), request::Column::Id, ids.iter().copied()));
    let found = query.into_model::<Found>().all(store.reader()).await?;
    Ok(found.into_iter().map(Found::seen).collect())
}

/// Returns a request by number, if visible.
pub async fn see_request_by_number(
    store: &Store,
    viewing: &Viewing,
    number: &str,
) -> Result<Option<Seen<SeenRequest>>, StoreError> {
    let query = seeing(store.reader(), viewing).filter(request::Column::Number.eq(number));
    Ok(query.into_model::<Found>().one(store.reader()).await?.map(|found| found.noted(viewing)))
}

/// The conditions of a filter on counted columns. `agencies`: the ids of the agencies of its key.
fn counted_filters(
    store: &Store,
    viewing: &Viewing,
    filter: &RequestFilter,
    agencies: Option<Vec<Uuid>>,
) -> Vec<SimpleExpr> {
    let mut conditions = Vec::new();
    conditions.extend(filter.office.as_deref().map(|office| request::Column::Office.eq(office)));
    conditions.extend(filter.procedure.as_deref().map(|procedure| request::Column::Procedure.eq(procedure)));
    conditions.extend(agencies.map(|agencies| request::Column::AgencyId.is_in(agencies)));
    if let Some(status) = &filter.status {
        let status = status.iter().map(|status| constant(status.word()));
        conditions.push(Expr::col((request::Entity, request::Column::Status)).is_in(status));
    }
    conditions.extend(filter.step.as_deref().map(|step| request::Column::Step.eq(step)));
    if let Some(awaiting) = &filter.awaiting {
        // Signatures are visible to the office only: the applicant's side is filtered by steps alone.
        let here =
            RequestCondition::any(awaiting.iter().map(|waiting| waiting.at_step(None, RequestCondition::Unfinished)));
        let stands = RequestCondition::any(awaiting.iter().map(Waiting::stands_at_step));
        let awaits = viewing.office_side().and(here).or(viewing.applicant_side().and(stands));
        conditions.push(awaits.sql(store.reader(), viewing.now));
    }
    conditions
}

/// The conditions of a filter on each request's own columns. `words`: those of its search.
fn own_filters(filter: &RequestFilter, words: &[String]) -> Vec<SimpleExpr> {
    let mut conditions = Vec::new();
    conditions.extend(filter.submitted_from.map(|from| request::Column::SubmittedAt.gte(from)));
    conditions.extend(filter.submitted_until.map(|until| request::Column::SubmittedAt.lt(until)));
    let text = Expr::col((request::Entity, request::Column::Search));
    conditions.extend(words.iter().map(|word| contains(&text, word)));
    conditions
}

/// Returns a page of visible requests, with their total on demand.
pub async fn requests_page(
    store: &Store,
    viewing: &Viewing,
    filter: &RequestFilter,
    order: Order,
    paging: &Paging,
    count: bool,
) -> Result<(Page<Seen<SeenRequest>>, Option<u64>), StoreError> {
    let agencies = agencies_named(store.reader(), filter.agency.as_deref()).await?;
    let is_large = store.sizes().is_large();
    let few_reached = if is_large { Some(with_few_reached(store, viewing).await?) } else { None };
    let viewing = few_reached.as_ref().unwrap_or(viewing);
    let words = filter.search.iter().flat_map(|search| search.split_whitespace()).take(SEARCHED);
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let few = if is_large { few_with_words(store, &words).await? } else { None };
    let counted_filters = counted_filters(store, viewing, filter, agencies);
    let mut own_filters = own_filters(filter, &words);
    own_filters.extend(few.map(|few| RequestCondition::OneOf(few).sql(store.reader(), viewing.now)));
    let is_counted = own_filters.is_empty() && viewing.visible().is_counted();
    let mut query = seeing(store.reader(), viewing);
    for condition in counted_filters.iter().chain(&own_filters) {
        query = query.filter(condition.clone());
    }
    let total = match count {
        true if is_counted => {
            let visible = viewing.visible().sql(store.reader(), viewing.now);
            Some(read_count(store, &counted(counted_filters.into_iter().chain([visible]))).await?)
        }
        true => Some(query.clone().count(store.reader()).await?),
        false => None,
    };
    let id = Expr::col((request::Entity, request::Column::Id));
    let rows = paging.apply(query, order.key(), id, order.descending).into_model::<Found>().all(store.reader()).await?;
    Ok((paging.finish(rows.into_iter().map(|found| found.noted(viewing)).collect()), total))
}

/// Returns a page of dispositions visible to the caller as an official, newest first.
pub async fn dispositions_page(
    store: &Store,
    viewing: &Viewing,
    filter: &DispositionFilter,
    paging: &Paging,
    count: bool,
) -> Result<(Page<disposition::Model>, Option<u64>), StoreError> {
    let mut query = disposition::Entity::find()
        .join(
            sea_orm::JoinType::InnerJoin,
            disposition::Entity::belongs_to(request::Entity)
                .from(disposition::Column::RequestId)
                .to(request::Column::Id)
                .into(),
        )
        .filter(viewing.office_side().sql(store.reader(), viewing.now));
    if let Some(office) = &filter.office {
        query = query.filter(disposition::Column::Office.eq(office.as_str()));
    }
    if let Some(request) = filter.request {
        query = query.filter(disposition::Column::RequestId.eq(request));
    }
    if let Some(role) = &filter.to_role {
        query = query.filter(disposition::Column::ToRole.eq(role.as_str()));
    }
    if let Some(user) = filter.unread_by {
        let read = Query::select()
            .expr(Expr::cust("1"))
            .from(disposition_read::Entity)
            .and_where(
                Expr::col((disposition_read::Entity, disposition_read::Column::DispositionId))
                    .eq(Expr::col((disposition::Entity, disposition::Column::Id))),
            )
            .and_where(Expr::col((disposition_read::Entity, disposition_read::Column::ActorUser)).eq(user))
            .to_owned();
        query = query.filter(Expr::exists(read).not());
    }
    let total = if count { Some(query.clone().count(store.reader()).await?) } else { None };
    let key = Expr::col((disposition::Entity, disposition::Column::CreatedAt));
    let id = Expr::col((disposition::Entity, disposition::Column::Id));
    let rows = paging.apply(query, key, id, true).all(store.reader()).await?;
    Ok((paging.finish(rows), total))
}

/// The visits of those requests, in order.
pub async fn visits_of<C: ConnectionTrait>(connection: &C, ids: &[Uuid]) -> Result<Vec<visit::Model>, StoreError> {
    let query = visit::Entity::find().filter(one_of(connection, visit::Column::RequestId, ids.iter().copied()));
    Ok(query.order_by_asc(visit::Column::Position).all(connection).await?)
}

/// Returns the performers of ended steps.
pub fn performed(visits: &[visit::Model]) -> Performed {
    Performed::new(visits.iter().filter_map(|visit| Some((visit.step.clone(), visit.actor_user?))))
}

/// Returns the readings of dispositions, in order.
pub async fn reads_of(store: &Store, ids: &[Uuid]) -> Result<Vec<disposition_read::Model>, StoreError> {
    let query = disposition_read::Entity::find().filter(one_of(
        store.reader(),
        disposition_read::Column::DispositionId,
        ids.iter().copied(),
    ));
    Ok(query.order_by_asc(disposition_read::Column::At).all(store.reader()).await?)
}

/// Returns a disposition by id. Visibility follows from its request.
pub async fn disposition_by_id<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
) -> Result<Option<disposition::Model>, StoreError> {
    Ok(disposition::Entity::find_by_id(id).one(connection).await?)
}
