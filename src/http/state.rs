//! State of all handlers: schema, service, settings, limits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::client::ClientKey;
use super::client_address::TrustedProxies;
use super::concurrency::{ConcurrencyLimit, ConcurrencyPermit};
use super::cors::AllowedOrigins;
use super::rate_limit::RateLimits;
use super::shutdown::ShutdownListener;
use crate::graphql::{AdmissionRules, ApiSchema, ErrorCode, SharedOperations};
use crate::service::{Pass, Service};

/// Settings of the HTTP server.
pub struct HttpSettings {
    /// Maximum size of a request body, in bytes.
    pub body_limit: usize,
    /// Maximum number of operations in a batch; 0 refuses batches.
    pub batch_limit: usize,
    /// Timeout of an operation.
    pub operation_timeout: Duration,
    /// Serves the explorer.
    pub explorer: bool,
    /// Origins allowed to read responses.
    pub allowed_origins: AllowedOrigins,
    /// Proxies with a trusted `X-Forwarded-For`.
    pub trusted_proxies: TrustedProxies,
    /// Rate limits of all clients.
    pub rate_limits: RateLimits,
    /// Maximum number of open WebSockets of a person; 0 for unlimited.
    pub person_sockets: usize,
    /// Maximum number of concurrent operations of a person on WebSockets and event streams; 0 for unlimited.
    pub person_operations: usize,
    /// Timeout of `connection_init` on a WebSocket.
    pub init_timeout: Duration,
    /// Interval of heartbeats on WebSockets and event streams.
    pub heartbeat_interval: Duration,
}

/// State of all handlers.
#[derive(Clone)]
pub(super) struct ServerState {
    pub(super) schema: ApiSchema,
    pub(super) service: Service,
    pub(super) admission: Arc<AdmissionRules>,
    pub(super) settings: Arc<HttpSettings>,
    pub(super) socket_limit: ConcurrencyLimit,
    pub(super) operation_limit: ConcurrencyLimit,
    pub(super) shared_operations: Arc<SharedOperations>,
    pub(super) shutdown: ShutdownListener,
}

impl ServerState {
    /// Acquires a permit for an operation on a WebSocket or an event stream. The error is the complete response.
    pub(super) fn operation_permit(
        &self,
        pass: Option<Pass>,
        address: IpAddr,
    ) -> Result<ConcurrencyPermit, Box<async_graphql::Response>> {
        self.operation_limit.acquire(ClientKey::from_pass(pass, address)).ok_or_else(|| {
            let most = self.operation_limit.max();
            let message =
                format!("No other operation is taken: at most {most} of yours may be under way on all connections.");
            Box::new(ErrorCode::TooManyOperations.response(message))
        })
    }
}
