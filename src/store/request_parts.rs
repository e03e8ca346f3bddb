//! Parts of requests: the rows that belong to a request, cached for as long as it stands at the same event.
//!
//! Each change of a request or of one of its parts appends an event, and the request's row has the MAC of its last event. Rows that
//! were read together with that MAC are right whenever the request's row has it again: on each server, and after a restored backup.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use entity::{asset, disposition, document, request, submission, visit};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    EntityTrait, FromQueryResult, IdenStatic, Iterable, JoinType, ModelTrait, QueryFilter, QuerySelect, RelationDef,
    Value,
};
use uuid::Uuid;

use super::database::one_of;
use super::{Store, StoreError};

/// The typical size of the rows of a part, in bytes.
const TYPICAL_BYTES: usize = 1 << 10;

/// The size of a part without rows: its key, and its place in the cache.
const PART_BYTES: usize = 150;

/// A part of a request.
pub trait RequestPart: 'static {
    /// Its table.
    type Entity: EntityTrait<Model: FromQueryResult + Send + Sync + Clone + 'static>;

    /// Its number among the parts.
    const NUMBER: u8;

    /// The column of the request's id.
    fn request() -> <Self::Entity as EntityTrait>::Column;

    /// The condition of its rows, apart from the request.
    fn condition() -> Option<SimpleExpr> {
        None
    }

    /// Sorts the rows of a request.
    fn sort(rows: &mut [<Self::Entity as EntityTrait>::Model]);
}

/// A part's row.
pub type PartRow<P> = <<P as RequestPart>::Entity as EntityTrait>::Model;

/// Names parts: number, table, order of rows, condition.
macro_rules! parts {
    ($($(#[$doc:meta])* $part:ident = $number:literal, $table:ident, by $order:expr $(, where $condition:expr)?;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $part;

            impl RequestPart for $part {
                type Entity = $table::Entity;
                const NUMBER: u8 = $number;

                fn request() -> $table::Column {
                    $table::Column::RequestId
                }

                $(fn condition() -> Option<SimpleExpr> {
                    Some($condition)
                })?

                fn sort(rows: &mut [$table::Model]) {
                    rows.sort_by_key($order);
                }
            }
        )+
    };
}

parts! {
    /// The visits, in order.
    Visits = 0, visit, by |row| row.position;
    /// The visit under way: none or one.
    CurrentVisit = 1, visit, by |row| row.position,
        where Expr::col((visit::Entity, visit::Column::CompletedAt)).is_null();
    /// The submissions, in order.
    Submissions = 2, submission, by |row| row.sequence;
    /// The dispositions, in order. For officials.
    Dispositions = 3, disposition, by |row| (row.created_at, row.id);
    /// The documents, in order.
    Documents = 4, document, by |row| (row.added_at, row.id);
    /// The asset: none or one.
    Assets = 5, asset, by |row| row.id;
}

/// A request at an event: its id, and the MAC of its last event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AtEvent {
    request: Uuid,
    last_mac: Vec<u8>,
}

/// The rows of a part, with their size in bytes.
#[derive(Debug, Clone)]
struct CachedRows {
    rows: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

/// The cache of parts.
#[derive(Debug)]
pub struct PartCache(Cache<(u8, AtEvent), CachedRows, PartSize>);

/// Weights of cached parts: their bytes.
#[derive(Debug, Clone)]
struct PartSize;

impl Weighter<(u8, AtEvent), CachedRows> for PartSize {
    fn weight(&self, _: &(u8, AtEvent), cached: &CachedRows) -> u64 {
        cached.bytes as u64
    }
}

impl PartCache {
    /// A cache of at most so many bytes.
    pub fn new(bytes: usize) -> Result<Self, String> {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes / TYPICAL_BYTES)
            .weight_capacity(bytes as u64)
            .build()
            .map_err(|error| format!("the cache of rows: {error}"))?;
        Ok(Self(Cache::with_options(options, PartSize, DefaultHashBuilder::default(), DefaultLifecycle::default())))
    }

    fn get<P: RequestPart>(&self, at: &AtEvent) -> Option<Arc<Vec<PartRow<P>>>> {
        self.0.get(&(P::NUMBER, at.clone()))?.rows.downcast().ok()
    }

    fn insert<P: RequestPart>(&self, at: AtEvent, rows: Arc<Vec<PartRow<P>>>) {
        let bytes = PART_BYTES + at.last_mac.len() + rows.iter().map(size::<P>).sum::<usize>();
        self.0.insert((P::NUMBER, at), CachedRows { rows, bytes });
    }
}

/// The size of a row in bytes, with its texts.
fn size<P: RequestPart>(row: &PartRow<P>) -> usize {
    let text = |column| match row.get(column) {
        Value::String(text) => text.map_or(0, |text| text.len()),
        Value::Bytes(bytes) => bytes.map_or(0, |bytes| bytes.len()),
        _ => 0,
    };
    size_of::<PartRow<P>>() + <P::Entity as EntityTrait>::Column::iter().map(text).sum::<usize>()
}

/// Returns a part of each of those requests, from the cache or the database. Requests that changed since their row was read come
/// with newer rows.
pub async fn parts_of<P: RequestPart>(
    store: &Store,
    cache: Option<&PartCache>,
    requests: impl IntoIterator<Item = &request::Model>,
) -> Result<HashMap<Uuid, Arc<Vec<PartRow<P>>>>, StoreError> {
    let (mut found, mut missing) = (HashMap::new(), Vec::new());
    for row in requests {
        let at = AtEvent { request: row.id, last_mac: row.last_mac.clone() };
        match cache.and_then(|cache| cache.get::<P>(&at)) {
            Some(rows) => {
                found.insert(row.id, rows);
            }
            None => missing.push(row.id),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    for (at, rows) in read::<P>(store, missing).await? {
        let rows = Arc::new(rows);
        found.insert(at.request, rows.clone());
        if let Some(cache) = cache {
            cache.insert::<P>(at, rows);
        }
    }
    Ok(found)
}

/// Returns a part's rows of those requests, those of each request in order, without the cache.
pub async fn part_rows<P: RequestPart>(store: &Store, requests: Vec<Uuid>) -> Result<Vec<PartRow<P>>, StoreError> {
    Ok(read::<P>(store, requests).await?.into_iter().flat_map(|(_, rows)| rows).collect())
}

/// A row of a part, or none for a request without one, with the request at its event.
struct Joined<P: RequestPart> {
    at: AtEvent,
    row: Option<PartRow<P>>,
}

impl<P: RequestPart> FromQueryResult for Joined<P> {
    fn from_query_result(result: &sea_orm::QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        let at = AtEvent {
            request: result.try_get(prefix, "at_request")?,
            last_mac: result.try_get(prefix, "at_last_mac")?,
        };
        let present: Option<Uuid> = result.try_get(ROW, P::request().as_str())?;
        let row = present.map(|_| PartRow::<P>::from_query_result(result, ROW)).transpose()?;
        Ok(Self { at, row })
    }
}

/// The prefix of the part's columns.
const ROW: &str = "row_";

/// Reads a part of requests, each with the MAC of its last event in the same statement.
async fn read<P: RequestPart>(
    store: &Store,
    requests: Vec<Uuid>,
) -> Result<Vec<(AtEvent, Vec<PartRow<P>>)>, StoreError> {
    let mut of_request: RelationDef =
        request::Entity::belongs_to(P::Entity::default()).from(request::Column::Id).to(P::request()).into();
    if let Some(condition) = P::condition() {
        of_request = of_request.on_condition(move |_, _| sea_orm::Condition::all().add(condition.clone()));
    }
    let mut query = request::Entity::find()
        .select_only()
        .column_as(request::Column::Id, "at_request")
        .column_as(request::Column::LastMac, "at_last_mac")
        .join(JoinType::LeftJoin, of_request)
        .filter(one_of(store.reader(), request::Column::Id, requests));
    for column in <P::Entity as EntityTrait>::Column::iter() {
        query = query.column_as(Expr::col((P::Entity::default(), column)), format!("{ROW}{}", column.as_str()));
    }
    let joined = query.into_model::<Joined<P>>().all(store.reader()).await?;
    let mut parts: HashMap<Uuid, (AtEvent, Vec<PartRow<P>>)> = HashMap::new();
    for Joined { at, row } in joined {
        parts.entry(at.request).or_insert_with(|| (at, Vec::new())).1.extend(row);
    }
    let mut parts: Vec<(AtEvent, Vec<PartRow<P>>)> = parts.into_values().collect();
    parts.iter_mut().for_each(|(_, rows)| P::sort(rows));
    Ok(parts)
}
