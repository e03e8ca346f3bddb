//! `RequestEvent`: an event of a request, and its connection.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use entity::request;
use uuid::Uuid;

use super::actor::Actor;
use super::asset::Asset;
use super::disposition::Disposition;
use super::document::Document;
use super::event_connection::{event_connection, event_range, unread_events};
use super::node::with_request;
use super::pagination::PageArguments;
use super::procedure::{Outcome, Step};
use super::request::Request;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use crate::access::{self, Seen, Side};
use crate::event::{self, Body, RequestEventBody};
use crate::graphql::context::loaders::{AssetsOf, DispositionsOf, DocumentsOf, EventById, EventsOf};
use crate::graphql::context::session::{load, service, session};
use crate::graphql::error;
use crate::service::{ProcedureEntry, Service};
use crate::store::{EventRange, EventVisibility, NumberedEvent, SeenRequest};

/// The kind of event.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "event::RequestEventKind")]
pub(crate) enum RequestEventKind {
    /// The request was submitted.
    Submitted,
    /// A returned request was completed.
    Resubmitted,
    /// A visit to a step began.
    StepStarted,
    /// A visit to a step ended.
    StepCompleted,
    /// A disposition was given.
    Disposed,
    /// A disposition was read.
    DispositionRead,
    /// A document was added.
    DocumentAdded,
    /// A document was signed.
    DocumentSigned,
    /// A document was refused by its signer.
    DocumentRefused,
    /// An asset's name or place was reserved.
    AssetReserved,
    /// An asset was made.
    AssetProvisioned,
    /// An asset was changed.
    AssetUpdated,
    /// An asset was verified.
    AssetVerified,
    /// An asset was handed over.
    AssetDelivered,
    /// An asset was taken out of service, or its reservation was freed.
    AssetRevoked,
    /// A credential was read by its recipient.
    CredentialRevealed,
    /// A credential was replaced.
    CredentialReissued,
    /// The request was sent back to its submitter.
    Returned,
    /// The request ended with the service given.
    Completed,
    /// The request ended with the service refused.
    Rejected,
    /// The request was taken back.
    Withdrawn,
}

/// An event of a request.
#[derive(Clone)]
pub(crate) struct RequestEvent {
    numbered: NumberedEvent,
    body: Arc<RequestEventBody>,
    /// The procedure of its request.
    entry: Arc<ProcedureEntry>,
}

impl RequestEvent {
    /// Reads the body of a stored event.
    pub(crate) fn from_row(service: &Service, numbered: NumberedEvent, row: &request::Model) -> Result<Self> {
        let body = RequestEventBody::read(&numbered.event.body)
            .map_err(|_| error::inconsistent_data("an event cannot be read"))?;
        let entry = service.entry_of(row).map_err(error::from_refused)?.clone();
        Ok(Self { numbered, body: Arc::new(body), entry })
    }

    /// Finds the event of an id; none if the caller may not see it.
    pub(crate) async fn find(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        let found = load(context, EventById(id)).await?;
        let found = with_request(context, found, |numbered| numbered.event.request_id).await?;
        let Some((numbered, request)) = found else { return Ok(None) };
        let ended = request.0.row.finished_at.is_some();
        let shown = EventVisibility::from_seen(&request.0, ended).includes(&numbered.event);
        let service = service(context)?;
        shown.then(|| Self::from_row(service, numbered, &request.0.row)).transpose()
    }

    async fn seen_request(&self, context: &Context<'_>) -> Result<Request> {
        let found = Request::find(context, self.numbered.event.request_id).await?;
        match found {
            Some(request) => Ok(request),
            // A shared answer is resolved for no viewer; it will be resolved again for each.
            None if session(context)?.is_shared => Err(async_graphql::Error::new("it depends on who asks")),
            None => Err(error::inconsistent_data("an event's request is missing")),
        }
    }
}

/// An event of a request.
#[Object]
impl RequestEvent {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "RequestEvent", self.numbered.event.id)
    }

    /// Its place in the event log: resume after it under any filter.
    async fn cursor(&self, context: &Context<'_>) -> Result<String> {
        service(context)?.cursor(self.numbered.place).map_err(error::from_refused)
    }

    /// Its number within the request, from 1; without gaps in the office's view.
    async fn sequence(&self) -> i32 {
        i32::try_from(self.numbered.event.sequence).unwrap_or(i32::MAX)
    }

    /// The kind of event.
    async fn kind(&self) -> Result<RequestEventKind> {
        let kind = event::RequestEventKind::from_word(&self.numbered.event.kind);
        kind.map(Into::into).ok_or_else(|| error::inconsistent_data("a stored word is unknown"))
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.numbered.event.at)
    }

    /// The request.
    async fn request(&self, context: &Context<'_>) -> Result<Request> {
        self.seen_request(context).await
    }

    /// The actor; null for the clock.
    async fn actor(&self) -> Option<Actor> {
        Some(Actor::new(&self.entry.procedure.office, self.body.actor.clone()?))
    }

    /// The step it is about; null where it is about none.
    async fn step(&self) -> Option<Step> {
        Step::find(&self.entry, self.body.subject.step.as_deref()?)
    }

    /// How the step ended; null where it is about no end of a step.
    async fn outcome(&self) -> Option<Outcome> {
        let (step, outcome) = (self.body.subject.step.as_deref()?, self.body.subject.outcome.as_deref()?);
        Step::find(&self.entry, step)?.outcome(outcome)
    }

    /// The disposition it is about; null where it is about none.
    async fn disposition(&self, context: &Context<'_>) -> Result<Option<Disposition>> {
        let Some(id) = self.body.subject.disposition else { return Ok(None) };
        let request = self.seen_request(context).await?;
        if request.0.side() != Side::Office {
            return Ok(None);
        }
        let mut rows = load(context, DispositionsOf(request.0.row.id)).await?.unwrap_or_default().into_iter();
        Ok(rows.find(|row| row.id == id).map(|row| Disposition { request, row }))
    }

    /// The document it is about; null where it is about none.
    async fn document(&self, context: &Context<'_>) -> Result<Option<Document>> {
        let Some(id) = self.body.subject.document else { return Ok(None) };
        let request = self.seen_request(context).await?;
        let service = service(context)?;
        let mut rows = load(context, DocumentsOf(request.0.row.id)).await?.unwrap_or_default().into_iter();
        let found = rows.find(|row| row.id == id && service.sees_document(&request.0, row));
        Ok(found.map(|row| Document { request, row }))
    }

    /// The asset it is about; null where it is about none.
    async fn asset(&self, context: &Context<'_>) -> Result<Option<Asset>> {
        let Some(id) = self.body.subject.asset else { return Ok(None) };
        let request = self.seen_request(context).await?;
        let mut rows = load(context, AssetsOf(request.0.row.id)).await?.unwrap_or_default().into_iter();
        let service = service(context)?;
        Ok(rows.find(|row| row.id == id && service.sees_asset(&request.0, row)).map(Asset::from_row))
    }

    /// The request's version after it.
    async fn version(&self) -> i32 {
        self.numbered.event.version
    }
}

event_connection!(
    /// A page of a request's events.
    RequestEventConnection, RequestEventEdge, RequestEvent
);

/// Returns the range of a request's events for the arguments of a connection.
pub(crate) fn request_event_range(
    service: &Service,
    seen: &Seen<SeenRequest>,
    arguments: &PageArguments,
) -> Result<EventRange> {
    event_range(service, EventVisibility::from_seen(seen, seen.row.finished_at.is_some()), arguments)
}

/// Returns the actor of an event; none for the clock.
pub(crate) fn actor_of(event: &entity::event::Model) -> Option<access::Actor> {
    RequestEventBody::read(&event.body).ok()?.actor
}

impl RequestEventConnection {
    /// A page of the events of a request.
    pub(crate) async fn load(
        context: &Context<'_>,
        seen: &Seen<SeenRequest>,
        arguments: &PageArguments,
    ) -> Result<Self> {
        let service = service(context)?;
        let range = request_event_range(service, seen, arguments)?;
        let page = load(context, EventsOf(seen.row.id, range)).await?;
        let page = page.ok_or_else(|| unread_events(arguments))?;
        Self::from_page(service, page, arguments, |event| RequestEvent::from_row(service, event, &seen.row))
    }
}
