//! Pages by the Relay cursor connections specification: 20 by default, 100 at most.

use async_graphql::{Error, Result, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::graphql::error;
use crate::store::{Page, PageKey, Paging};

const DEFAULT: u64 = 20;
const MOST: i32 = 100;

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PageInfo {
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
pub(in crate::graphql) struct Arguments {
    pub(in crate::graphql) first: Option<i32>,
    pub(in crate::graphql) after: Option<String>,
    pub(in crate::graphql) last: Option<i32>,
    pub(in crate::graphql) before: Option<String>,
}

fn invalid(message: impl AsRef<str>) -> Error {
    error::invalid(message.as_ref())
}

/// A cursor for a place in an order.
pub(in crate::graphql) fn cursor(value: &sea_orm::Value, id: Uuid) -> String {
    let text = match value {
        sea_orm::Value::ChronoDateTimeUtc(Some(at)) => format!("t{}", at.timestamp_micros()),
        sea_orm::Value::String(Some(text)) => format!("s{text}"),
        sea_orm::Value::BigInt(Some(number)) => format!("n{number}"),
        _ => String::new(),
    };
    URL_SAFE_NO_PAD.encode(format!("{}{text}", id.simple()))
}

fn place(cursor: &str) -> Result<PageKey> {
    let parse = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (id, text) = text.split_at_checked(32)?;
        let id = Uuid::parse_str(id).ok()?;
        let (kind, text) = text.split_at_checked(1)?;
        let value: sea_orm::Value = match kind {
            "t" => DateTime::<Utc>::from_timestamp_micros(text.parse().ok()?)?.into(),
            "s" => text.to_owned().into(),
            "n" => text.parse::<i64>().ok()?.into(),
            _ => return None,
        };
        Some(PageKey { value, id })
    };
    parse().ok_or_else(|| invalid("This cursor is none of this list's: use one that a page gave you."))
}

impl Arguments {
    /// The stretch of the list that is asked for.
    pub(in crate::graphql) fn paging(&self) -> Result<Paging> {
        if self.first.is_some() && self.last.is_some() {
            return Err(invalid("Ask for `first` or for `last`, not for both."));
        }
        let wanted = self.first.or(self.last);
        if wanted.is_some_and(|wanted| !(0..=MOST).contains(&wanted)) {
            return Err(invalid(format!("A page holds 0 to {MOST}.")));
        }
        Ok(Paging {
            limit: wanted.and_then(|wanted| u64::try_from(wanted).ok()).unwrap_or(DEFAULT),
            backward: self.last.is_some(),
            after: self.after.as_deref().map(place).transpose()?,
            before: self.before.as_deref().map(place).transpose()?,
        })
    }
}

impl PageInfo {
    /// Where a page of those cursors stands.
    pub(in crate::graphql) fn of<T>(page: &Page<T>, paging: &Paging, cursors: &[String]) -> Self {
        Self {
            has_next_page: if paging.backward { paging.before.is_some() } else { page.more },
            has_previous_page: if paging.backward { page.more } else { paging.after.is_some() },
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        }
    }
}

macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $edge:ident, $node:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(in crate::graphql) struct $connection {
            /// The entries with their cursors.
            pub(in crate::graphql) edges: Vec<$edge>,
            /// The entries.
            pub(in crate::graphql) nodes: Vec<$node>,
            /// Where the page stands.
            pub(in crate::graphql) page_info: $crate::graphql::types::page::PageInfo,
            /// How many there are that you may see. Counted only when selected.
            pub(in crate::graphql) total_count: i32,
        }

        /// An entry with its cursor.
        #[derive(async_graphql::SimpleObject)]
        pub(in crate::graphql) struct $edge {
            /// Its place in the list, for `after` and `before`.
            pub(in crate::graphql) cursor: String,
            /// The entry.
            pub(in crate::graphql) node: $node,
        }

        impl $connection {
            /// The connection of a page's entries.
            pub(in crate::graphql) fn of<T>(
                page: &$crate::store::Page<T>,
                paging: &$crate::store::Paging,
                total: Option<u64>,
                entry: impl Fn(&T) -> (String, $node),
            ) -> Self {
                let (cursors, nodes): (Vec<String>, Vec<$node>) = page.rows.iter().map(&entry).unzip();
                let page_info = $crate::graphql::types::page::PageInfo::of(page, paging, &cursors);
                let node = page.rows.iter().map(|row| entry(row).1);
                let edges = cursors.into_iter().zip(node).map(|(cursor, node)| $edge { cursor, node }).collect();
                let total_count = total.and_then(|total| i32::try_from(total).ok()).unwrap_or(0);
                Self { edges, nodes, page_info, total_count }
            }
        }
    };
}
pub(in crate::graphql) use connection;
