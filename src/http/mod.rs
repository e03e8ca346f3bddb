//! HTTP: routes, limits, health checks, the explorer.

mod authority;
mod client;
mod client_address;
mod compression;
mod concurrency;
mod content_negotiation;
mod cors;
mod error;
mod execution;
mod explorer;
mod graphql_request;
mod graphql_response;
mod handlers;
mod quality_values;
mod rate_limit;
mod request_body;
mod request_id;
mod router;
mod shutdown;
mod sse;
mod state;
mod websocket;

pub use client_address::TrustedProxies;
pub use cors::AllowedOrigins;
pub use rate_limit::{RateLimit, RateLimits};
pub use router::router;
pub use shutdown::{ShutdownController, ShutdownListener, shutdown_channel};
pub use state::HttpSettings;
pub use websocket::CloseCode;
