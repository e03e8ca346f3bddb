//! Subscriptions: `requestEvents` and `inboxChanges`.

use std::sync::{Arc, OnceLock};

use async_graphql::{Context, ID, InputObject, Result, SimpleObject, Subscription};
use futures_util::stream::{self, Stream};

use super::request::{Request, find};
use super::request_event::{RequestEvent, RequestEventKind};
use super::scalars::id;
use crate::graphql::context::session::service;
use crate::graphql::error;
use crate::live::TailEntry;
use crate::service::InboxChange;
use crate::store::EventFilter;

/// What can be followed.
pub struct Following;

/// Which events are wanted: every field narrows.
#[derive(InputObject, Default)]
struct RequestEventFilter {
    /// Of this request.
    request_id: Option<ID>,
    /// Of requests of the office of this key.
    office: Option<String>,
    /// Of requests by the procedure of this key.
    procedure: Option<String>,
    /// Of one of these kinds.
    kinds: Option<Vec<RequestEventKind>>,
}

/// What a subscription follows.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Events.
    Events { filter: EventFilter, after: Option<String> },
    /// What waits for the caller.
    Inbox { office: Option<String> },
}

/// What a run of a subscription's operation is for: it is run once to learn what it follows, and then for each thing that
/// happened, so that each is resolved with its own session.
#[derive(Debug, Clone)]
pub(crate) enum Run {
    /// To learn what it follows.
    Plan(Arc<OnceLock<Plan>>),
    /// To tell of an event.
    Event(Arc<TailEntry>),
    /// To tell of a change to an inbox.
    Inbox(InboxChange),
}

/// Something began or stopped waiting for you.
#[derive(SimpleObject)]
#[graphql(name = "InboxChange")]
pub(crate) struct Changed {
    /// The request's opaque id.
    request_id: ID,
    /// The request; null when you may no longer see it.
    request: Option<Request>,
    /// It waits for you now; false: it no longer does.
    waiting: bool,
    /// How many requests wait for you now, of all offices or of the one that was asked for.
    waiting_count: i32,
}

fn run<'a>(context: &Context<'a>) -> Result<&'a Run> {
    context.data::<Run>()
}

/// The one item of a run, or none.
fn told<T: Send>(item: Option<T>) -> impl Stream<Item = T> + Send {
    stream::iter(item)
}

/// What can be followed: by WebSocket (`graphql-transport-ws`) or by Server-Sent Events (`graphql-sse`).
#[Subscription(name = "Subscription")]
impl Following {
    /// What happens to requests, in the order of the log, as far as you may see it: with `after`, everything since that
    /// cursor and then what happens; without, what happens from now on. What you may see only later is not told again: read
    /// the request.
    async fn request_events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only what this narrows to.")] filter: Option<RequestEventFilter>,
        #[graphql(
            desc = "From after this cursor on: the `cursor` of the last event that you got, or an `eventCursor`. It holds under \
                    any filter, on any server, and outlives restarts."
        )]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<RequestEvent>> + use<>> {
        let item = match run(context)? {
            Run::Plan(plan) => {
                let filter = filter.unwrap_or_default();
                let filter = EventFilter {
                    request: filter.request_id.map(|id| id::uuid("Request", &id)),
                    office: filter.office,
                    procedure: filter.procedure,
                    kinds: filter.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
                };
                let _ = plan.set(Plan::Events { filter, after });
                None
            }
            Run::Event(moment) => {
                let about = moment.about.as_ref().ok_or_else(|| error::damaged("an event has no request"))?;
                Some(RequestEvent::of(service(context)?, moment.numbered.clone(), &about.row))
            }
            Run::Inbox(_) => return Err(error::damaged("an event's run is of another kind")),
        };
        Ok(told(item))
    }

    /// What begins and stops to wait for you, with how much waits then: also when it began to wait because a grant of yours
    /// began. Subscribe first, then read your inbox.
    async fn inbox_changes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only in the office of this key.")] office: Option<String>,
    ) -> Result<impl Stream<Item = Result<Changed>> + use<>> {
        let item = match run(context)? {
            Run::Plan(plan) => {
                let _ = plan.set(Plan::Inbox { office });
                None
            }
            Run::Inbox(change) => Some(Ok(Changed {
                request_id: id::encode("Request", change.request),
                request: find(context, change.request).await?,
                waiting: change.waiting,
                waiting_count: i32::try_from(change.count).unwrap_or(i32::MAX),
            })),
            Run::Event(_) => return Err(error::damaged("an inbox's run is of another kind")),
        };
        Ok(told(item))
    }
}
