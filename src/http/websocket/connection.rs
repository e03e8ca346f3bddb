//! Connections of the WebSocket protocol `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, AbortHandle, BoxStream, SelectAll, StreamExt, abortable};
use futures_util::{FutureExt, SinkExt};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;
use tracing::Instrument;

use super::close_code::CloseCode;
use super::message::{ClientMessage, duplicate_id_reason, error_message, next_message};
use crate::graphql::{self, ErrorCode, RequestId};
use crate::http::client::ClientKey;
use crate::http::concurrency::ConcurrencyPermit;
use crate::http::execution::{ResponseItem, response_stream, single_item, timed_out};
use crate::http::graphql_request::{bearer_token, parse_operation};
use crate::http::quality_values::{parse_preferred_language, preferred_language};
use crate::http::state::ServerState;
use crate::language::Language;
use crate::service::{Pass, ServiceError};

/// The only supported subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";

/// Size of the read and write buffers: frames are small, and sockets are many.
const BUFFER_SIZE: usize = 2048;

/// Maximum number of concurrent operations of a socket.
const MAX_OPERATIONS: usize = 100;

/// Maximum length of an operation id, repeated in every message.
const MAX_ID_LENGTH: usize = 128;

/// Lifetime of an anonymous socket. Followers sign in.
const ANONYMOUS_LIFETIME: Duration = Duration::from_secs(900);

/// Maximum number of messages for each flush.
const MESSAGES_PER_FLUSH: usize = 64;

/// End of a connection.
enum Termination {
    /// Closed with a code and a reason.
    Close(CloseCode, String),
    /// Closed by the peer.
    ByPeer,
    /// Lost, or stalled.
    Gone,
}

impl From<CloseCode> for Termination {
    fn from(close: CloseCode) -> Self {
        Self::Close(close, close.reason().to_owned())
    }
}

impl From<axum::Error> for Termination {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

/// Accepts a socket from a page of any origin. Only its token authenticates it: browsers add no cookie by themselves,
/// so no page can act for another site's user.
pub(in crate::http) fn upgrade(
    state: ServerState,
    (peer, id): (IpAddr, RequestId),
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let address = state.settings.trusted_proxies.client_address(peer, headers);
    let token = bearer_token(headers).map(|token| token.map(str::to_owned)).map_err(|_| ());
    let wanted = preferred_language(headers);
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(BUFFER_SIZE)
        .write_buffer_size(BUFFER_SIZE)
        .max_message_size(state.settings.body_limit)
        .max_frame_size(state.settings.body_limit)
        .on_upgrade(move |socket| serve(socket, state, (address, id), (token, wanted)))
}

/// Bearer token of the upgrade request, or an error if malformed.
type HeaderToken = Result<Option<String>, ()>;

/// Serves a socket until its end.
async fn serve(
    mut socket: WebSocket,
    state: ServerState,
    place: (IpAddr, RequestId),
    sent: (HeaderToken, Option<Language>),
) {
    let end = if socket.protocol().is_none_or(|protocol| protocol != PROTOCOL) {
        CloseCode::WrongProtocol.into()
    } else {
        Box::pin(Connection::new(state, place, sent)).run(&mut socket).await
    };
    let closing = async {
        match end {
            Termination::Close(close, reason) => {
                let close = CloseFrame { code: close.code(), reason: reason.into() };
                socket.send(Message::Close(Some(close))).await?;
            }
            Termination::ByPeer => {}
            Termination::Gone => return Ok::<_, axum::Error>(()),
        }
        // Reading on completes the closing handshake (RFC 6455, section 5.5.1).
        while let Some(Ok(_)) = socket.recv().await {}
        Ok(())
    };
    // A silent peer gets two seconds.
    let _ = tokio::time::timeout(Duration::from_secs(2), Box::pin(closing)).await;
}

/// State of a socket.
struct Connection {
    state: ServerState,
    address: IpAddr,
    /// Id of the upgrade request.
    id: RequestId,
    /// Number of operations so far.
    operation_count: u64,
    /// Token of the upgrade request, used if `connection_init` has none.
    token: HeaderToken,
    /// Language of messages, from the header or from `connection_init`, the only way for browsers.
    wanted: Option<Language>,
    client: Option<InitializedClient>,
    /// Time of the close: the timeout of `connection_init`, or the token's expiry.
    deadline: BoxFuture<'static, ()>,
    /// Running operations, by the client's id.
    running: HashMap<Arc<str>, RunningOperation>,
    /// Serializes the start of operations.
    start_order: Arc<Semaphore>,
    items: SelectAll<BoxStream<'static, (Arc<str>, Option<ResponseItem>)>>,
}

/// A running operation.
struct RunningOperation {
    handle: AbortHandle,
    /// Length of its message, a measure of its memory.
    size: usize,
    /// Permit of the person's concurrent operations.
    _permit: ConcurrencyPermit,
}

/// The client after `connection_init`.
struct InitializedClient {
    pass: Option<Pass>,
    /// Permit of the person's open sockets.
    _socket: ConcurrencyPermit,
}

impl Connection {
    fn new(
        state: ServerState,
        (address, id): (IpAddr, RequestId),
        (token, wanted): (HeaderToken, Option<Language>),
    ) -> Self {
        let deadline = tokio::time::sleep(state.settings.init_timeout).boxed();
        Self {
            state,
            address,
            id,
            operation_count: 0,
            token,
            wanted,
            client: None,
            deadline,
            running: HashMap::new(),
            start_order: Arc::new(Semaphore::new(1)),
            items: SelectAll::new(),
        }
    }

    /// Serves the socket. Returns the reason for its end.
    async fn run(&mut self, socket: &mut WebSocket) -> Termination {
        let mut shutdown = self.state.shutdown.clone();
        // Pinned once, not in each iteration.
        let mut shutdown = pin!(shutdown.notified());
        let mut heartbeat = tokio::time::interval(self.state.settings.heartbeat_interval);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_beats = 0;
        loop {
            let done = tokio::select! {
                received = socket.recv() => {
                    silent_beats = 0;
                    match received {
                        None => Err(Termination::Gone),
                        // Too large, not text, or not a frame.
                        Some(Err(_)) => Err(CloseCode::Malformed.into()),
                        // Boxed, so that idle sockets, the vast majority, stay small.
                        Some(Ok(message)) => Box::pin(self.handle(socket, message)).await,
                    }
                }
                Some(item) = self.items.next(), if !self.items.is_empty() => {
                    Box::pin(self.send_items(socket, item)).await
                }
                _ = heartbeat.tick() => {
                    silent_beats += 1;
                    // No sign of life for two heartbeats.
                    match silent_beats > 2 {
                        true => Err(Termination::Gone),
                        false => Box::pin(self.send(socket, Message::Ping(Bytes::new()))).await,
                    }
                }
                () = &mut self.deadline => {
                    Err(if self.client.is_none() { CloseCode::NoInit.into() } else { CloseCode::Forbidden.into() })
                }
                () = &mut shutdown => Err(CloseCode::Restart.into()),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Handles a message.
    async fn handle(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Termination> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(CloseCode::Malformed.into()),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Termination::ByPeer),
        };
        self.state.schema.compiler().limits().check_body(text.as_bytes()).map_err(|_| CloseCode::Malformed)?;
        match serde_json::from_str(&text).map_err(|_| CloseCode::Malformed)? {
            ClientMessage::Pong {} => Ok(()),
            ClientMessage::Ping { payload } => {
                let mut pong = json!({ "type": "pong" });
                if let Some(payload) = payload {
                    pong["payload"] = payload.into();
                }
                self.send_json(socket, &pong).await
            }
            ClientMessage::ConnectionInit { payload } => {
                if self.client.is_some() {
                    return Err(CloseCode::ManyInits.into());
                }
                let payload = payload.unwrap_or_default();
                let language = payload.get("language").or(payload.get("Accept-Language")).and_then(Value::as_str);
                self.wanted = language.and_then(parse_preferred_language).or(self.wanted);
                self.authenticate(&payload).await?;
                self.send_json(socket, &json!({ "type": "connection_ack" })).await
            }
            ClientMessage::Complete { id } => {
                if let Some(running) = self.running.remove(id.as_str()) {
                    running.handle.abort();
                }
                Ok(())
            }
            ClientMessage::Subscribe { id, payload } => {
                let Some(client) = &self.client else { return Err(CloseCode::Unauthorized.into()) };
                if id.is_empty() || id.len() > MAX_ID_LENGTH {
                    return Err(CloseCode::Malformed.into());
                }
                if self.running.contains_key(id.as_str()) {
                    return Err(Termination::Close(CloseCode::IdInUse, duplicate_id_reason(&id)));
                }
                let pass = client.pass;
                self.start(socket, id, (payload, text.len()), pass).await
            }
        }
    }

    /// Authenticates the client.
    async fn authenticate(&mut self, payload: &Map<String, Value>) -> Result<(), Termination> {
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
            Some(Value::Null) | None => self.token.as_ref().map_err(|()| CloseCode::Forbidden)?.as_deref(),
            Some(_) => return Err(CloseCode::Forbidden.into()),
        };
        let mut deadline = tokio::time::sleep(ANONYMOUS_LIFETIME).boxed();
        let mut pass = None;
        if let Some(token) = token {
            let service = &self.state.service;
            let refused = |refused| match refused {
                ServiceError::Unavailable(_) => CloseCode::Later,
                _ => CloseCode::Forbidden,
            };
            let found = service.pass_of(token).await;
            if found.as_ref().is_err_and(|refused| matches!(refused, ServiceError::Unauthenticated)) {
                // The socket closes anyway; the failure counts against the address.
                let _ = self.state.settings.rate_limits.take(None, self.address, 1);
            }
            let (found, until) = found.map_err(refused)?;
            service.caller(found).await.map_err(refused)?;
            deadline = service.clock().sleep_until(until);
            pass = Some(found);
        }
        let permit =
            self.state.socket_limit.acquire(ClientKey::from_pass(pass, self.address)).ok_or(CloseCode::ManySockets)?;
        self.deadline = deadline;
        self.client = Some(InitializedClient { pass, _socket: permit });
        Ok(())
    }

    /// Starts an operation.
    async fn start(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        (payload, size): (Map<String, Value>, usize),
        pass: Option<Pass>,
    ) -> Result<(), Termination> {
        self.operation_count += 1;
        let request_id = self.id.for_operation(self.operation_count);
        if let Err(status) = self.state.settings.rate_limits.take(pass, self.address, 1) {
            let answer = ErrorCode::RateLimited.response_with(status.message(), status.details());
            let response = request_id.add_to(graphql::translate_errors(answer, self.wanted));
            return self.send_error(socket, &id, &response).await;
        }
        let running_size: usize = self.running.values().map(|running| running.size).sum();
        let most = self.state.settings.body_limit;
        if self.running.len() >= MAX_OPERATIONS || running_size + size > most {
            let message = format!(
                "No other operation is taken on this connection: at most {MAX_OPERATIONS} may be under way, and with their \
                 variables they may be {most} bytes long together."
            );
            let response = request_id.add_to(ErrorCode::TooManyOperations.response(message));
            return self.send_error(socket, &id, &response).await;
        }
        let request = parse_operation(Value::Object(payload)).map_err(|_| CloseCode::Malformed)?;
        let permit = match self.state.operation_permit(pass, self.address) {
            Ok(permit) => permit,
            Err(response) => return self.send_error(socket, &id, &request_id.add_to(*response)).await,
        };
        let (state, address, wanted) = (self.state.clone(), self.address, self.wanted);
        // Operations start in the order of their messages, so a client that subscribes and then queries misses nothing
        // in between. The semaphore is fair. A query or a mutation has started once it is parsed.
        let start_order = self.start_order.clone();
        let start = async move {
            let started = async {
                let _turn = start_order.acquire().await;
                execute(&state, request, pass, (address, request_id.clone()), wanted).await
            };
            let started = tokio::time::timeout(state.settings.operation_timeout, started).await;
            started.unwrap_or_else(|_| single_item(timed_out(&state, &request_id, wanted)))
        };
        let end = stream::once(std::future::ready(None));
        let items = stream::once(Box::pin(start)).flatten().map(Some).chain(end);
        // The end marker is aborted too, so the client may reuse the id at once.
        let (items, handle) = abortable(items);
        let id: Arc<str> = id.into();
        self.running.insert(id.clone(), RunningOperation { handle, size, _permit: permit });
        self.items.push(items.map(move |item| (id.clone(), item)).boxed());
        Ok(())
    }

    /// Sends an item, and all others that are ready.
    async fn send_items(
        &mut self,
        socket: &mut WebSocket,
        (id, item): (Arc<str>, Option<ResponseItem>),
    ) -> Result<(), Termination> {
        let timeout = self.state.settings.heartbeat_interval * 2;
        let sending = async {
            self.write_item(socket, &id, item).await?;
            for _ in 1..MESSAGES_PER_FLUSH {
                let Some(Some((id, item))) = self.items.next().now_or_never() else { break };
                self.write_item(socket, &id, item).await?;
            }
            Ok::<_, Termination>(socket.flush().await?)
        };
        tokio::time::timeout(timeout, sending).await.unwrap_or(Err(Termination::Gone))
    }

    async fn write_item(
        &mut self,
        socket: &mut WebSocket,
        id: &Arc<str>,
        item: Option<ResponseItem>,
    ) -> Result<(), Termination> {
        let message = match item {
            Some(ResponseItem::Next(response, _)) => next_message(id, &response).ok_or(Termination::Gone)?,
            Some(ResponseItem::SignedOut) => return Err(CloseCode::Forbidden.into()),
            Some(ResponseItem::Failed(response)) => {
                // An error ends the operation.
                if let Some(running) = self.running.remove(id) {
                    running.handle.abort();
                }
                Message::text(error_message(id, &response).to_string())
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
    ) -> Result<(), Termination> {
        self.send_json(socket, &error_message(id, response)).await
    }

    async fn send_json(&mut self, socket: &mut WebSocket, message: &Value) -> Result<(), Termination> {
        self.send(socket, Message::text(message.to_string())).await
    }

    /// Sends a message. A peer that stalls for two heartbeats is lost.
    async fn send(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Termination> {
        match tokio::time::timeout(self.state.settings.heartbeat_interval * 2, socket.send(message)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Termination::Gone),
        }
    }
}

/// Admits and executes an operation.
async fn execute(
    state: &ServerState,
    request: Request,
    pass: Option<Pass>,
    (address, id): (IpAddr, RequestId),
    wanted: Option<Language>,
) -> BoxStream<'static, ResponseItem> {
    match state.admission.admit(request, state.schema.compiler()).instrument(id.span()).await {
        Ok(operation) => {
            response_stream(state, operation.with_requested_language(wanted), pass, (address, id), None).await
        }
        Err(response) => single_item(ResponseItem::Failed(id.add_to(*response))),
    }
}
