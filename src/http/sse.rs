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
use super::execution::{Answer, written};
use super::graphql_response::nobody_keeps;
use super::shutdown::Lifeline;
use super::state::Shared;
use super::websocket::Close;
use crate::graphql::{self, ErrorCode, RequestId};
use crate::language::Language;

/// The header in which a browser's own client says where it was.
pub(super) const LAST_EVENT: &str = "last-event-id";

/// What is sent, one after another.
struct Sending {
    shared: Shared,
    lifeline: Lifeline,
    answers: BoxStream<'static, Answer>,
    /// The end of the token.
    token_ends: BoxFuture<'static, ()>,
    /// The language that is wanted.
    wanted: Option<Language>,
    /// The call's.
    id: RequestId,
    /// The last message was sent but for `complete`.
    over: bool,
}

/// The response that carries these answers, until a token ends.
pub(super) fn respond(
    shared: &Shared,
    answers: BoxStream<'static, Answer>,
    until: Option<DateTime<Utc>>,
    (wanted, id): (Option<Language>, RequestId),
) -> Response {
    let token_ends = match until {
        Some(until) => shared.service.clock().sleep_until(until),
        None => std::future::pending().boxed(),
    };
    let lifeline = shared.lifeline.clone();
    let sending = Sending { shared: shared.clone(), lifeline, answers, token_ends, wanted, id, over: false };
    let events: BoxStream<'static, Result<Event, Infallible>> = sending.events().boxed();
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(shared.heartbeat));
    // A proxy that gathers what it forwards would hold every event back.
    let mut response = ([("x-accel-buffering", "no")], sse).into_response();
    nobody_keeps(response.headers_mut());
    response
}

impl Sending {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(Some(self), async |sending| {
            let mut sending = sending?;
            if sending.over {
                return Some((Ok(Event::default().event("complete").data("")), None));
            }
            let event = tokio::select! {
                answer = sending.answers.next() => match answer {
                    None => return Some((Ok(Event::default().event("complete").data("")), None)),
                    Some(Answer::Next(answer, place)) => {
                        let event = Event::default().event("next").data(String::from_utf8_lossy(&answer));
                        match place.and_then(|place| sending.shared.service.cursor(place).ok()) {
                            Some(cursor) => event.id(cursor),
                            None => event,
                        }
                    }
                    Some(Answer::Failed(response)) => {
                        sending.over = true;
                        next(&response)
                    }
                    Some(Answer::SignedOut) => {
                        sending.over = true;
                        sending.signed_out()
                    }
                },
                () = &mut sending.token_ends => {
                    sending.over = true;
                    sending.signed_out()
                }
                // Without a word: the client connects again, and goes on.
                () = sending.lifeline.ended() => return None,
            };
            Some((Ok(event), Some(sending)))
        })
    }

    /// The last message of a stream whose token has ended, or whose caller may no longer sign in: with the code that closes a
    /// WebSocket.
    fn signed_out(&self) -> Event {
        let mut response =
            self.id.add_to(graphql::translate_errors(ErrorCode::Unauthenticated.response(SIGNED_OUT), self.wanted));
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("closeCode", Close::Forbidden.code());
        }
        next(&response)
    }
}

fn next(response: &async_graphql::Response) -> Event {
    Event::default().event("next").data(String::from_utf8_lossy(&written(response)))
}
