//! Subscriptions: `requestEvents` and `inboxChanges`.

use std::sync::{Arc, OnceLock};

use async_graphql::{Context, ID, InputObject, Result, SimpleObject, Subscription};
use futures_util::stream::{self, Stream};

use super::request::Request;
use super::request_event::{RequestEvent, RequestEventKind};
use super::scalars::id;
use crate::graphql::context::session::service;
use crate::graphql::error;
use crate::live::TailEntry;
use crate::service;
use crate::store::EventFilter;

/// All subscriptions.
pub(crate) struct Subscription;

/// A filter of events: every field narrows.
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

/// The source of a subscription, with its arguments.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Events.
    Events { filter: EventFilter, after: Option<String> },
    /// The caller's inbox.
    Inbox { office: Option<String> },
}

/// The purpose of an execution of a subscription's operation: one to plan its source, then one for each event, each with its
/// own session.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    /// Planning of the source.
    Plan(Arc<OnceLock<Plan>>),
    /// Resolution of an event.
    Event(Arc<TailEntry>),
    /// Resolution of a change to an inbox.
    Inbox(service::InboxChange),
}

/// Something began or stopped waiting for you.
#[derive(SimpleObject)]
pub(crate) struct InboxChange {
    /// The request's opaque id.
    request_id: ID,
    /// The request; null when you may no longer see it.
    request: Option<Request>,
    /// It waits for you now; false: it no longer does.
    waiting: bool,
    /// How many requests wait for you now, in all offices or in the chosen one.
    waiting_count: i32,
}

fn purpose<'a>(context: &Context<'a>) -> Result<&'a Purpose> {
    context.data::<Purpose>()
}

/// Returns a stream of one item, or none.
fn once<T: Send>(item: Option<T>) -> impl Stream<Item = T> + Send {
    stream::iter(item)
}

/// All subscriptions: by WebSocket (`graphql-transport-ws`) or by Server-Sent Events (`graphql-sse`).
#[Subscription]
impl Subscription {
    /// Events of requests visible to you, in the order of the log: with `after`, all events since the cursor and then new ones;
    /// without, new ones only. Events becoming visible to you later are not sent again: read the request.
    async fn request_events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The filter.")] filter: Option<RequestEventFilter>,
        #[graphql(
            desc = "From after this cursor on: the `cursor` of the last event received, or an `eventCursor`. It holds under \
                    any filter, on any server, and outlives restarts."
        )]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<RequestEvent>> + use<>> {
        let item = match purpose(context)? {
            Purpose::Plan(plan) => {
                let filter = filter.unwrap_or_default();
                let filter = EventFilter {
                    request: id::optional_uuid(context, "Request", "filter.requestId", filter.request_id.as_ref())?,
                    office: filter.office,
                    procedure: filter.procedure,
                    kinds: filter.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
                };
                let _ = plan.set(Plan::Events { filter, after });
                None
            }
            Purpose::Event(entry) => {
                let about = entry.about.as_ref().ok_or_else(|| error::inconsistent_data("an event has no request"))?;
                Some(RequestEvent::from_row(service(context)?, entry.numbered.clone(), &about.row))
            }
            Purpose::Inbox(_) => return Err(error::inconsistent_data("an event's run is of another kind")),
        };
        Ok(once(item))
    }

    /// Requests beginning and ceasing to wait for you, with how many wait then; also when a grant of yours begins. Subscribe
    /// first, then read your inbox.
    async fn inbox_changes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only in the office of this key.")] office: Option<String>,
    ) -> Result<impl Stream<Item = Result<InboxChange>> + use<>> {
        let item = match purpose(context)? {
            Purpose::Plan(plan) => {
                let _ = plan.set(Plan::Inbox { office });
                None
            }
            Purpose::Inbox(change) => Some(Ok(InboxChange {
                request_id: id::encode(context, "Request", change.request)?,
                request: Request::find(context, change.request).await?,
                waiting: change.waiting,
                waiting_count: i32::try_from(change.count).unwrap_or(i32::MAX),
            })),
            Purpose::Event(_) => return Err(error::inconsistent_data("an inbox's run is of another kind")),
        };
        Ok(once(item))
    }
}
