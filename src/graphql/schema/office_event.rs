//! `OfficeEvent`: an event of an office itself (audit log of its people, agencies, grants and policies), and its connection.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use uuid::Uuid;

use super::actor::Actor;
use super::agency::{Agency, agency};
use super::grant::RoleGrant;
use super::office::Office;
use super::pagination::{Arguments, PageInfo};
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::user::{User, person};
use crate::event::{self, Body, OfficeEventBody};
use crate::graphql::context::loaders::{EventIs, EventsOf};
use crate::graphql::context::session::{service, session};
use crate::graphql::error;
use crate::store::{EventRange, EventVisibility, NumberedEvent};

/// The kind of an event of an office.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "event::OfficeEventKind")]
pub(crate) enum OfficeEventKind {
    /// The record began, and vouches for the state before it.
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
        let body =
            OfficeEventBody::read(&numbered.event.body).map_err(|_| error::damaged("an event cannot be read"))?;
        Ok(Self { numbered, body: Arc::new(body) })
    }

    /// Finds the event of an id; none if the caller may not see it.
    pub(crate) async fn find(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        let found = session(context)?.loader().load_one(EventIs(id)).await.map_err(error::load)?;
        // Events of requests have ids of their own kind.
        let Some(event) = found.and_then(|numbered| Self::from_row(numbered).ok()) else { return Ok(None) };
        Ok(Some(event).filter(|event| sees(context, &event.body.office)))
    }
}

/// Returns true if the caller may see the office's events.
fn sees(context: &Context<'_>, office: &str) -> bool {
    let (Ok(service), Ok(session)) = (service(context), session(context)) else { return false };
    session.caller().is_some_and(|caller| service.sees_office_events(caller, office))
}

/// An event of an office itself: of its people, agencies, grants or policies.
#[Object]
impl OfficeEvent {
    /// Its opaque id.
    pub(crate) async fn id(&self) -> ID {
        id::encode("OfficeEvent", self.numbered.event.id)
    }

    /// Its place in the log of events.
    async fn cursor(&self, context: &Context<'_>) -> Result<String> {
        service(context)?.cursor(self.numbered.place).map_err(error::of)
    }

    /// Its number within the office's record, from 1, no gaps.
    async fn sequence(&self) -> i32 {
        i32::try_from(self.numbered.event.sequence).unwrap_or(i32::MAX)
    }

    /// The kind of event.
    async fn kind(&self) -> Result<OfficeEventKind> {
        let kind = event::OfficeEventKind::from_word(&self.numbered.event.kind);
        kind.map(Into::into).ok_or_else(|| error::damaged("a stored word is unknown"))
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
        match self.body.subject.user {
            None => Ok(None),
            Some(id) => Ok(Some(person(context, id, Some(&self.body.office)).await?)),
        }
    }

    /// The grant it is about, as it is now; null where it is about none.
    async fn grant(&self, context: &Context<'_>) -> Result<Option<RoleGrant>> {
        match self.body.subject.grant {
            None => Ok(None),
            Some(id) => Ok(service(context)?.grant(id).await.map_err(error::of)?.map(RoleGrant)),
        }
    }

    /// The agency it is about; null where it is about none.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        match self.body.subject.agency {
            None => Ok(None),
            Some(id) => Ok(Some(agency(context, id).await?)),
        }
    }

    /// The hash of the policy it is about, in hex; null where it is about none.
    async fn policy(&self) -> Option<&str> {
        self.body.subject.policy.as_deref()
    }
}

/// A page of events of an office.
#[derive(SimpleObject)]
pub(crate) struct OfficeEventConnection {
    /// The events with their cursors.
    edges: Vec<OfficeEventEdge>,
    /// The events.
    nodes: Vec<OfficeEvent>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// An event with its cursor.
#[derive(SimpleObject)]
pub(crate) struct OfficeEventEdge {
    /// Its place in the log of events.
    cursor: String,
    /// The event.
    node: OfficeEvent,
}

impl OfficeEventConnection {
    /// Reads a page of an office's events; none if hidden from the caller.
    pub(crate) async fn load(context: &Context<'_>, office: &str, arguments: &Arguments) -> Result<Option<Self>> {
        if !sees(context, office) {
            return Ok(None);
        }
        let service = service(context)?;
        let paging = arguments.stretch()?;
        let place = |cursor: &Option<String>| match cursor {
            None => Ok(None),
            Some(cursor) => service.place(cursor).map(|place| Some(place.position)).ok_or_else(error::no_cursor),
        };
        let stretch = EventRange {
            visibility: EventVisibility::Office,
            after: place(&arguments.after)?,
            before: place(&arguments.before)?,
            limit: paging.limit,
            backward: paging.backward,
        };
        let chain = crate::store::office_chain(service.store(), office).await.map_err(error::store)?;
        let page = match chain {
            None => crate::store::Page { rows: Vec::new(), more: false },
            Some(chain) => {
                let loaded = session(context)?.loader().load_one(EventsOf(chain, stretch)).await;
                loaded.map_err(error::load)?.ok_or_else(|| error::damaged("an office's events were not read"))?
            }
        };
        let cursors = page.rows.iter().map(|row| service.cursor(row.place)).collect::<Result<Vec<_>, _>>();
        let cursors = cursors.map_err(error::of)?;
        let page_info = PageInfo::new(&page, arguments, &cursors);
        let nodes = page.rows.into_iter().map(OfficeEvent::from_row).collect::<Result<Vec<_>>>()?;
        let edges = cursors.into_iter().zip(nodes.iter().cloned());
        let edges = edges.map(|(cursor, node)| OfficeEventEdge { cursor, node }).collect();
        Ok(Some(Self { edges, nodes, page_info }))
    }
}
