//! axum: routes, limits, health, explorer.

mod explorer;

use std::net::SocketAddr;
use std::time::Duration;

use async_graphql::Request;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::graphql::{ApiSchema, Session};
use crate::service::{Refused, Service};

/// What the routes share.
#[derive(Clone)]
struct Shared {
    schema: ApiSchema,
    service: Service,
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
}

impl Served {
    /// The routes.
    pub fn router(self) -> Router {
        let explorer = if self.explorer { explorer::routes() } else { Router::new() };
        Router::new()
            .route("/graphql", post(graphql))
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(ready))
            .merge(explorer)
            .layer(DefaultBodyLimit::max(self.body_limit))
            .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, self.operation))
            .layer(TraceLayer::new_for_http())
            .with_state(Shared { schema: self.schema, service: self.service })
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

/// An operation that never ran, as GraphQL's answer.
fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    (status, axum::Json(body)).into_response()
}

async fn graphql(
    State(shared): State<Shared>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    // A form cannot send this type across origins without asking first: no request is forged by another site's page.
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.split(';').next().map(str::trim) != Some("application/json") {
        let message = "Send the operation as application/json.";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID_INPUT", message);
    }
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("The body is no GraphQL request in JSON: {error}.");
            return refused(StatusCode::BAD_REQUEST, "INVALID_INPUT", &message);
        }
    };
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let token = match authorization.map(|value| value.strip_prefix("Bearer ")) {
        None => None,
        Some(Some(token)) => Some(token),
        Some(None) => {
            let message = "The Authorization header must read `Bearer <token>`.";
            return refused(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message);
        }
    };
    let session = match Session::open(&shared.service, &request.query, token, Some(address.ip())).await {
        Ok(session) => session,
        Err(Refused::Unauthenticated) => {
            return refused(
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                "The token has ended or is not valid: sign in again.",
            );
        }
        Err(error) => {
            tracing::error!(?error, "no session");
            return refused(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Something went wrong on our side.");
        }
    };
    axum::Json(shared.schema.execute(request.data(session)).await).into_response()
}
