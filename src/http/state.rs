//! State that all handlers share: schema, service, limits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::client::Caller;
use super::client_address::Proxies;
use super::concurrency::{Held, Hold};
use super::rate_limit::Rates;
use super::shutdown::Lifeline;
use crate::graphql::{AdmissionRules, ApiSchema, ErrorCode, SharedOperations};
use crate::service::{Pass, Service};

/// What the routes share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) schema: ApiSchema,
    pub(super) service: Service,
    pub(super) admission: Arc<AdmissionRules>,
    pub(super) body_limit: usize,
    pub(super) batch_limit: usize,
    pub(super) operation: Duration,
    pub(super) socket_init: Duration,
    pub(super) heartbeat: Duration,
    pub(super) proxies: Arc<Proxies>,
    pub(super) rates: Arc<Rates>,
    /// The sockets of each caller, and what they have under way on them and by streams of events.
    pub(super) sockets: Held,
    pub(super) operations: Held,
    pub(super) shared_operations: Arc<SharedOperations>,
    pub(super) lifeline: Lifeline,
}

impl Shared {
    /// Another operation that a caller has under way for long; the answer to who has too many.
    pub(super) fn hold(&self, pass: Option<Pass>, address: IpAddr) -> Result<Hold, Box<async_graphql::Response>> {
        self.operations.take(Caller::of(pass, address)).ok_or_else(|| {
            let most = self.operations.most();
            let message =
                format!("No other operation is taken: at most {most} of yours may be under way on all connections.");
            Box::new(ErrorCode::TooManyOperations.response(message))
        })
    }
}
