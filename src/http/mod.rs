//! axum: routes, limits, health, explorer.

mod explorer;
mod proxies;

pub use proxies::Proxies;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_http::trace::TraceLayer;

use crate::graphql::{self, ApiSchema, Session};
use crate::service::{Refused, Service};

/// What the routes share.
#[derive(Clone)]
struct Shared {
    schema: ApiSchema,
    service: Service,
    body_limit: usize,
    operation: Duration,
    proxies: Arc<Proxies>,
}

/// What is served, and within which limits.
pub struct Served {
    /// The schema.
    pub schema: ApiSchema,
    /// The service behind it.
    pub service: Service,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// How long an operation may take.
    pub operation: Duration,
    /// Whether the explorer is served.
    pub explorer: bool,
    /// Whose word is taken for where a caller calls from.
    pub proxies: Proxies,
}

impl Served {
    /// The routes.
    pub fn router(self) -> Router {
        let Self { schema, service, body_limit, operation, explorer, proxies } = self;
        let explorer = if explorer { explorer::routes() } else { Router::new() };
        Router::new()
            .route("/graphql", post(graphql))
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(ready))
            .merge(explorer)
            .layer(TraceLayer::new_for_http())
            .with_state(Shared { schema, service, body_limit, operation, proxies: Arc::new(proxies) })
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
struct Refusal(StatusCode, &'static str, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let body = serde_json::json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
        (status, axum::Json(body)).into_response()
    }
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
        let seconds = shared.operation.as_secs();
        let message = format!(
            "The operation took longer than {seconds} seconds and was given up. A mutation may or may not have been done: \
             send it again with the same idempotencyKey, or read first."
        );
        Err(Refusal(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message))
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
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID_OPERATION", message));
    }
    let body = read(request.into_body(), shared.body_limit).await?;
    let operation = operation(&body).map_err(|why| {
        let message = format!("The body is no GraphQL request in JSON: {why}.");
        Refusal(StatusCode::BAD_REQUEST, "INVALID_OPERATION", message)
    })?;
    let address = shared.proxies.caller(peer.ip(), headers);
    let session = Session::open(&shared.service, &operation.query, token(headers)?, Some(address)).await;
    let session = session.map_err(|refused| match refused {
        Refused::Unauthenticated => unauthenticated("The token has ended or is not valid: sign in again."),
        Refused::Unavailable(detail) => {
            tracing::error!(detail, "the database is not available");
            let message = "The database is not available. Try again later.".to_owned();
            Refusal(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
        }
        error => {
            tracing::error!(?error, "no session");
            let message = "Something went wrong on our side.".to_owned();
            Refusal(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
        }
    })?;
    Ok(axum::Json(graphql::execute(&shared.schema, operation, session).await).into_response())
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
        return Err(Refusal(StatusCode::BAD_REQUEST, "INVALID_OPERATION", message));
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
    Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message))
}

/// The operation that a body asks for.
fn operation(body: &[u8]) -> Result<Request, String> {
    // The library's type would be read from an array too, field by field.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("an object with `query` is wanted".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// The token that was sent, if any.
fn token(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = sent.to_str().ok().and_then(|sent| sent.split_once(' '));
    match token {
        // The scheme's name is read in any case (RFC 9110, section 11.1).
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(unauthenticated("The Authorization header must read `Bearer <token>`.")),
    }
}

fn unauthenticated(message: &str) -> Refusal {
    Refusal(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message.to_owned())
}
