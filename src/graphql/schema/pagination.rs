//! Pagination by the Relay cursor connections specification: pages of 20 by default, 100 at most.

use async_graphql::{Result, SelectionField, SimpleObject, Value};

use super::cursor::CursorList;
use crate::graphql::error;
use crate::graphql::page_size::{DEFAULT_PAGE, MAX_PAGE};
use crate::say;
use crate::store::{Page, Paging};

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub(crate) struct PageInfo {
    /// There is more after it.
    has_next_page: bool,
    /// There is more before it.
    has_previous_page: bool,
    /// The cursor of its first edge; null for an empty page.
    start_cursor: Option<String>,
    /// The cursor of its last edge; null for an empty page.
    end_cursor: Option<String>,
}

/// The arguments of a connection.
#[derive(Clone, Default)]
pub(crate) struct PageArguments {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArguments {
    /// Reads the arguments of a selected field.
    pub(crate) fn from_field(field: &SelectionField<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        let integer = |given: async_graphql::Number| given.as_i64().and_then(|given| i32::try_from(given).ok());
        for (name, value) in field.arguments()? {
            match (name.as_str(), value) {
                ("first", Value::Number(given)) => arguments.first = integer(given),
                ("last", Value::Number(given)) => arguments.last = integer(given),
                ("after", Value::String(given)) => arguments.after = Some(given),
                ("before", Value::String(given)) => arguments.before = Some(given),
                _ => {}
            }
        }
        Ok(arguments)
    }

    /// Returns the range of a list.
    pub(crate) fn paging(&self, list: &CursorList<'_>) -> Result<Paging> {
        Ok(Paging {
            after: self.after.as_ref().map(|cursor| list.decode("after", cursor)).transpose()?,
            before: self.before.as_ref().map(|cursor| list.decode("before", cursor)).transpose()?,
            ..self.size_and_direction()?
        })
    }

    /// Returns the size and the end of the range.
    pub(crate) fn size_and_direction(&self) -> Result<Paging> {
        if self.first.is_some() && self.last.is_some() {
            return Err(error::invalid_input("Ask for `first` or for `last`, not for both."));
        }
        let wanted = self.first.or(self.last);
        if wanted.is_some_and(|wanted| !(0..=MAX_PAGE).contains(&wanted)) {
            return Err(error::invalid_input(say!("A page holds 0 to {most}.", most = MAX_PAGE)));
        }
        let limit = u64::try_from(wanted.unwrap_or(DEFAULT_PAGE)).unwrap_or_default();
        Ok(Paging { limit, backward: self.last.is_some(), after: None, before: None })
    }
}

impl PageInfo {
    /// Where a page of those cursors stands.
    pub(crate) fn new<T>(page: &Page<T>, arguments: &PageArguments, cursors: &[String]) -> Self {
        let backward = arguments.last.is_some();
        Self {
            has_next_page: if backward { arguments.before.is_some() } else { page.more },
            has_previous_page: if backward { page.more } else { arguments.after.is_some() },
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        }
    }
}

macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $(#[$with:meta])* $edge:ident, $node:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $connection {
            /// The entries with their cursors.
            pub(crate) edges: Vec<$edge>,
            /// The entries.
            pub(crate) nodes: Vec<$node>,
            /// Where the page stands.
            pub(crate) page_info: $crate::graphql::schema::pagination::PageInfo,
            /// The number of all entries visible to you. Counted only when selected.
            pub(crate) total_count: i32,
        }

        /// An entry with its cursor.
        #[derive(async_graphql::SimpleObject)]
        $(#[$with])*
        pub(crate) struct $edge {
            /// Its place in the list, for `after` and `before`.
            pub(crate) cursor: String,
            /// The entry.
            pub(crate) node: $node,
        }

        impl $connection {
            /// The connection of a page's entries, each with its cursor.
            pub(crate) fn from_page(
                page: $crate::store::Page<(String, $node)>,
                arguments: &$crate::graphql::schema::pagination::PageArguments,
                total: Option<u64>,
            ) -> Self {
                let cursors: Vec<String> = page.rows.iter().map(|(cursor, _)| cursor.clone()).collect();
                let page_info = $crate::graphql::schema::pagination::PageInfo::new(&page, arguments, &cursors);
                let nodes = page.rows.iter().map(|(_, node)| node.clone()).collect();
                let edges = page.rows.into_iter().map(|(cursor, node)| $edge { cursor, node }).collect();
                let total_count = total.and_then(|total| i32::try_from(total).ok()).unwrap_or(0);
                Self { edges, nodes, page_info, total_count }
            }
        }
    };
}
pub(crate) use connection;
