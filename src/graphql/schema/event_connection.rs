//! Connections of events: pages of the event log, of a request or of an office.

use async_graphql::{Error, Result};

use super::pagination::PageArguments;
use crate::graphql::error;
use crate::service::{Service, ServiceError};
use crate::store::{EventRange, EventVisibility};

/// Returns the range of events for the arguments of a connection.
pub(crate) fn event_range(
    service: &Service,
    visibility: EventVisibility,
    arguments: &PageArguments,
) -> Result<EventRange> {
    let paging = arguments.size_and_direction()?;
    let place = |argument: &str, cursor: &Option<String>| match cursor {
        None => Ok(None),
        Some(cursor) => service.place(cursor).map(Some).ok_or_else(|| error::invalid_cursor(argument)),
    };
    Ok(EventRange {
        visibility,
        after: place("after", &arguments.after)?,
        before: place("before", &arguments.before)?,
        limit: paging.limit,
        backward: paging.backward,
    })
}

/// Returns the error for events that were not read: the cursor of their range is of another log, since a backup was restored; without
/// one the data is inconsistent.
pub(crate) fn unread_events(arguments: &PageArguments) -> Error {
    match arguments.after.is_some() || arguments.before.is_some() {
        true => error::from_refused(ServiceError::CursorAhead),
        false => error::inconsistent_data("events were not read"),
    }
}

/// Makes a connection of events, with cursors in the log and without a total count.
macro_rules! event_connection {
    ($(#[$doc:meta])* $connection:ident, $edge:ident, $node:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $connection {
            /// The events with their cursors.
            edges: Vec<$edge>,
            /// The events.
            nodes: Vec<$node>,
            /// Where the page stands.
            page_info: $crate::graphql::schema::pagination::PageInfo,
        }

        /// An event with its cursor.
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            /// Its place in the log of events.
            cursor: String,
            /// The event.
            node: $node,
        }

        impl $connection {
            /// Builds the connection of a page; `read` returns the node of a stored event.
            fn from_page(
                service: &$crate::service::Service,
                page: $crate::store::Page<$crate::store::NumberedEvent>,
                arguments: &$crate::graphql::schema::pagination::PageArguments,
                read: impl Fn($crate::store::NumberedEvent) -> async_graphql::Result<$node>,
            ) -> async_graphql::Result<Self> {
                let cursors = page.rows.iter().map(|row| service.cursor(row.place)).collect::<Result<Vec<_>, _>>();
                let cursors = cursors.map_err($crate::graphql::error::from_refused)?;
                let page_info = $crate::graphql::schema::pagination::PageInfo::new(&page, arguments, &cursors);
                let nodes = page.rows.into_iter().map(read).collect::<async_graphql::Result<Vec<_>>>()?;
                let edges = cursors.into_iter().zip(nodes.iter().cloned());
                let edges = edges.map(|(cursor, node)| $edge { cursor, node }).collect();
                Ok(Self { edges, nodes, page_info })
            }
        }
    };
}

pub(crate) use event_connection;
