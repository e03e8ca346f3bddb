//! Server-Sent Events: the protocol `graphql-sse` in its distinct connections mode
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>), for places where WebSockets are blocked.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Stream};
use futures_util::{FutureExt, StreamExt};

use super::error::SIGNED_OUT;
use super::execution::ResponseItem;
use super::graphql_response::{forbid_caching, to_json};
use super::shutdown::ShutdownListener;
use super::state::ServerState;
use super::websocket::CloseCode;
use crate::graphql::{self, ErrorCode, RequestId};
use crate::language::Language;

/// Header with a reconnecting browser's last event id.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// State of an event stream.
struct EventStream {
    state: ServerState,
    shutdown: ShutdownListener,
    items: BoxStream<'static, ResponseItem>,
    /// Expiry of the token.
    token_expiry: BoxFuture<'static, ()>,
    /// Language of messages.
    wanted: Option<Language>,
    /// Id of the request.
    id: RequestId,
    /// Only `complete` is left to send.
    over: bool,
}

/// Responds with an event stream that ends with the token.
pub(super) fn respond(
    state: &ServerState,
    items: BoxStream<'static, ResponseItem>,
    expires_at: Option<DateTime<Utc>>,
    (wanted, id): (Option<Language>, RequestId),
) -> Response {
    let token_expiry = match expires_at {
        Some(expires_at) => state.service.clock().sleep_until(expires_at),
        None => std::future::pending().boxed(),
    };
    let shutdown = state.shutdown.clone();
    let stream = EventStream { state: state.clone(), shutdown, items, token_expiry, wanted, id, over: false };
    let events: BoxStream<'static, Result<Event, Infallible>> = stream.events().boxed();
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(state.settings.heartbeat_interval));
    // Proxies that buffer responses would delay events.
    let mut response = ([("x-accel-buffering", "no")], sse).into_response();
    forbid_caching(response.headers_mut());
    response
}

impl EventStream {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(Some(self), async |stream| {
            let mut stream = stream?;
            if stream.over {
                return Some((Ok(Event::default().event("complete").data("")), None));
            }
            let event = tokio::select! {
                answer = stream.items.next() => match answer {
                    None => return Some((Ok(Event::default().event("complete").data("")), None)),
                    Some(ResponseItem::Next(answer, place)) => {
                        let event = Event::default().event("next").data(String::from_utf8_lossy(&answer));
                        match place.and_then(|place| stream.state.service.cursor(place).ok()) {
                            Some(cursor) => event.id(cursor),
                            None => event,
                        }
                    }
                    Some(ResponseItem::Failed(response)) => {
                        stream.over = true;
                        next(&response)
                    }
                    Some(ResponseItem::SignedOut) => {
                        stream.over = true;
                        stream.signed_out()
                    }
                },
                () = &mut stream.token_expiry => {
                    stream.over = true;
                    stream.signed_out()
                }
                // Without `complete`: the client reconnects and resumes.
                () = stream.shutdown.notified() => return None,
            };
            Some((Ok(event), Some(stream)))
        })
    }

    /// The last message after the token has expired or the caller was blocked, with the corresponding WebSocket close
    /// code.
    fn signed_out(&self) -> Event {
        let mut response =
            self.id.add_to(graphql::translate_errors(ErrorCode::Unauthenticated.response(SIGNED_OUT), self.wanted));
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("closeCode", CloseCode::Forbidden.code());
        }
        next(&response)
    }
}

fn next(response: &async_graphql::Response) -> Event {
    Event::default().event("next").data(String::from_utf8_lossy(&to_json(response)))
}
