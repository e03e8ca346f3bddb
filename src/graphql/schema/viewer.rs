//! `Viewer`: the signed-in caller with their inbox, and the query `viewer`.

use async_graphql::{ComplexObject, Context, Object, Result};

use super::account::{Language, OwnSession};
use super::api_key::ApiKey;
use super::cursor::CursorList;
use super::grant::RoleGrant;
use super::pagination::{PageArguments, connection};
use super::prefetch;
use super::request::Request;
use super::request::action::Action;
use super::request::order::request_entry;
use super::scalars::date_time::DateTime;
use super::user::User;
use crate::graphql::context::session::{caller, event_cursor, service};
use crate::graphql::error;
use crate::graphql::look_ahead::{EDGES, INBOX_ACTIONS, Selections, TOTAL_COUNT};
use crate::service::CallerWithPolicy;
use crate::store::{self, Order, OrderField};

/// The inbox, in its cursors.
const INBOX: &str = "inbox";

/// You, signed in.
pub(crate) struct Viewer(pub(crate) CallerWithPolicy);

/// You, signed in.
#[Object]
impl Viewer {
    /// You.
    async fn user(&self, context: &Context<'_>) -> Result<User> {
        User::load(context, self.0.pass.user, None).await
    }

    /// Your grants in force now.
    async fn grants(&self) -> Vec<RoleGrant> {
        self.0.grants.iter().cloned().map(RoleGrant).collect()
    }

    /// Requests waiting for you: steps to execute, requests to complete, documents to sign, credentials to read. Oldest due
    /// first; without a due time last. Null only beside an error.
    async fn inbox(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only of the office of this key.")] office: Option<String>,
        #[graphql(desc = "How many; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Result<Option<InboxConnection>> {
        let service = service(context)?;
        let arguments = PageArguments { first, after, last: None, before: None };
        let order = Order { field: OrderField::DueAt, descending: false };
        let list = CursorList::new(service, INBOX, &office);
        let paging = arguments.paging(&list)?;
        let selected = Selections::of_field(context);
        let count = selected.has(&[TOTAL_COUNT]);
        let waiting = service.waiting(&self.0);
        let viewing = service.viewing(&self.0);
        let (page, total) = store::inbox_page(service.store(), &viewing, &waiting, office.as_deref(), &paging, count)
            .await
            .map_err(error::from_store)?;
        let page = page.map(|seen| request_entry(&list, order, seen));
        let found: Vec<Request> = page.rows.iter().map(|(_, request)| request.clone()).collect();
        prefetch::requests(context, &found, &selected.entries()).await?;
        if selected.field(EDGES).has(&[INBOX_ACTIONS]) {
            prefetch::requests(context, &found, &selected.field(EDGES)).await?;
        }
        Ok(Some(InboxConnection::from_page(page, &arguments, total)))
    }

    /// Your choice of language; null while you leave it to each client's `Accept-Language`.
    async fn language(&self) -> Option<Language> {
        self.0.language.map(Into::into)
    }

    /// Your sessions, the latest used first.
    async fn sessions(&self, context: &Context<'_>) -> Result<Vec<OwnSession>> {
        let pass = self.0.pass;
        let rows = service(context)?.sessions(&self.0).await.map_err(error::from_refused)?;
        Ok(rows.into_iter().map(|row| OwnSession { row, pass }).collect())
    }

    /// Signing in asks you for a code of your authenticator.
    async fn totp_enabled(&self, context: &Context<'_>) -> Result<bool> {
        service(context)?.has_totp(&self.0).await.map_err(error::from_refused)
    }

    /// Your API keys, the newest first: active ones, and those ended in the last 90 days.
    async fn api_keys(&self, context: &Context<'_>) -> Result<Vec<ApiKey>> {
        let rows = service(context)?.api_keys(&self.0).await.map_err(error::from_refused)?;
        Ok(rows.into_iter().map(ApiKey).collect())
    }

    /// The end of the event log: read a page, then follow from here. The page may be newer than its
    /// cursor, never older.
    async fn event_cursor(&self, context: &Context<'_>) -> Result<String> {
        event_cursor(context)
    }
}

connection!(
    /// A page of requests waiting for you, oldest due first.
    InboxConnection, #[graphql(complex)] InboxEdge, Request
);

#[ComplexObject]
impl InboxEdge {
    /// The acts open to you.
    async fn actions(&self, context: &Context<'_>) -> Result<Vec<Action>> {
        self.node.actions(context).await
    }

    /// Since when it waits.
    async fn waiting_since(&self, context: &Context<'_>) -> Result<DateTime> {
        let row = &self.node.0.row;
        let since = match row.waiting_since {
            Some(since) => since,
            // After the end of a request only its credential can wait.
            None => self.node.credential_since(context).await?.unwrap_or(row.updated_at),
        };
        Ok(DateTime(since))
    }

    /// When it should be done; null where it has no standard time.
    async fn due_at(&self) -> Option<DateTime> {
        self.node.0.row.due_at.map(DateTime)
    }
}

/// The query `viewer`.
#[derive(Default)]
pub(crate) struct ViewerQuery;

/// The query `viewer`.
#[Object]
impl ViewerQuery {
    /// You, signed in. Null only beside an error, `UNAUTHENTICATED` for one.
    async fn viewer(&self, context: &Context<'_>) -> Result<Option<Viewer>> {
        caller(context).map(|caller| Some(Viewer(caller.clone())))
    }
}
