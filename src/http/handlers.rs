//! Handlers for GraphQL operations by POST and GET, answered in one of the two media types or as an event stream.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use async_graphql::Request;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tracing::Instrument;

use super::compression::Compressible;
use super::content_negotiation::{MediaType, accepts_event_stream};
use super::error::HttpError;
use super::execution::{self, ResponseItem};
use super::graphql_request::{QueryParameters, SentRequest, bearer_token, check_url, malformed};
use super::graphql_response::{public_response, to_json, uncached_response};
use super::quality_values::preferred_language;
use super::rate_limit::RateLimitStatus;
use super::state::ServerState;
use super::{concurrency, sse, websocket};
use crate::graphql::{self, ErrorCode, ErrorResponse, Operation, RequestId, SingleResponse};
use crate::service::Pass;

/// Allowed methods.
const METHODS: &str = "GET, HEAD, POST";

/// Message to a WebSocket client whose handshake is incomplete.
const BROKEN_HANDSHAKE: &str = "This WebSocket handshake is not complete: over HTTP/1.1 it is a GET with `Upgrade: websocket`, \
    `Connection: Upgrade`, which a proxy in between must pass on, and `Sec-WebSocket-Version: 13`; over HTTP/2 a CONNECT with \
    `:protocol` websocket.";

/// Message to a subscription without a streaming media type.
const FOLLOW: &str = "Follow a subscription by WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.";

/// Handles a POST.
pub(super) async fn post(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Response {
    let call = HttpCall::new(&state, peer.ip(), &headers, id, false);
    // The timeout covers the body, so slow clients hold no resources for longer.
    call.respond(async |media| {
        let sent = SentRequest::read(&headers, request.into_body(), &state).await;
        call.handle(sent, media).await
    })
    .await
}

/// Handles a GET: a WebSocket over HTTP/1.1, an event stream, or a query.
pub(super) async fn get(
    State(state): State<ServerState>,
    peer: ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    uri: Uri,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    query: Result<Query<QueryParameters>, QueryRejection>,
) -> Response {
    if let Ok(socket) = socket {
        return websocket::upgrade(state, (peer.ip(), id), &headers, socket);
    }
    let call = HttpCall::new(&state, peer.ip(), &headers, id, true);
    call.respond(async |media| {
        // Sent by every WebSocket client, and by no other.
        if headers.contains_key(header::SEC_WEBSOCKET_VERSION) {
            return Err(HttpError::bad_request(BROKEN_HANDSHAKE));
        }
        check_url(&uri)?;
        let parameters = query.map_err(|error| malformed(&error.body_text()));
        call.handle(parameters.and_then(|Query(parameters)| parameters.parse(&state)), media).await
    })
    .await
}

/// Handles a CONNECT: a WebSocket over HTTP/2 (RFC 8441).
pub(super) async fn connect(
    State(state): State<ServerState>,
    peer: ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match socket {
        Ok(socket) => websocket::upgrade(state, (peer.ip(), id), &headers, socket),
        Err(_) => {
            let error = HttpError::bad_request(BROKEN_HANDSHAKE);
            error.respond(MediaType::Json, preferred_language(&headers), &id)
        }
    }
}

/// Handles all other methods.
pub(super) async fn method_not_allowed(Extension(id): Extension<RequestId>, headers: HeaderMap) -> Response {
    let message = match headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        true => "This server answers pages of its own origin alone: whoever runs it may name yours in `cors_origins`.",
        false => "Send queries by GET or POST, mutations by POST.",
    };
    let media = MediaType::negotiate(&headers).unwrap_or(MediaType::Json);
    HttpError::method_not_allowed(METHODS, message).respond(media, preferred_language(&headers), &id)
}

/// An admitted operation, or the complete response to a rejected one.
type AdmissionResult = Result<Operation, Box<async_graphql::Response>>;

/// Identity of the caller, with the expiry of the token; empty for anonymous callers.
#[derive(Clone, Copy)]
struct Authentication {
    pass: Option<Pass>,
    expires_at: Option<DateTime<Utc>>,
}

/// An HTTP request with its origin.
struct HttpCall<'a> {
    state: &'a ServerState,
    address: IpAddr,
    headers: &'a HeaderMap,
    id: RequestId,
    /// A GET, with a cacheable response.
    is_get: bool,
    /// State of the rate limit, set by authentication.
    rate_limit_status: OnceLock<RateLimitStatus>,
}

impl<'a> HttpCall<'a> {
    fn new(state: &'a ServerState, peer: IpAddr, headers: &'a HeaderMap, id: RequestId, is_get: bool) -> Self {
        let address = state.settings.trusted_proxies.client_address(peer, headers);
        Self { state, address, headers, id, is_get, rate_limit_status: OnceLock::new() }
    }

    /// Responds in an acceptable media type, within the timeout.
    async fn respond(&self, response: impl AsyncFnOnce(MediaType) -> Result<Response, HttpError>) -> Response {
        let language = preferred_language(self.headers);
        let media = match MediaType::negotiate(self.headers) {
            Some(media) => media,
            // Errors outside of event streams are JSON.
            None if accepts_event_stream(self.headers) => MediaType::Json,
            None => {
                let message = "Answers are application/graphql-response+json, application/json or text/event-stream: \
                    name one of them in `Accept`.";
                return HttpError::not_acceptable(message).respond(MediaType::Json, language, &self.id);
            }
        };
        let timeout = self.state.settings.operation_timeout;
        let response = tokio::time::timeout(timeout, response(media)).await;
        let response = response.unwrap_or_else(|_| Err(HttpError::timeout(timeout.as_secs())));
        let mut response = response.unwrap_or_else(|error| error.respond(media, language, &self.id));
        // Not in shared caches: the status is the caller's own.
        if let Some(status) = self.rate_limit_status.get()
            && !response.headers().contains_key(header::ETAG)
        {
            status.set_headers(response.headers_mut());
        }
        response
    }

    /// Handles a parsed request. Malformed requests count against the rate limit too.
    async fn handle(&self, sent: Result<SentRequest, HttpError>, media: MediaType) -> Result<Response, HttpError> {
        let caller = self.authenticate(sent.as_ref().map_or(1, SentRequest::count)).await?;
        match sent? {
            SentRequest::OverLimit(response) => self.run(Err(response), caller, media).await,
            SentRequest::Single(request) => {
                let operation = self.admit(*request).await;
                // A GET may be repeated, prefetched, or forged by another site: it must not change anything.
                if self.is_get && operation.as_ref().is_ok_and(Operation::is_mutation) {
                    return Err(HttpError::method_not_allowed("POST", "Send a mutation by POST."));
                }
                self.run(operation, caller, media).await
            }
            SentRequest::Batch(requests) => {
                let mut operations = Vec::new();
                for (number, request) in (1..).zip(requests) {
                    operations.push(self.admit(request).instrument(self.id.for_operation(number).span()).await);
                }
                self.run_batch(operations, caller, media).await
            }
        }
    }

    /// Admits an operation in the caller's language.
    async fn admit(&self, request: Request) -> AdmissionResult {
        let admitted = self.state.admission.admit(request, self.state.schema.compiler()).await;
        admitted.map(|operation| operation.with_requested_language(preferred_language(self.headers)))
    }

    /// Authenticates the caller, and takes the operations out of the rate limit.
    async fn authenticate(&self, operations: usize) -> Result<Authentication, HttpError> {
        let found = match bearer_token(self.headers) {
            Ok(None) => Ok(None),
            Ok(Some(token)) => self.state.service.pass_of(token).await.map(Some).map_err(HttpError::from),
            Err(error) => Err(error),
        };
        // An unavailable database does not count against the rate limit.
        if found.as_ref().is_err_and(|error| !error.is_unauthenticated()) {
            return found.map(|_| Authentication { pass: None, expires_at: None });
        }
        let (pass, expires_at) = found.as_ref().ok().copied().flatten().unzip();
        let status = self.state.settings.rate_limits.take(pass, self.address, operations);
        if let Ok(Some(status)) | Err(status) = &status {
            let _ = self.rate_limit_status.set(*status);
        }
        status.map_err(|status| HttpError::rate_limited(&status))?;
        found.map(|_| Authentication { pass, expires_at })
    }

    /// Executes an operation and responds.
    async fn run(
        &self,
        operation: AdmissionResult,
        caller: Authentication,
        media: MediaType,
    ) -> Result<Response, HttpError> {
        let follows = operation.as_ref().is_ok_and(Operation::is_subscription);
        if self.is_streamed(follows) {
            return Ok(self.stream(operation, caller).await);
        }
        let is_query = operation.as_ref().is_ok_and(Operation::is_query);
        let executed = match operation {
            Ok(_) if follows => return Err(HttpError::not_acceptable(FOLLOW)),
            Ok(operation) => execution::execute(self.state, operation, caller.pass, self.address).await?,
            Err(response) => SingleResponse { response: *response, is_public: false },
        };
        let SingleResponse { response, is_public } = executed;
        let status = match (media, status(&response)) {
            (MediaType::Graphql, status) => status,
            // Server errors have their status in both media types.
            (MediaType::Json, status) if status.is_server_error() => status,
            (MediaType::Json, _) => StatusCode::OK,
        };
        let body = to_json(&self.id.add_to(response));
        let mut response = match self.is_get && is_public {
            true => public_response(self.headers, media, body),
            false => uncached_response(status, media, body),
        };
        if is_query {
            response.extensions_mut().insert(Compressible);
        }
        Ok(response)
    }

    /// Executes operations one after another and responds with the list, within the timeout of a single one.
    async fn run_batch(
        &self,
        operations: Vec<AdmissionResult>,
        caller: Authentication,
        media: MediaType,
    ) -> Result<Response, HttpError> {
        if self.is_streamed(false) {
            return Err(HttpError::batch(
                "A batch is not answered by a stream of events: send its operations by themselves.",
            ));
        }
        // Before execution, so that no batch is executed in part.
        if operations.iter().flatten().any(Operation::is_subscription) {
            return Err(HttpError::batch("A subscription is not followed in a batch: send it by itself."));
        }
        let is_all_queries = operations.iter().flatten().all(Operation::is_query);
        let mut body = Vec::from(*b"[");
        for (number, operation) in (1..).zip(operations) {
            let id = self.id.for_operation(number);
            let response = match operation {
                Ok(operation) => {
                    let wanted = operation.requested_language();
                    let executed = execution::execute(self.state, operation, caller.pass, self.address);
                    let executed = executed.instrument(id.span()).await;
                    executed.map_or_else(
                        |refused| ErrorResponse::from(refused).translated(wanted).response,
                        |single| single.response,
                    )
                }
                Err(response) => *response,
            };
            if number > 1 {
                body.push(b',');
            }
            body.extend(to_json(&id.add_to(response)));
        }
        body.push(b']');
        let mut response = uncached_response(StatusCode::OK, media, body);
        if is_all_queries {
            response.extensions_mut().insert(Compressible);
        }
        Ok(response)
    }

    /// Returns true for an event stream: a subscription of a client that accepts one, or any operation of a client that
    /// accepts nothing else. Clients with support for both send all three media types each time.
    fn is_streamed(&self, follows: bool) -> bool {
        accepts_event_stream(self.headers) && (follows || MediaType::negotiate(self.headers).is_none())
    }

    /// Executes an operation and responds with an event stream.
    async fn stream(&self, operation: AdmissionResult, caller: Authentication) -> Response {
        let resume = self.last_event_id();
        if resume.as_deref() == Some(sse::COMPLETE_ID) {
            return sse::respond_after_complete();
        }
        let permitted = operation.and_then(|operation| {
            let permit = self.state.operation_permit(caller.pass, self.address)?;
            Ok((operation, permit))
        });
        let items = match permitted {
            Ok((operation, permit)) => {
                let place = (self.address, self.id.clone());
                let items = execution::response_stream(self.state, operation, caller.pass, place, resume).await;
                concurrency::with_permit(items, permit)
            }
            Err(response) => execution::single_item(ResponseItem::Failed(self.id.add_to(*response))),
        };
        sse::respond(self.state, items, caller.expires_at, (preferred_language(self.headers), self.id.clone()))
    }

    /// The last event id of a reconnecting client.
    fn last_event_id(&self) -> Option<String> {
        // What is no text is no cursor either: it is refused as one, not ignored.
        let sent = String::from_utf8_lossy(self.headers.get(sse::LAST_EVENT_ID)?.as_bytes());
        (!sent.trim().is_empty()).then(|| sent.trim().to_owned())
    }
}

/// Status of a GraphQL response: 200 for every executed operation, even with errors.
fn status(response: &async_graphql::Response) -> StatusCode {
    if graphql::has_run(response) {
        return StatusCode::OK;
    }
    let is = |code: ErrorCode| response.errors.first().is_some_and(|error| code.matches(error));
    match () {
        () if is(ErrorCode::Unauthenticated) => StatusCode::UNAUTHORIZED,
        () if is(ErrorCode::Forbidden) => StatusCode::FORBIDDEN,
        () if is(ErrorCode::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        () if is(ErrorCode::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        () => StatusCode::BAD_REQUEST,
    }
}
