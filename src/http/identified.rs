//! Each call has an id: the one that was sent with it, where that is fit for a line of the log, or else a new one.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::graphql::RequestId;
use crate::service::Service;

/// The header in which it comes and goes.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a call within its id: it stands in the answer's head, and in the log.
pub(super) async fn identified(State(service): State<Service>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(REQUEST_ID).and_then(|id| RequestId::sent(id.to_str().ok()?));
    let id = sent.unwrap_or_else(|| RequestId::new(&service));
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(id.span()).await;
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
