//! `OfficeEvent`: an event of an office itself (audit log of its people, agencies, grants and policies), and its connection.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use uuid::Uuid;

use super::actor::Actor;
use super::agency::Agency;
use super::event_connection::{event_connection, event_range, unread_events};
use super::grant::RoleGrant;
use super::office::Office;
use super::pagination::PageArguments;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::user::User;
use crate::event::{self, Body, OfficeEventBody};
use crate::graphql::context::loaders::{EventById, EventsOf};
use crate::graphql::context::session::{load, service, session};
use crate::graphql::error;
use crate::store::{self, EventVisibility, NumberedEvent, Page};

/// The kind of an event of an office.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "event::OfficeEventKind")]
pub(crate) enum OfficeEventKind {
    /// The office's audit log began. This event covers the agencies and grants that were there before.
    RecordBegun,
    /// A person was added.
    UserAdded,
    /// A person was put out of service.
    UserDeactivated,
    /// An agency was added.
    AgencyAdded,
    /// An agency was put out of service.
    AgencyDeactivated,
    /// A role was granted.
    RoleGranted,
    /// A grant was ended.
    GrantRevoked,
    /// Another policy decides.
    PolicyChanged,
}

/// An event of an office.
#[derive(Clone)]
pub(crate) struct OfficeEvent {
    numbered: NumberedEvent,
    body: Arc<OfficeEventBody>,
}

impl OfficeEvent {
    fn from_row(numbered: NumberedEvent) -> Result<Self> {
        let body = OfficeEventBody::read(&numbered.event.body)
            .map_err(|_| error::inconsistent_data("an event cannot be read"))?;
        Ok(Self { numbered, body: Arc::new(body) })
    }

    /// Finds the event of an id; none if the caller may not see it.
    pub(crate) async fn find(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        let found = load(context, EventById(id)).await?;
        // Events of requests have ids of their own kind.
        let Some(event) = found.and_then(|numbered| Self::from_row(numbered).ok()) else { return Ok(None) };
        Ok(Some(event).filter(|event| sees_events(context, &event.body.office)))
    }
}

/// Returns true if the caller may see the office's events.
fn sees_events(context: &Context<'_>, office: &str) -> bool {
    let (Ok(service), Ok(session)) = (service(context), session(context)) else { return false };
    session.caller().is_some_and(|caller| service.sees_office_events(caller, office))
}

/// An event of an office itself: of its people, agencies, grants or policies.
#[Object]
impl OfficeEvent {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "OfficeEvent", self.numbered.event.id)
    }

    /// Its place in the log of events.
    async fn cursor(&self, context: &Context<'_>) -> Result<String> {
        service(context)?.cursor(self.numbered.place).map_err(error::from_refused)
    }

    /// Its number within the office's record, from 1, no gaps.
    async fn sequence(&self) -> i32 {
        i32::try_from(self.numbered.event.sequence).unwrap_or(i32::MAX)
    }

    /// The kind of event.
    async fn kind(&self) -> Result<OfficeEventKind> {
        let kind = event::OfficeEventKind::from_word(&self.numbered.event.kind);
        kind.map(Into::into).ok_or_else(|| error::inconsistent_data("a stored word is unknown"))
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.numbered.event.at)
    }

    /// The office.
    async fn office(&self) -> Office {
        Office(self.body.office.clone())
    }

    /// The actor; null for the operator, at the machine.
    async fn actor(&self) -> Option<Actor> {
        Some(Actor::new(&self.body.office, self.body.actor.clone()?))
    }

    /// The person it is about; null where it is about none.
    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        User::load_optional(context, self.body.subject.user, &self.body.office).await
    }

    /// The grant it is about, as it is now; null where it is about none.
    async fn grant(&self, context: &Context<'_>) -> Result<Option<RoleGrant>> {
        match self.body.subject.grant {
            None => Ok(None),
            Some(id) => Ok(service(context)?.grant(id).await.map_err(error::from_refused)?.map(RoleGrant)),
        }
    }

    /// The agency it is about; null where it is about none.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        Agency::load_optional(context, self.body.subject.agency).await
    }

    /// The hash of the policy it is about, in hex; null where it is about none.
    async fn policy(&self) -> Option<&str> {
        self.body.subject.policy.as_deref()
    }
}

event_connection!(
    /// A page of events of an office.
    OfficeEventConnection, OfficeEventEdge, OfficeEvent
);

impl OfficeEventConnection {
    /// Reads a page of an office's events; none if hidden from the caller.
    pub(crate) async fn load(context: &Context<'_>, office: &str, arguments: &PageArguments) -> Result<Option<Self>> {
        if !sees_events(context, office) {
            return Ok(None);
        }
        let service = service(context)?;
        let range = event_range(service, EventVisibility::Office, arguments)?;
        let chain = store::office_chain(service.store(), office).await.map_err(error::from_store)?;
        let page = match chain {
            None => Page { rows: Vec::new(), more: false },
            Some(chain) => {
                let page = load(context, EventsOf(chain, range)).await?;
                page.ok_or_else(|| unread_events(arguments))?
            }
        };
        Self::from_page(service, page, arguments, OfficeEvent::from_row).map(Some)
    }
}
