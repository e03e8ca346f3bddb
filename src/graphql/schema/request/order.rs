//! Orders of lists of requests, and their cursors.

use std::sync::Arc;

use async_graphql::{Enum, InputObject};

use super::Request;
use crate::access::Seen;
use crate::graphql::schema::pagination::encode_cursor;
use crate::store::{self, Order, OrderField};

/// An order of requests.
#[derive(InputObject)]
pub(crate) struct RequestOrder {
    /// The field to order by.
    pub(crate) field: RequestOrderField,
    /// The direction.
    pub(crate) direction: Direction,
}

/// The fields for ordering requests.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "OrderField")]
pub(crate) enum RequestOrderField {
    /// When it was submitted first.
    SubmittedAt,
    /// When it changed last.
    UpdatedAt,
    /// When the step under way should end; those without a time last.
    DueAt,
    /// Its number.
    Number,
}

/// A direction.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the least.
    Asc,
    /// From the greatest.
    Desc,
}

/// An order of requests, in their cursors.
pub(crate) fn order_name(order: Order) -> &'static str {
    match (order.field, order.descending) {
        (OrderField::SubmittedAt, _) => "submitted",
        (OrderField::UpdatedAt, _) => "updated",
        (OrderField::Number, _) => "number",
        // Requests without a due time come last in both directions, so neither is the reverse of the other.
        (OrderField::DueAt, false) => "due",
        (OrderField::DueAt, true) => "due-desc",
    }
}

/// A request with its cursor in an order.
pub(crate) fn request_entry(order: Order, seen: Seen<store::SeenRequest>) -> (String, Request) {
    (encode_cursor(order_name(order), &order.value(&seen.row), seen.row.id), Request(Arc::new(seen)))
}
