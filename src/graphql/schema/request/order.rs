//! Orders of lists of requests, and their cursors.

use std::sync::Arc;

use async_graphql::{Enum, InputObject};

use super::Request;
use crate::access::Seen;
use crate::graphql::schema::cursor::CursorList;
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

/// The name of the list of requests in an order, for its cursors.
pub(crate) fn list_name(order: Order) -> String {
    let field = match order.field {
        OrderField::SubmittedAt => "submitted",
        OrderField::UpdatedAt => "updated",
        OrderField::DueAt => "due",
        OrderField::Number => "number",
    };
    format!("requests/{field}/{}", if order.descending { "desc" } else { "asc" })
}

/// A request with its cursor in a list.
pub(crate) fn request_entry(list: &CursorList<'_>, order: Order, seen: Seen<store::SeenRequest>) -> (String, Request) {
    (list.encode(&order.place(&seen.row)), Request(Arc::new(seen)))
}
