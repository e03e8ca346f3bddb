//! `Disposition`: an official's instruction handing a request on. Its fields, the query `dispositions` and the mutation `readDisposition`.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::{disposition, disposition_read};

use super::actor::Actor;
use super::cursor::CursorList;
use super::grant::{Role, role};
use super::pagination::{PageArguments, connection};
use super::payload::{acting_pass, changed_payload, reread};
use super::prefetch;
use super::procedure::Step;
use super::request::Request;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::stored_enum::from_word;
use crate::graphql::context::loaders::ReadsOf;
use crate::graphql::context::session::{caller, load, service, session};
use crate::graphql::error;
use crate::graphql::look_ahead::{Selections, TOTAL_COUNT};
use crate::store::{self, PageKey, SortValue};
use crate::workflow;

/// How urgent a disposition is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(remote = "workflow::Urgency")]
pub(crate) enum Urgency {
    /// Biasa.
    #[default]
    Normal,
    /// Segera.
    Urgent,
    /// Sangat segera.
    VeryUrgent,
}

/// An official's instruction handing a request on.
#[derive(Clone)]
pub(crate) struct Disposition {
    pub(crate) request: Request,
    pub(crate) row: disposition::Model,
}

connection!(
    /// A page of dispositions.
    DispositionConnection, DispositionEdge, Disposition
);

/// An official's instruction handing a request on.
#[Object]
impl Disposition {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "Disposition", self.row.id)
    }

    /// The request.
    async fn request(&self) -> Request {
        self.request.clone()
    }

    /// The step it was given at.
    async fn step(&self, context: &Context<'_>) -> Result<Step> {
        self.request.step(context, &self.row.step)
    }

    /// The official behind it.
    async fn from(&self) -> Actor {
        Actor::new(&self.row.office, &self.row)
    }

    /// The role it is for.
    async fn to_role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.row.office, &self.row.to_role)
    }

    /// The instruction.
    async fn instruction(&self) -> &str {
        &self.row.instruction
    }

    /// How urgent it is.
    async fn urgency(&self) -> Result<Urgency> {
        from_word(&self.row.urgency)
    }

    /// When it was given.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// Its readers, in order.
    async fn reads(&self, context: &Context<'_>) -> Result<Vec<DispositionRead>> {
        let rows = load(context, ReadsOf(self.row.id)).await?.unwrap_or_default();
        Ok(rows.into_iter().map(|row| DispositionRead { office: self.row.office.clone(), row }).collect())
    }
}

/// A confirmation of reading a disposition.
pub(crate) struct DispositionRead {
    office: String,
    row: disposition_read::Model,
}

/// A confirmation of reading a disposition.
#[Object]
impl DispositionRead {
    /// The reader.
    async fn by(&self) -> Actor {
        Actor::new(&self.office, &self.row)
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }
}

/// A filter of dispositions: every field narrows.
#[derive(InputObject, Default)]
struct DispositionFilter {
    /// An office's key.
    office: Option<String>,
    /// Of this request.
    request_id: Option<ID>,
    /// For the role of this key.
    to_role: Option<String>,
    /// Only those unread by you.
    unread_only: Option<bool>,
}

/// The order of dispositions, in their cursors.
const DISPOSITIONS: &str = "dispositions";

/// Queries of dispositions.
#[derive(Default)]
pub(crate) struct DispositionQuery;

/// Queries of dispositions.
#[Object]
impl DispositionQuery {
    /// The dispositions of requests visible to you as an official, newest first. Null only beside an error.
    async fn dispositions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The filter.")] filter: Option<DispositionFilter>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<DispositionConnection>> {
        let user = caller(context)?.pass.user;
        let service = service(context)?;
        let arguments = PageArguments { first, after, last, before };
        let mut filter = filter.unwrap_or_default();
        // False is no filter: a cursor given without it stays valid.
        filter.unread_only = filter.unread_only.filter(|only| *only);
        let list = CursorList::new(service, DISPOSITIONS, &filter);
        let paging = arguments.paging(&list)?;
        let filter = store::DispositionFilter {
            office: filter.office,
            request: id::optional_uuid(context, "Request", "filter.requestId", filter.request_id.as_ref())?,
            to_role: filter.to_role,
            unread_by: filter.unread_only.map(|_| user),
        };
        let selected = Selections::of_field(context);
        let count = selected.has(&[TOTAL_COUNT]);
        let session = session(context)?;
        let (page, total) = store::dispositions_page(service.store(), session.viewing(), &filter, &paging, count)
            .await
            .map_err(error::from_store)?;
        let ids: Vec<uuid::Uuid> = page.rows.iter().map(|row| row.request_id).collect();
        let requests =
            store::see_requests(service.store(), session.viewing(), &ids).await.map_err(error::from_store)?;
        let requests: HashMap<uuid::Uuid, Request> =
            requests.into_iter().map(|seen| (seen.row.id, Request(Arc::new(seen)))).collect();
        let rows = page.rows.into_iter().filter_map(|row| {
            let request = requests.get(&row.request_id)?.clone();
            let place = PageKey { value: SortValue::Moment(row.created_at), id: row.id };
            Some((list.encode(&place), Disposition { request, row }))
        });
        let page = store::Page { rows: rows.collect(), more: page.more };
        let found: Vec<Disposition> =
            page.rows.iter().map(|(_, disposition): &(_, Disposition)| disposition.clone()).collect();
        prefetch::dispositions(context, &found, &selected.entries()).await?;
        Ok(Some(DispositionConnection::from_page(page, &arguments, total)))
    }
}

/// A disposition you have read.
#[derive(InputObject)]
struct ReadDispositionInput {
    /// The disposition.
    disposition_id: ID,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

changed_payload!(
    /// The result of the act, or the errors in its input.
    ReadDispositionPayload,
    /// It, as it is now. Null when refused.
    disposition: Disposition
);

/// Reads a disposition after an act.
async fn reread_disposition(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Disposition>> {
    let row = store::disposition_by_id(service(context)?.store().reader(), id).await.map_err(error::from_store)?;
    let Some(row) = row else { return Ok(None) };
    Ok(reread(context, row.request_id).await?.map(|request| Disposition { request, row }))
}

/// Acts on dispositions.
#[derive(Default)]
pub(crate) struct DispositionMutation;

/// Acts on dispositions.
#[Object]
impl DispositionMutation {
    /// Marks a disposition for you as read; a second time changes nothing. Null only beside an error.
    async fn read_disposition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The disposition.")] input: ReadDispositionInput,
    ) -> Result<Option<ReadDispositionPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let disposition = id::uuid(context, "Disposition", "input.dispositionId", &input.disposition_id)?;
        let answer = service(context)?.read_disposition(pass, disposition).await;
        ReadDispositionPayload::from_answer(answer, |id| reread_disposition(context, id)).await
    }
}
