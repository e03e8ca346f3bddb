//! The WebSocket protocol `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>), with its close codes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, AbortHandle, BoxStream, SelectAll, StreamExt, abortable};
use futures_util::{FutureExt, SinkExt};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;
use tracing::Instrument;

use super::close_code::Close;
use crate::graphql::{self, ErrorCode, RequestId};
use crate::http::client::Caller;
use crate::http::concurrency::Hold;
use crate::http::execution::{Answer, answers, only, timed_out};
use crate::http::graphql_request::{header_token, operation_of};
use crate::http::quality_values::{language, language_of};
use crate::http::state::Shared;
use crate::language::Language;
use crate::service::{Pass, Refused};

/// The one subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";

/// What is read and written at a time: frames are small, and there are many sockets.
const BUFFER: usize = 2048;

/// So many operations may be under way on one socket.
const OPERATIONS: usize = 100;

/// An id stands in every answer.
const LONGEST_ID: usize = 128;

/// A socket of nobody is left after so long: whoever follows has a name.
const ANONYMOUS: Duration = Duration::from_secs(900);

/// So many answers are written before they are sent off.
const AT_ONCE: usize = 64;

/// What a client sends.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Incoming {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Pong {},
    Subscribe {
        id: String,
        payload: Map<String, Value>,
    },
    Complete {
        id: String,
    },
}

/// Why a socket is left.
enum Leave {
    /// With a word.
    Close(Close, String),
    /// The peer has said goodbye.
    ByPeer,
    /// It is gone, or takes nothing any more.
    Gone,
}

impl From<Close> for Leave {
    fn from(close: Close) -> Self {
        Self::Close(close, close.reason().to_owned())
    }
}

impl From<axum::Error> for Leave {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

/// Takes a socket, from a page of any origin: whose it is a token says, which its page has or has not. A browser adds none by itself,
/// as it would a cookie, so that nobody's page speaks for somebody else.
pub(in crate::http) fn upgrade(
    shared: Shared,
    (peer, id): (IpAddr, RequestId),
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let address = shared.proxies.caller(peer, headers);
    let token = header_token(headers).map(|token| token.map(str::to_owned)).map_err(|_| ());
    let wanted = language(headers);
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(shared.body_limit)
        .max_frame_size(shared.body_limit)
        .on_upgrade(move |socket| serve(socket, shared, (address, id), (token, wanted)))
}

/// What came in the header, or that it could not be read.
type SentToken = Result<Option<String>, ()>;

/// Serves a socket until it is left.
async fn serve(mut socket: WebSocket, shared: Shared, place: (IpAddr, RequestId), sent: (SentToken, Option<Language>)) {
    let left = if socket.protocol().is_none_or(|protocol| protocol != PROTOCOL) {
        Close::WrongProtocol.into()
    } else {
        Box::pin(Connection::new(shared, place, sent)).run(&mut socket).await
    };
    let goodbye = async {
        match left {
            Leave::Close(close, reason) => {
                let close = CloseFrame { code: close.code(), reason: reason.into() };
                socket.send(Message::Close(Some(close))).await?;
            }
            Leave::ByPeer => {}
            Leave::Gone => return Ok::<_, axum::Error>(()),
        }
        // The peer's word is waited for, or answered, by reading on (RFC 6455, section 5.5.1).
        while let Some(Ok(_)) = socket.recv().await {}
        Ok(())
    };
    // Who does not answer is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(2), Box::pin(goodbye)).await;
}

/// A socket's state.
struct Connection {
    shared: Shared,
    address: IpAddr,
    /// Its own: that of the call which asked for it.
    id: RequestId,
    /// How many operations it was asked for.
    asked: u64,
    /// What came in the header, for an init that brings no token.
    token: SentToken,
    /// The language that is wanted, by the header or by the init, which a browser can say.
    wanted: Option<Language>,
    caller: Option<Greeted>,
    /// When it is left: without an init, or when the token has ended.
    deadline: BoxFuture<'static, ()>,
    /// What is under way, by the client's id.
    running: HashMap<Arc<str>, Running>,
    /// Whose turn it is to begin.
    turns: Arc<Semaphore>,
    answers: SelectAll<BoxStream<'static, (Arc<str>, Option<Answer>)>>,
}

/// An operation under way.
struct Running {
    handle: AbortHandle,
    /// How long its text and variables are: what it holds follows from that.
    size: usize,
    /// One of those that the caller has under way.
    _hold: Hold,
}

/// Who is at the other end.
struct Greeted {
    pass: Option<Pass>,
    /// One of their sockets.
    _socket: Hold,
}

impl Connection {
    fn new(shared: Shared, (address, id): (IpAddr, RequestId), (token, wanted): (SentToken, Option<Language>)) -> Self {
        let deadline = tokio::time::sleep(shared.socket_init).boxed();
        Self {
            shared,
            address,
            id,
            asked: 0,
            token,
            wanted,
            caller: None,
            deadline,
            running: HashMap::new(),
            turns: Arc::new(Semaphore::new(1)),
            answers: SelectAll::new(),
        }
    }

    /// Serves the socket; why it is to be left.
    async fn run(&mut self, socket: &mut WebSocket) -> Leave {
        let mut lifeline = self.shared.lifeline.clone();
        // What is waited for long is begun once, not at each turn.
        let mut ended = pin!(lifeline.ended());
        let mut beat = tokio::time::interval(self.shared.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = 0;
        loop {
            let done = tokio::select! {
                received = socket.recv() => {
                    silent = 0;
                    match received {
                        None => Err(Leave::Gone),
                        // Too large, not text, not a frame: one that is still there hears of it.
                        Some(Err(_)) => Err(Close::Malformed.into()),
                        // Boxed where it is rare: a socket that waits, as almost all do, holds little.
                        Some(Ok(message)) => Box::pin(self.take(socket, message)).await,
                    }
                }
                Some(answer) = self.answers.next(), if !self.answers.is_empty() => {
                    Box::pin(self.send_answers(socket, answer)).await
                }
                _ = beat.tick() => {
                    silent += 1;
                    // Two beats without a sign: nobody is there.
                    if silent > 2 { Err(Leave::Gone) } else { Box::pin(self.send(socket, Message::Ping(Bytes::new()))).await }
                }
                () = &mut self.deadline => {
                    Err(if self.caller.is_none() { Close::NoInit.into() } else { Close::Forbidden.into() })
                }
                () = &mut ended => Err(Close::Restart.into()),
            };
            if let Err(leave) = done {
                return leave;
            }
        }
    }

    /// Takes what a client sends.
    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Leave> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Close::Malformed.into()),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Leave::ByPeer),
        };
        self.shared.admission.limits.check_body(text.as_bytes()).map_err(|_| Close::Malformed)?;
        match serde_json::from_str(&text).map_err(|_| Close::Malformed)? {
            Incoming::Pong {} => Ok(()),
            Incoming::Ping { payload } => {
                let mut pong = json!({ "type": "pong" });
                if let Some(payload) = payload {
                    pong["payload"] = payload.into();
                }
                self.send_json(socket, &pong).await
            }
            Incoming::ConnectionInit { payload } => {
                if self.caller.is_some() {
                    return Err(Close::ManyInits.into());
                }
                let payload = payload.unwrap_or_default();
                let said = payload.get("language").or(payload.get("Accept-Language")).and_then(Value::as_str);
                self.wanted = said.and_then(language_of).or(self.wanted);
                self.greet(&payload).await?;
                self.send_json(socket, &json!({ "type": "connection_ack" })).await
            }
            Incoming::Complete { id } => {
                if let Some(running) = self.running.remove(id.as_str()) {
                    running.handle.abort();
                }
                Ok(())
            }
            Incoming::Subscribe { id, payload } => {
                let Some(caller) = &self.caller else { return Err(Close::Unauthorized.into()) };
                if id.is_empty() || id.len() > LONGEST_ID {
                    return Err(Close::Malformed.into());
                }
                if self.running.contains_key(id.as_str()) {
                    return Err(Leave::Close(Close::IdInUse, reason(&id)));
                }
                let pass = caller.pass;
                self.begin(socket, id, (payload, text.len()), pass).await
            }
        }
    }

    /// Finds out who is at the other end.
    async fn greet(&mut self, payload: &Map<String, Value>) -> Result<(), Leave> {
        let given = ["Authorization", "authorization", "token", "accessToken"].iter().find_map(|key| payload.get(*key));
        let token = match given {
            Some(Value::String(given)) => {
                let given = given.trim();
                Some(
                    given
                        .split_once(' ')
                        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                        .map_or(given, |(_, token)| token.trim()),
                )
            }
            Some(Value::Null) | None => self.token.as_ref().map_err(|()| Close::Forbidden)?.as_deref(),
            Some(_) => return Err(Close::Forbidden.into()),
        };
        let mut deadline = tokio::time::sleep(ANONYMOUS).boxed();
        let mut pass = None;
        if let Some(token) = token {
            let service = &self.shared.service;
            let refused = |refused| match refused {
                Refused::Unavailable(_) => Close::Later,
                _ => Close::Forbidden,
            };
            let found = service.pass_of(token).await;
            if found.as_ref().is_err_and(|refused| matches!(refused, Refused::Unauthenticated)) {
                // It is closed either way; what else comes from there is told by this.
                let _ = self.shared.rates.take(None, self.address, 1);
            }
            let (found, until) = found.map_err(refused)?;
            service.caller(found).await.map_err(refused)?;
            deadline = service.clock().sleep_until(until);
            pass = Some(found);
        }
        let open = self.shared.sockets.take(Caller::of(pass, self.address)).ok_or(Close::ManySockets)?;
        self.deadline = deadline;
        self.caller = Some(Greeted { pass, _socket: open });
        Ok(())
    }

    /// Begins an operation.
    async fn begin(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        (payload, size): (Map<String, Value>, usize),
        pass: Option<Pass>,
    ) -> Result<(), Leave> {
        self.asked += 1;
        let request_id = self.id.for_operation(self.asked);
        if let Err(standing) = self.shared.rates.take(pass, self.address, 1) {
            let answer = ErrorCode::RateLimited.response_with(standing.message(), standing.details());
            let response = request_id.add_to(graphql::translate_errors(answer, self.wanted));
            return self.send_error(socket, &id, &response).await;
        }
        let held: usize = self.running.values().map(|running| running.size).sum();
        let most = self.shared.body_limit;
        if self.running.len() >= OPERATIONS || held + size > most {
            let message = format!(
                "No other operation is taken on this connection: at most {OPERATIONS} may be under way, and with their \
                 variables they may be {most} bytes long together."
            );
            let response = request_id.add_to(ErrorCode::TooManyOperations.response(message));
            return self.send_error(socket, &id, &response).await;
        }
        let request = operation_of(Value::Object(payload)).map_err(|_| Close::Malformed)?;
        let hold = match self.shared.hold(pass, self.address) {
            Ok(hold) => hold,
            Err(response) => return self.send_error(socket, &id, &request_id.add_to(*response)).await,
        };
        let (shared, address, wanted) = (self.shared.clone(), self.address, self.wanted);
        // What is sent later begins later: who subscribes and then reads misses nothing between the two. Turns are taken in the
        // order in which they are first waited for, which is that of what was sent. A query or a mutation has begun once it is read.
        let turns = self.turns.clone();
        let begin = async move {
            let beginning = async {
                let _turn = turns.acquire().await;
                begin(&shared, request, pass, (address, request_id.clone()), wanted).await
            };
            let begun = tokio::time::timeout(shared.operation, beginning).await;
            begun.unwrap_or_else(|_| only(timed_out(&shared, &request_id, wanted)))
        };
        let over = stream::once(std::future::ready(None));
        let answers = stream::once(Box::pin(begin)).flatten().map(Some).chain(over);
        // Aborted with its end: the client may use the id again at once.
        let (answers, running) = abortable(answers);
        let id: Arc<str> = id.into();
        self.running.insert(id.clone(), Running { handle: running, size, _hold: hold });
        self.answers.push(answers.map(move |answer| (id.clone(), answer)).boxed());
        Ok(())
    }

    /// Sends an answer, and what else is ready by then.
    async fn send_answers(
        &mut self,
        socket: &mut WebSocket,
        (id, answer): (Arc<str>, Option<Answer>),
    ) -> Result<(), Leave> {
        let patience = self.shared.heartbeat * 2;
        let sending = async {
            self.write_answer(socket, &id, answer).await?;
            for _ in 1..AT_ONCE {
                let Some(Some((id, answer))) = self.answers.next().now_or_never() else { break };
                self.write_answer(socket, &id, answer).await?;
            }
            Ok::<_, Leave>(socket.flush().await?)
        };
        tokio::time::timeout(patience, sending).await.unwrap_or(Err(Leave::Gone))
    }

    async fn write_answer(
        &mut self,
        socket: &mut WebSocket,
        id: &Arc<str>,
        answer: Option<Answer>,
    ) -> Result<(), Leave> {
        let message = match answer {
            Some(Answer::Next(answer, _)) => next(id, &answer).ok_or(Leave::Gone)?,
            Some(Answer::SignedOut) => return Err(Close::Forbidden.into()),
            Some(Answer::Failed(response)) => {
                // An error is its end: no other is told.
                if let Some(running) = self.running.remove(id) {
                    running.handle.abort();
                }
                Message::text(error(id, &response).to_string())
            }
            None => {
                self.running.remove(id);
                Message::text(json!({ "id": &**id, "type": "complete" }).to_string())
            }
        };
        Ok(socket.feed(message).await?)
    }

    async fn send_error(
        &mut self,
        socket: &mut WebSocket,
        id: &str,
        response: &async_graphql::Response,
    ) -> Result<(), Leave> {
        self.send_json(socket, &error(id, response)).await
    }

    async fn send_json(&mut self, socket: &mut WebSocket, message: &Value) -> Result<(), Leave> {
        self.send(socket, Message::text(message.to_string())).await
    }

    /// Sends; a peer that takes nothing for two beats is gone.
    async fn send(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Leave> {
        match tokio::time::timeout(self.shared.heartbeat * 2, socket.send(message)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Leave::Gone),
        }
    }
}

/// The answers to what was sent, with whatever is wrong with it as the only one.
async fn begin(
    shared: &Shared,
    request: Request,
    pass: Option<Pass>,
    (address, id): (IpAddr, RequestId),
    wanted: Option<Language>,
) -> BoxStream<'static, Answer> {
    match shared.admission.admit(request, shared.schema.index()).instrument(id.span()).await {
        Ok(operation) => answers(shared, operation.with_requested_language(wanted), pass, (address, id), None).await,
        Err(response) => only(Answer::Failed(id.add_to(*response))),
    }
}

/// `next`, around an answer that is written already.
fn next(id: &str, answer: &Bytes) -> Option<Message> {
    let id = Value::from(id).to_string();
    let mut text = Vec::with_capacity(id.len() + answer.len() + 40);
    for part in [&b"{\"id\":"[..], id.as_bytes(), b",\"type\":\"next\",\"payload\":", answer, b"}"] {
        text.extend_from_slice(part);
    }
    Utf8Bytes::try_from(Bytes::from(text)).ok().map(Message::Text)
}

fn error(id: &str, response: &async_graphql::Response) -> Value {
    json!({ "id": id, "type": "error", "payload": response.errors })
}

/// What closes a socket whose client uses an id twice; a close frame holds 123 bytes.
fn reason(id: &str) -> String {
    let shown: String = id.chars().take_while(|c| !c.is_control()).take(20).collect();
    format!("Subscriber for {shown} already exists")
}
