//! The queries `request` and `requests`.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result};

use super::order::{Direction, RequestOrder, list_name, request_entry};
use super::{Request, RequestConnection, RequestStatus};
use crate::access::KeyScope;
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::error;
use crate::graphql::look_ahead::{Selections, TOTAL_COUNT};
use crate::graphql::schema::cursor::CursorList;
use crate::graphql::schema::pagination::PageArguments;
use crate::graphql::schema::prefetch;
use crate::graphql::schema::scalars::date_time::DateTime;
use crate::say;
use crate::store::{self, Order, OrderField};
use crate::workflow::Status;

/// A filter of requests: every field narrows.
#[derive(InputObject, Default)]
struct RequestFilter {
    /// An office's key.
    office: Option<String>,
    /// A procedure's key.
    procedure: Option<String>,
    /// An agency's key.
    agency: Option<String>,
    /// In one of these phases.
    status: Option<Vec<RequestStatus>>,
    /// The key of the step under way.
    step: Option<String>,
    /// Waiting for holders of the role of this key: for their act or their signature.
    awaiting_role: Option<String>,
    /// Submitted at this moment or later.
    submitted_from: Option<DateTime>,
    /// Submitted before this moment.
    submitted_until: Option<DateTime>,
    /// Words within its number, the letter's number or its subject; 200 characters at most, the first ten words count.
    search: Option<String>,
}

/// Maximum length of `search`, in characters.
const LONGEST_SEARCH: usize = 200;

/// Queries of requests.
#[derive(Default)]
pub(crate) struct RequestQuery;

/// Queries of requests.
#[Object]
impl RequestQuery {
    /// The request of the number; null when none is visible to you.
    async fn request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its number, as `SKW-CLD/2026/00042`.")] number: String,
    ) -> Result<Option<Request>> {
        caller(context)?;
        let viewing = session(context)?.viewing();
        let seen = store::see_request_by_number(service(context)?.store(), viewing, &number).await;
        let found = seen.map_err(error::from_store)?.map(|seen| Request(Arc::new(seen)));
        prefetch::requests(context, found.as_slice(), &Selections::of_field(context)).await?;
        Ok(found)
    }

    /// The requests visible to you, newest first unless ordered otherwise. Null only beside an error.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn requests(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The filter.")] filter: Option<RequestFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<RequestOrder>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<RequestConnection>> {
        let pass = caller(context)?.pass;
        let (service, policy) = (service(context)?, session(context)?.policy());
        let arguments = PageArguments { first, after, last, before };
        let order = order_by.map_or(Order { field: OrderField::SubmittedAt, descending: true }, |order| Order {
            field: order.field.into(),
            descending: order.direction == Direction::Desc,
        });
        let filter = filter.unwrap_or_default();
        let list = CursorList::new(service, list_name(order), &filter);
        let paging = arguments.paging(&list)?;
        if filter.search.is_some() {
            // Search results reveal the content of letters.
            service.expect_scope(pass, KeyScope::Read, "`search`").map_err(error::from_refused)?;
        }
        if filter.search.as_ref().is_some_and(|search| search.chars().count() > LONGEST_SEARCH) {
            return Err(error::invalid_input(say!("`search` takes {most} characters at most.", most = LONGEST_SEARCH)));
        }
        let filter = store::RequestFilter {
            office: filter.office,
            procedure: filter.procedure,
            agency: filter.agency,
            status: filter.status.map(|all| all.into_iter().map(Status::from).collect()),
            step: filter.step,
            awaiting: filter.awaiting_role.map(|role| service.awaiting(policy, &role)),
            submitted_from: filter.submitted_from.map(|from| from.0),
            submitted_until: filter.submitted_until.map(|until| until.0),
            search: filter.search,
        };
        let selected = Selections::of_field(context);
        let count = selected.has(&[TOTAL_COUNT]);
        let viewing = session(context)?.viewing();
        let (page, total) = store::requests_page(service.store(), viewing, &filter, order, &paging, count)
            .await
            .map_err(error::from_store)?;
        let page = page.map(|seen| request_entry(&list, order, seen));
        let found: Vec<Request> = page.rows.iter().map(|(_, request)| request.clone()).collect();
        prefetch::requests(context, &found, &selected.entries()).await?;
        Ok(Some(RequestConnection::from_page(page, &arguments, total)))
    }
}
