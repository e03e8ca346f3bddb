//! Routes, health checks, and the layers around them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::trace::TraceLayer;

use super::concurrency::ConcurrencyLimit;
use super::shutdown::ShutdownListener;
use super::state::{HttpSettings, ServerState};
use super::{authority, compression, explorer, handlers, request_id};
use crate::graphql::{AdmissionRules, ApiSchema};
use crate::service::Service;

/// Routes of the server.
pub fn router(
    schema: ApiSchema,
    service: Service,
    admission: AdmissionRules,
    settings: HttpSettings,
    shutdown: ShutdownListener,
) -> Router {
    let explorer = if settings.explorer { explorer::routes() } else { Router::new() };
    let graphql = get(handlers::get).post(handlers::post).connect(handlers::connect);
    let graphql = graphql.fallback(handlers::method_not_allowed);
    let graphql = graphql.layer(compression::layer()).layer(middleware::from_fn(compression::separate_entity_tags));
    let graphql = match settings.allowed_origins.layer() {
        Some(cors) => graphql.layer(cors),
        None => graphql,
    };
    Router::new()
        .route("/graphql", graphql)
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .merge(explorer)
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            // Without the query string: user input is not logged.
            tracing::debug_span!("http", method = %request.method(), path = request.uri().path())
        }))
        .layer(middleware::from_fn(authority::check))
        .layer(middleware::from_fn_with_state(service.clone(), request_id::assign))
        .with_state(ServerState {
            schema,
            service,
            admission: Arc::new(admission),
            socket_limit: ConcurrencyLimit::new(settings.person_sockets),
            operation_limit: ConcurrencyLimit::new(settings.person_operations),
            settings: Arc::new(settings),
            shared_operations: Arc::default(),
            shutdown,
        })
}

async fn ready(State(state): State<ServerState>) -> Response {
    match state.service.store().ping().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}
