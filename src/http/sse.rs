//! Server-Sent Events: the protocol `graphql-sse` in its distinct connections mode
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>), for places where WebSockets are blocked. A standard
//! `EventSource` (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) reads it too.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
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

/// Header with the last event id of a reconnecting client.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// Last event id of a client that has read the whole stream.
///
/// An `EventSource` connects again after every end, so that it would repeat the operation for ever: only a response
/// without a stream ends it.
pub(super) const COMPLETE_ID: &str = "complete";

/// The last event of a stream. An `EventSource` drops events without a `data` line.
const COMPLETE: Bytes = Bytes::from_static(b"event: complete\nid: complete\ndata:\n\n");

/// A comment for idle times.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

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
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        // Proxies that buffer responses would delay events.
        ("x-accel-buffering", "no"),
    ];
    let mut response = (headers, Body::from_stream(stream.events())).into_response();
    forbid_caching(response.headers_mut());
    response
}

/// The response to a client that has read the whole stream and connects again.
pub(super) fn respond_after_complete() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    forbid_caching(response.headers_mut());
    response
}

impl EventStream {
    fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(Some(self), async |stream| {
            let mut stream = stream?;
            if stream.over {
                return Some((Ok(COMPLETE), None));
            }
            let event = tokio::select! {
                answer = stream.items.next() => match answer {
                    None => return Some((Ok(COMPLETE), None)),
                    Some(ResponseItem::Next(answer, place)) => {
                        let cursor = place.and_then(|place| stream.state.service.cursor(place).ok());
                        next(cursor.as_deref(), &answer)
                    }
                    Some(ResponseItem::Failed(response)) => {
                        stream.over = true;
                        next(None, &to_json(&response))
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
                () = tokio::time::sleep(stream.state.settings.heartbeat_interval) => HEARTBEAT,
                // Without `complete`: the client reconnects and resumes.
                () = stream.shutdown.notified() => return None,
            };
            Some((Ok(event), Some(stream)))
        })
    }

    /// The last response after the token has expired or the caller was blocked, with the corresponding WebSocket close
    /// code.
    fn signed_out(&self) -> Bytes {
        let mut response =
            self.id.add_to(graphql::translate_errors(ErrorCode::Unauthenticated.response(SIGNED_OUT), self.wanted));
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("closeCode", CloseCode::Forbidden.code());
        }
        next(None, &to_json(&response))
    }
}

/// An event with a response. Serialized JSON is one line.
fn next(cursor: Option<&str>, response: &[u8]) -> Bytes {
    let id = cursor.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
    [&b"event: next\n"[..], id.as_bytes(), b"data: ", response, b"\n\n"].concat().into()
}
