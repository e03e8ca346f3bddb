//! The query `assets`.

use async_graphql::{Context, InputObject, Object, Result};

use super::{Asset, AssetConnection, AssetStatus};
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::error;
use crate::graphql::look_ahead::{Selections, TOTAL_COUNT};
use crate::graphql::schema::cursor::CursorList;
use crate::graphql::schema::pagination::PageArguments;
use crate::graphql::schema::prefetch;
use crate::store::{self, PageKey, SortValue};
use crate::workflow::Stage;

/// A filter of assets: every field narrows.
#[derive(InputObject, Default)]
struct AssetFilter {
    /// An office's key.
    office: Option<String>,
    /// An agency's key.
    agency: Option<String>,
    /// A kind.
    kind: Option<String>,
    /// In one of these states.
    status: Option<Vec<AssetStatus>>,
    /// Its name.
    name: Option<String>,
}

/// The order of assets, in their cursors.
const ASSETS: &str = "assets";

/// Queries of assets.
#[derive(Default)]
pub(crate) struct AssetQuery;

/// Queries of assets.
#[Object]
impl AssetQuery {
    /// The assets visible to you, newest first. Null only beside an error.
    async fn assets(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The filter.")] filter: Option<AssetFilter>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<AssetConnection>> {
        caller(context)?;
        let service = service(context)?;
        let arguments = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let list = CursorList::new(service, ASSETS, &filter);
        let paging = arguments.paging(&list)?;
        let filter = store::AssetFilter {
            office: filter.office,
            agency: filter.agency,
            kind: filter.kind,
            status: filter.status.map(|all| all.into_iter().map(Stage::from).collect()),
            name: filter.name,
        };
        let selected = Selections::of_field(context);
        let count = selected.has(&[TOTAL_COUNT]);
        let viewing = session(context)?.viewing();
        let (page, total) =
            store::assets_page(service.store(), viewing, &filter, &paging, count).await.map_err(error::from_store)?;
        prefetch::assets(context, &page.rows, &selected.entries()).await?;
        let page = page.map(|row| {
            let place = PageKey { value: SortValue::Moment(row.created_at), id: row.id };
            (list.encode(&place), Asset::from_row(row))
        });
        Ok(Some(AssetConnection::from_page(page, &arguments, total)))
    }
}
