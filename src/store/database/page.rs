//! Pages of a total order: a key, ties by id.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// A value that a list is ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// A moment.
    Moment(DateTime<Utc>),
    /// A text.
    Text(String),
}

impl From<SortValue> for sea_orm::Value {
    fn from(value: SortValue) -> Self {
        match value {
            SortValue::Moment(moment) => moment.into(),
            SortValue::Text(text) => text.into(),
        }
    }
}

/// A place in a total order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageKey {
    /// The value ordered by.
    pub value: SortValue,
    /// The row's id.
    pub id: Uuid,
}

/// Keyset pagination: a stretch of a list.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// How many rows at most.
    pub limit: u64,
    /// From the end backwards.
    pub backward: bool,
    /// Only rows after this.
    pub after: Option<PageKey>,
    /// Only rows before this.
    pub before: Option<PageKey>,
}

/// A stretch of a list, in the list's order.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// There is more in the direction of reading.
    pub more: bool,
}

impl<T> Page<T> {
    /// The same page of other things.
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(of).collect(), more: self.more }
    }
}

impl Paging {
    /// Orders and limits a query; reads one row beyond the page to detect a next one.
    pub(in crate::store) fn apply<E: EntityTrait>(
        &self,
        query: Select<E>,
        key: SimpleExpr,
        id: SimpleExpr,
        descending: bool,
    ) -> Select<E> {
        let beyond = |place: &PageKey, up: bool| {
            let value = Expr::val(place.value.clone());
            // The first part alone bounds the scan of an index.
            let (from, past, tie) = if up {
                (key.clone().gte(value.clone()), key.clone().gt(value), id.clone().gt(place.id))
            } else {
                (key.clone().lte(value.clone()), key.clone().lt(value), id.clone().lt(place.id))
            };
            from.and(past.or(tie))
        };
        let mut query = query;
        if let Some(place) = &self.after {
            query = query.filter(beyond(place, !descending));
        }
        if let Some(place) = &self.before {
            query = query.filter(beyond(place, descending));
        }
        let order = if descending == self.backward { Order::Asc } else { Order::Desc };
        query.order_by(key, order.clone()).order_by(id, order).limit(self.limit + 1)
    }

    /// Cuts rows to a page.
    pub(in crate::store) fn finish<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        if self.backward {
            rows.reverse();
        }
        Page { rows, more }
    }
}
