//! axum: routes, limits, health, explorer.

mod answers;
mod close;
mod events;
mod explorer;
mod lifeline;
mod proxies;
mod socket;

pub use close::Close;
pub use lifeline::{Ending, Lifeline, lifeline};
pub use proxies::Proxies;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};
use tower_http::trace::TraceLayer;

use crate::graphql::{self, ApiSchema, Code, Followed, Limits, Operation, Session};
use crate::language::Language;
use crate::service::{Pass, Refused, Service};

/// What the routes share.
#[derive(Clone)]
struct Shared {
    schema: ApiSchema,
    service: Service,
    limits: Limits,
    body_limit: usize,
    operation: Duration,
    socket_init: Duration,
    heartbeat: Duration,
    proxies: Arc<Proxies>,
    followed: Arc<Followed>,
    lifeline: Lifeline,
}

/// What is served, and within which limits.
pub struct Served {
    /// The schema.
    pub schema: ApiSchema,
    /// The service behind it.
    pub service: Service,
    /// The limits that every operation keeps.
    pub limits: Limits,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// How long an operation may take.
    pub operation: Duration,
    /// Whether the explorer is served.
    pub explorer: bool,
    /// Whose word is taken for where a caller calls from.
    pub proxies: Proxies,
    /// How long a WebSocket may take to say who it is.
    pub socket_init: Duration,
    /// How often a long connection shows that it lives.
    pub heartbeat: Duration,
    /// What long connections hear the end by.
    pub lifeline: Lifeline,
}

impl Served {
    /// The routes.
    pub fn router(self) -> Router {
        let Self {
            schema,
            service,
            limits,
            body_limit,
            operation,
            explorer,
            proxies,
            socket_init,
            heartbeat,
            lifeline,
        } = self;
        let explorer = if explorer { explorer::routes() } else { Router::new() };
        Router::new()
            .route("/graphql", post(graphql).get(long))
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(ready))
            .merge(explorer)
            .layer(TraceLayer::new_for_http())
            .with_state(Shared {
                schema,
                service,
                limits,
                body_limit,
                operation,
                socket_init,
                heartbeat,
                proxies: Arc::new(proxies),
                followed: Arc::default(),
                lifeline,
            })
    }
}

async fn ready(State(shared): State<Shared>) -> Response {
    match shared.service.store().ping().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}

/// An operation that never ran, or was cut short: its status, its code, and what to do.
struct Refusal(StatusCode, Code, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let body = json!({ "errors": [{ "message": message, "extensions": { "code": code.word() } }] });
        (status, axum::Json(body)).into_response()
    }
}

/// What a caller reads whose operation was given up.
fn too_long(seconds: u64) -> String {
    format!(
        "The operation took longer than {seconds} seconds and was given up. A mutation may or may not have been done: \
         send it again with the same idempotencyKey, or read first."
    )
}

async fn graphql(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<Response, Refusal> {
    // From the first byte of the body: who sends slowly, or not at all, holds nothing for longer.
    let answer = answer(&shared, peer, &headers, request);
    tokio::time::timeout(shared.operation, answer).await.unwrap_or_else(|_| {
        Err(Refusal(StatusCode::GATEWAY_TIMEOUT, Code::Timeout, too_long(shared.operation.as_secs())))
    })
}

async fn answer(
    shared: &Shared,
    peer: SocketAddr,
    headers: &HeaderMap,
    request: axum::extract::Request,
) -> Result<Response, Refusal> {
    // A form cannot send this type across origins without asking first: no request is forged by another site's page.
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.split(';').next().map(str::trim) != Some("application/json") {
        let message = "Send the operation as application/json.".to_owned();
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidOperation, message));
    }
    let body = read(request.into_body(), shared.body_limit).await?;
    if let Err(response) = shared.limits.hold(&body) {
        return Ok(axum::Json(response).into_response());
    }
    let request = serde_json::from_slice(&body).map_err(|error| error.to_string()).and_then(operation_of);
    let request = request.map_err(|why| malformed(&why))?;
    let (pass, until) = signed_in(shared, headers).await?.unzip();
    let operation = match Operation::read(request, &shared.limits) {
        Ok(operation) => operation.wanting(language(headers)),
        Err(response) => return Ok(axum::Json(response).into_response()),
    };
    let address = shared.proxies.caller(peer.ip(), headers);
    if events::is_wanted(headers) {
        let answers = answers::answers(shared, operation, pass, address, last_event(headers)).await;
        return Ok(events::respond(shared, answers, until));
    }
    if operation.is_subscription() {
        let message = "Follow a subscription by WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.";
        return Err(Refusal(StatusCode::NOT_ACCEPTABLE, Code::InvalidOperation, message.to_owned()));
    }
    let session = Session::open(&shared.service, operation.text(), pass, Some(address)).await.map_err(refused)?;
    Ok(axum::Json(graphql::execute(&shared.schema, operation, session).await).into_response())
}

/// What is asked for by GET: a WebSocket, or a stream of events.
async fn long(
    State(shared): State<Shared>,
    peer: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    if let Ok(socket) = socket {
        return Ok(socket::upgrade(State(shared), peer, headers, socket).await.into_response());
    }
    if !events::is_wanted(&headers) {
        let message = "Send operations by POST, follow subscriptions by WebSocket or with `Accept: text/event-stream`.";
        return Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, Code::InvalidOperation, message.to_owned()));
    }
    let Query(asked) = query.map_err(|error| malformed(&error.body_text()))?;
    let operation = Operation::read(asked.request().map_err(|why| malformed(&why))?, &shared.limits);
    let (pass, until) = signed_in(&shared, &headers).await?.unzip();
    let address = shared.proxies.caller(peer.ip(), &headers);
    let answers = match operation {
        Ok(operation) if operation.is_mutation() => {
            let message = "Send a mutation by POST.".to_owned();
            return Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, Code::InvalidOperation, message));
        }
        Ok(operation) => {
            let operation = operation.wanting(language(&headers));
            answers::answers(&shared, operation, pass, address, last_event(&headers)).await
        }
        Err(response) => stream::once(std::future::ready(answers::Answer::Failed(*response))).boxed(),
    };
    Ok(events::respond(&shared, answers, until))
}

/// An operation in a query string.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
}

impl Asked {
    fn request(self) -> Result<Request, String> {
        let variables = self.variables.as_deref().filter(|text| !text.is_empty()).map(serde_json::from_str::<Value>);
        let variables = variables.transpose().map_err(|error| format!("variables: {error}"))?;
        operation_of(json!({ "query": self.query, "operationName": self.operation_name, "variables": variables }))
    }
}

/// Where a client that comes back was.
fn last_event(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(events::LAST_EVENT)?.to_str().ok()?.trim();
    (!sent.is_empty()).then(|| sent.to_owned())
}

/// How long a token is good that is good until then.
fn time_left(shared: &Shared, until: DateTime<Utc>) -> Duration {
    // A year is longer than a server waits, and no longer than it can.
    (until - shared.service.now()).to_std().unwrap_or_default().min(Duration::from_secs(86_400 * 365))
}

/// Whose token was sent, and until when it is good; none when none was.
async fn signed_in(shared: &Shared, headers: &HeaderMap) -> Result<Option<(Pass, DateTime<Utc>)>, Refusal> {
    match header_token(headers)? {
        None => Ok(None),
        Some(token) => shared.service.pass_of(token).await.map(Some).map_err(refused),
    }
}

fn malformed(why: &str) -> Refusal {
    let message = format!("This is no GraphQL request in JSON: {why}.");
    Refusal(StatusCode::BAD_REQUEST, Code::InvalidOperation, message)
}

/// Why a session was not opened.
fn refused(refused: Refused) -> Refusal {
    match refused {
        Refused::Unauthenticated => unauthenticated("The token has ended or is not valid: sign in again."),
        Refused::Unavailable(detail) => {
            tracing::error!(detail, "the database is not available");
            let message = "The database is not available. Try again later.".to_owned();
            Refusal(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message)
        }
        error => {
            tracing::error!(?error, "no session");
            let message = "Something went wrong on our side.".to_owned();
            Refusal(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, message)
        }
    }
}

/// How many times the limit is still read, and thrown away, from a body that is too large.
const DRAINED: usize = 16;

/// The whole of a body of at most `most` bytes.
async fn read(mut body: Body, most: usize) -> Result<Bytes, Refusal> {
    let unread = match Limited::new(&mut body, most).collect().await {
        Ok(collected) => return Ok(collected.to_bytes()),
        Err(error) => error,
    };
    if !unread.is::<LengthLimitError>() {
        let message = "The body could not be read.".to_owned();
        return Err(Refusal(StatusCode::BAD_REQUEST, Code::InvalidOperation, message));
    }
    // A client that is still sending when the connection closes never reads why: most are heard out first.
    let mut left = most.saturating_mul(DRAINED);
    while let Some(Ok(frame)) = body.frame().await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    let message = format!("The body is larger than {most} bytes, which is the most that is taken.");
    Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge, message))
}

/// The operation that an object asks for.
fn operation_of(sent: Value) -> Result<Request, String> {
    // The library's type would be read from an array too, field by field.
    if !sent.is_object() {
        return Err("an object with `query` is wanted".to_owned());
    }
    serde_json::from_value(sent).map_err(|error| error.to_string())
}

/// The language that is wanted most of those that are spoken.
fn language(headers: &HeaderMap) -> Option<Language> {
    Language::wanted(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The token that was sent, if any.
fn header_token(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = sent.to_str().ok().and_then(|sent| sent.split_once(' '));
    match token {
        // The scheme's name is read in any case (RFC 9110, section 11.1).
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(unauthenticated("The Authorization header must read `Bearer <token>`.")),
    }
}

fn unauthenticated(message: &str) -> Refusal {
    Refusal(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message.to_owned())
}
