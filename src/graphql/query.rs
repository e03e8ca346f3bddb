//! What can be asked.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};

use super::account::{Language, OwnSession};
use super::api_key::ApiKey;
use super::node::node;
use super::prefetch::{self, Selected};
use super::session::{caller, event_cursor, service, session};
use super::types::Node;
use super::types::asset::{Asset, AssetConnection, AssetStatus};
use super::types::moment::Moment;
use super::types::page::{Arguments, connection, cursor, page};
use super::types::procedure::Procedure;
use super::types::request::{
    Action, Disposition, DispositionConnection, Request, RequestConnection, RequestStatus, stored,
};
use super::types::who::{Office, RoleGrant, User, person};
use super::{error, id};
use crate::access::{KeyScope, Seen};
use crate::say;
use crate::service::Judged;
use crate::store::{self, Order, OrderField};

/// What can be asked.
#[derive(Default)]
pub(super) struct RequestQuery;

/// Which requests are wanted: every field narrows.
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
    /// Waiting for whoever holds the role of this key: for an act of theirs, or their signature.
    awaiting_role: Option<String>,
    /// Submitted at this moment or later.
    submitted_from: Option<Moment>,
    /// Submitted before this moment.
    submitted_until: Option<Moment>,
    /// Words within its number, the letter's number or its subject; 200 characters at most, of which the first ten words count.
    search: Option<String>,
}

/// In which order requests are wanted.
#[derive(InputObject)]
struct RequestOrder {
    /// By what.
    field: RequestOrderField,
    /// Which way.
    direction: Direction,
}

/// What requests are ordered by.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "OrderField")]
enum RequestOrderField {
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
enum Direction {
    /// From the least.
    Asc,
    /// From the greatest.
    Desc,
}

/// Which dispositions are wanted: every field narrows.
#[derive(InputObject, Default)]
struct DispositionFilter {
    /// An office's key.
    office: Option<String>,
    /// Of this request.
    request_id: Option<ID>,
    /// For the role of this key.
    to_role: Option<String>,
    /// Only those that you have not read.
    unread_only: Option<bool>,
}

/// Which assets are wanted: every field narrows.
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

/// You, signed in.
pub(super) struct Viewer(pub(super) Judged);

/// You, signed in.
#[Object]
impl Viewer {
    /// You.
    async fn user(&self, context: &Context<'_>) -> Result<User> {
        person(context, self.0.pass.user, None).await
    }

    /// Your roles that are in force now.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn grants(&self) -> Vec<RoleGrant> {
        self.0.grants.iter().cloned().map(RoleGrant).collect()
    }

    /// What waits for you: steps to execute, requests to complete, documents to sign, credentials to read. Oldest due
    /// first; what has no due time last. Null only beside an error.
    #[graphql(complexity = "page(first, None) * child_complexity + 1")]
    async fn inbox(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only of the office of this key.")] office: Option<String>,
        #[graphql(desc = "How many; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
    ) -> Result<Option<InboxConnection>> {
        let service = service(context)?;
        let arguments = Arguments { first, after, last: None, before: None };
        let order = Order { field: OrderField::DueAt, descending: false };
        let paging = arguments.paging(order_name(order))?;
        let count = context.look_ahead().field("totalCount").exists();
        let waiting = service.waiting(&self.0);
        let viewing = service.viewing(&self.0);
        let (page, total) = store::inbox_page(service.store(), &viewing, &waiting, office.as_deref(), &paging, count)
            .await
            .map_err(error::store)?;
        let page = page.map(|seen| request_entry(order, seen));
        let found: Vec<Request> = page.rows.iter().map(|(_, request)| request.clone()).collect();
        prefetch::requests(context, &found, &Selected::of_page(context)).await?;
        if context.look_ahead().field("edges").field("actions").exists() {
            prefetch::requests(context, &found, &Selected::of_field(context).field("edges")).await?;
        }
        Ok(Some(InboxConnection::of(page, &arguments, total)))
    }

    /// The language that you have chosen; null while you leave it to each client's `Accept-Language`.
    async fn language(&self) -> Option<Language> {
        self.0.language.map(Into::into)
    }

    /// Your sessions that last, the latest used first.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn sessions(&self, context: &Context<'_>) -> Result<Vec<OwnSession>> {
        let pass = self.0.pass;
        let rows = service(context)?.sessions(&self.0).await.map_err(error::of)?;
        Ok(rows.into_iter().map(|row| OwnSession { row, pass }).collect())
    }

    /// Signing in asks you for a code of your authenticator.
    async fn totp_enabled(&self, context: &Context<'_>) -> Result<bool> {
        service(context)?.has_totp(&self.0).await.map_err(error::of)
    }

    /// Your API keys, the newest first: those that let in, and those that ended in the last 90 days.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn api_keys(&self, context: &Context<'_>) -> Result<Vec<ApiKey>> {
        let rows = service(context)?.api_keys(&self.0).await.map_err(error::of)?;
        Ok(rows.into_iter().map(ApiKey).collect())
    }

    /// Where the log of events stands: read a page, then follow what comes after this. The page may be newer than its
    /// cursor, never older.
    async fn event_cursor(&self, context: &Context<'_>) -> Result<String> {
        event_cursor(context)
    }
}

connection!(
    /// A page of what waits for you, oldest due first.
    InboxConnection, #[graphql(complex)] InboxEdge, Request
);

/// The longest text that is searched for.
const LONGEST_SEARCH: usize = 200;

/// The words that store values, each once.
fn words<T: async_graphql::resolver_utils::EnumType>(values: Vec<T>) -> Vec<String> {
    let words: std::collections::BTreeSet<String> = values.into_iter().map(stored).collect();
    words.into_iter().collect()
}

/// The order of dispositions, in their cursors.
const DISPOSITIONS: &str = "dispositions";
/// The order of assets, in their cursors.
const ASSETS: &str = "assets";

/// An order of requests, in their cursors.
fn order_name(order: Order) -> &'static str {
    match (order.field, order.descending) {
        (OrderField::SubmittedAt, _) => "submitted",
        (OrderField::UpdatedAt, _) => "updated",
        (OrderField::Number, _) => "number",
        // What has no due time comes last either way, so the two ways are not each other's reverse.
        (OrderField::DueAt, false) => "due",
        (OrderField::DueAt, true) => "due-desc",
    }
}

/// A request with its cursor in an order.
fn request_entry(order: Order, seen: Seen<store::SeenRequest>) -> (String, Request) {
    (cursor(order_name(order), &order.value(&seen.row), seen.row.id), Request(Arc::new(seen)))
}

#[async_graphql::ComplexObject]
impl InboxEdge {
    /// What you may do.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn actions(&self, context: &Context<'_>) -> Result<Vec<Action>> {
        self.node.actions(context).await
    }

    /// Since when it waits.
    async fn waiting_since(&self, context: &Context<'_>) -> Result<Moment> {
        let row = &self.node.0.row;
        let since = match row.waiting_since {
            Some(since) => since,
            // Of a request that has ended, only the credential can wait.
            None => self.node.credential_since(context).await?.unwrap_or(row.updated_at),
        };
        Ok(Moment(since))
    }

    /// When it should be done; null where it has no standard time.
    async fn due_at(&self) -> Option<Moment> {
        self.node.0.row.due_at.map(Moment)
    }
}

/// What can be asked.
#[Object]
impl RequestQuery {
    /// You, signed in. Null only beside an error, `UNAUTHENTICATED` for one.
    async fn viewer(&self, context: &Context<'_>) -> Result<Option<Viewer>> {
        caller(context).map(|caller| Some(Viewer(caller.clone())))
    }

    /// The thing of that id; null when there is none that you may see.
    async fn node(&self, context: &Context<'_>, #[graphql(desc = "Its opaque id.")] id: ID) -> Result<Option<Node>> {
        let found = node(context, &id).await?;
        prefetch::nodes(context, found.as_slice()).await?;
        Ok(found)
    }

    /// The things of those ids, in the order asked for; null where there is none that you may see.
    #[graphql(complexity = "ids.len().min(100) * child_complexity + 1")]
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Their opaque ids; 100 at most.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(error::invalid("Ask for 100 ids at most."));
        }
        // All at once, so that each kind is read by one statement.
        let found = async_graphql::futures_util::future::try_join_all(ids.iter().map(|id| node(context, id))).await?;
        prefetch::nodes(context, found.iter().flatten()).await?;
        Ok(found)
    }

    /// The offices. Public.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn offices(&self, context: &Context<'_>) -> Result<Vec<Office>> {
        Ok(service(context)?.catalog().offices().map(|entry| Office(entry.office.key.clone())).collect())
    }

    /// The office of that key; null when there is none. Public.
    async fn office(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its key, as `singkawang`.")] key: String,
    ) -> Result<Option<Office>> {
        Ok(service(context)?.catalog().office(&key).map(|_| Office(key)))
    }

    /// A version of a procedure: the one in force unless another is named; null when there is none. Public.
    async fn procedure(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The office's key, as `singkawang`.")] office: String,
        #[graphql(desc = "The procedure's key, as `permohonan-subdomain`.")] key: String,
        #[graphql(desc = "The version; the one in force when not given.")] version: Option<i32>,
    ) -> Result<Option<Procedure>> {
        let service = service(context)?;
        let catalog = service.catalog();
        let found = match version {
            Some(version) => u32::try_from(version).ok().and_then(|version| catalog.version(&office, &key, version)),
            None => catalog.office(&office).and_then(|entry| {
                let today = service.now().with_timezone(&entry.office.time_zone).date_naive();
                catalog.in_force(&office, &key, today)
            }),
        };
        Ok(found.map(|entry| Procedure(entry.clone())))
    }

    /// The request of that number; null when there is none that you may see.
    async fn request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its number, as `SKW-CLD/2026/00042`.")] number: String,
    ) -> Result<Option<Request>> {
        caller(context)?;
        let viewing = session(context)?.viewing();
        let seen = store::see_request_by_number(service(context)?.store(), viewing, &number).await;
        let found = seen.map_err(error::store)?.map(|seen| Request(Arc::new(seen)));
        prefetch::requests(context, found.as_slice(), &Selected::of_field(context)).await?;
        Ok(found)
    }

    /// The requests that you may see, newest first unless ordered otherwise. Null only beside an error.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    #[graphql(complexity = "page(first, last) * child_complexity + 1")]
    async fn requests(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<RequestFilter>,
        #[graphql(desc = "In which order.")] order_by: Option<RequestOrder>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<RequestConnection>> {
        let pass = caller(context)?.pass;
        let (service, policy) = (service(context)?, session(context)?.policy());
        let arguments = Arguments { first, after, last, before };
        let order = order_by.map_or(Order { field: OrderField::SubmittedAt, descending: true }, |order| Order {
            field: order.field.into(),
            descending: order.direction == Direction::Desc,
        });
        let paging = arguments.paging(order_name(order))?;
        let filter = filter.unwrap_or_default();
        if filter.search.is_some() {
            // What is found tells what letters say.
            service.expect_scope(pass, KeyScope::Read, "`search`").map_err(error::of)?;
        }
        if filter.search.as_ref().is_some_and(|search| search.chars().count() > LONGEST_SEARCH) {
            return Err(error::invalid(say!("`search` takes {most} characters at most.", most = LONGEST_SEARCH)));
        }
        let filter = store::RequestFilter {
            office: filter.office,
            procedure: filter.procedure,
            agency: filter.agency,
            status: filter.status.map(words),
            step: filter.step,
            awaiting: filter.awaiting_role.map(|role| service.awaiting(policy, &role)),
            submitted_from: filter.submitted_from.map(|from| from.0),
            submitted_until: filter.submitted_until.map(|until| until.0),
            search: filter.search,
        };
        let count = context.look_ahead().field("totalCount").exists();
        let viewing = session(context)?.viewing();
        let (page, total) = store::requests_page(service.store(), viewing, &filter, order, &paging, count)
            .await
            .map_err(error::store)?;
        let page = page.map(|seen| request_entry(order, seen));
        let found: Vec<Request> = page.rows.iter().map(|(_, request)| request.clone()).collect();
        prefetch::requests(context, &found, &Selected::of_page(context)).await?;
        Ok(Some(RequestConnection::of(page, &arguments, total)))
    }

    /// The dispositions of the requests that you see as an official, newest first. Null only beside an error.
    #[graphql(complexity = "page(first, last) * child_complexity + 1")]
    async fn dispositions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<DispositionFilter>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<DispositionConnection>> {
        let user = caller(context)?.pass.user;
        let service = service(context)?;
        let arguments = Arguments { first, after, last, before };
        let paging = arguments.paging(DISPOSITIONS)?;
        let filter = filter.unwrap_or_default();
        let filter = store::DispositionFilter {
            office: filter.office,
            request: filter.request_id.as_ref().map(|id| id::uuid("Request", id)),
            to_role: filter.to_role,
            unread_by: filter.unread_only.unwrap_or(false).then_some(user),
        };
        let count = context.look_ahead().field("totalCount").exists();
        let session = session(context)?;
        let (page, total) = store::dispositions_page(service.store(), session.viewing(), &filter, &paging, count)
            .await
            .map_err(error::store)?;
        let ids: Vec<uuid::Uuid> = page.rows.iter().map(|row| row.request_id).collect();
        let requests = store::see_requests(service.store(), session.viewing(), &ids).await.map_err(error::store)?;
        let requests: HashMap<uuid::Uuid, Request> =
            requests.into_iter().map(|seen| (seen.row.id, Request(Arc::new(seen)))).collect();
        let rows = page.rows.into_iter().filter_map(|row| {
            let request = requests.get(&row.request_id)?.clone();
            Some((cursor(DISPOSITIONS, &row.created_at.into(), row.id), Disposition { request, row }))
        });
        let page = store::Page { rows: rows.collect(), more: page.more };
        let found: Vec<Disposition> =
            page.rows.iter().map(|(_, disposition): &(_, Disposition)| disposition.clone()).collect();
        prefetch::dispositions(context, &found, &Selected::of_page(context)).await?;
        Ok(Some(DispositionConnection::of(page, &arguments, total)))
    }

    /// The assets that you may see, newest first. Null only beside an error.
    #[graphql(complexity = "page(first, last) * child_complexity + 1")]
    async fn assets(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<AssetFilter>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<AssetConnection>> {
        caller(context)?;
        let service = service(context)?;
        let arguments = Arguments { first, after, last, before };
        let paging = arguments.paging(ASSETS)?;
        let filter = filter.unwrap_or_default();
        let filter = store::AssetFilter {
            office: filter.office,
            agency: filter.agency,
            kind: filter.kind,
            status: filter.status.map(words),
            name: filter.name,
        };
        let count = context.look_ahead().field("totalCount").exists();
        let viewing = session(context)?.viewing();
        let (page, total) =
            store::assets_page(service.store(), viewing, &filter, &paging, count).await.map_err(error::store)?;
        prefetch::assets(context, &page.rows, &Selected::of_page(context)).await?;
        let page = page.map(|row| (cursor(ASSETS, &row.created_at.into(), row.id), Asset::of(row)));
        Ok(Some(AssetConnection::of(page, &arguments, total)))
    }
}
