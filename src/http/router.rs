//! Routes, health checks, and the layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::trace::TraceLayer;

use super::client_address::Proxies;
use super::concurrency::Held;
use super::cors::Origins;
use super::rate_limit::Rates;
use super::shutdown::Lifeline;
use super::state::Shared;
use super::{compression, explorer, handlers, request_id};
use crate::graphql::{AdmissionRules, ApiSchema};
use crate::service::Service;

/// What is served, and within which limits.
pub struct Served {
    /// The schema.
    pub schema: ApiSchema,
    /// The service behind it.
    pub service: Service,
    /// What operations are taken.
    pub admission: AdmissionRules,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// So many operations may come in a list; none may when it is 0.
    pub batch_limit: usize,
    /// How long an operation may take.
    pub operation: Duration,
    /// Whether the explorer is served.
    pub explorer: bool,
    /// Whose pages may read what is answered.
    pub origins: Origins,
    /// Whose word is taken for where a caller calls from.
    pub proxies: Proxies,
    /// How often callers may call.
    pub rates: Rates,
    /// So many WebSockets a person may have open at once; any number when it is 0.
    pub person_sockets: usize,
    /// So many operations a person may have under way at once on WebSockets and streams of events; any number when it is 0.
    pub person_operations: usize,
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
        let Self { schema, service, admission, body_limit, batch_limit, operation, .. } = self;
        let Self { explorer, origins, proxies, rates, person_sockets, person_operations, .. } = self;
        let Self { socket_init, heartbeat, lifeline, .. } = self;
        let explorer = if explorer { explorer::routes() } else { Router::new() };
        let graphql = get(handlers::get).post(handlers::post).fallback(handlers::other);
        let graphql = graphql.layer(compression::layer()).layer(middleware::from_fn(compression::around));
        let graphql = match origins.layer() {
            Some(cors) => graphql.layer(cors),
            None => graphql,
        };
        Router::new()
            .route("/graphql", graphql)
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(ready))
            .merge(explorer)
            .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
                // Not what is asked by GET: no input is logged.
                tracing::debug_span!("http", method = %request.method(), path = request.uri().path())
            }))
            .layer(middleware::from_fn_with_state(service.clone(), request_id::identified))
            .with_state(Shared {
                schema,
                service,
                admission: Arc::new(admission),
                body_limit,
                batch_limit,
                operation,
                socket_init,
                heartbeat,
                proxies: Arc::new(proxies),
                rates: Arc::new(rates),
                sockets: Held::new(person_sockets),
                operations: Held::new(person_operations),
                shared_operations: Arc::default(),
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
