//! Request ids (correlation ids of HTTP calls, not of procedure requests): accepts the id sent by a client or proxy if it is safe in
//! a log line, else creates one.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tracing::Instrument;

use super::content_negotiation::MediaType;
use super::error::HttpError;
use crate::graphql::RequestId;
use crate::service::Service;

/// Header of the request id, in requests and responses.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Assigns a request id for the response header, the log, and errors.
pub(super) async fn assign(State(service): State<Service>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(REQUEST_ID).and_then(|id| RequestId::from_client(id.to_str().ok()?));
    let id = sent.unwrap_or_else(|| RequestId::new(&service));
    request.extensions_mut().insert(id.clone());
    let mut response = catch_panic(next.run(request), &id).instrument(id.span()).await;
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Turns a panic into an internal error, so that the other requests of the connection survive. The panic itself is
/// logged by its hook.
async fn catch_panic(answer: impl Future<Output = Response>, id: &RequestId) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    answer.unwrap_or_else(|_| HttpError::internal().respond(MediaType::Json, None, id))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_internal_error() {
        let id = RequestId::from_client("fault-1").unwrap();
        let response = catch_panic(async { panic!("a secret detail") }, &id).await;
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let sent: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let extensions = &sent["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["requestId"]), (&"INTERNAL".into(), &"fault-1".into()));
        assert!(!sent.to_string().contains("secret detail"));
    }
}
