//! Request ids: accepts the id sent by a client or proxy where it is safe in a log line, else creates one.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tracing::Instrument;

use super::content_negotiation::Media;
use super::error::Refusal;
use crate::graphql::RequestId;
use crate::service::Service;

/// The header in which it comes and goes.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a call within its id: it stands in the answer's head, and in the log.
pub(super) async fn identified(State(service): State<Service>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(REQUEST_ID).and_then(|id| RequestId::from_client(id.to_str().ok()?));
    let id = sent.unwrap_or_else(|| RequestId::new(&service));
    request.extensions_mut().insert(id.clone());
    let mut response = whole(next.run(request), &id).instrument(id.span()).await;
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The answer, whatever comes: a fault of ours ends its own call, not the connection with all others on it. What it was, the
/// panic's own line in the log says.
async fn whole(answer: impl Future<Output = Response>, id: &RequestId) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    answer.unwrap_or_else(|_| Refusal::internal().respond(Media::Json, None, id))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_fault_of_ours_is_told_as_one() {
        let id = RequestId::from_client("fault-1").unwrap();
        let response = whole(async { panic!("what nobody thought of") }, &id).await;
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let extensions = &told["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["requestId"]), (&"INTERNAL".into(), &"fault-1".into()));
        assert!(!told.to_string().contains("nobody thought"));
    }
}
