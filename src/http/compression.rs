//! Response compression, and the entity tags of compressed responses.

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// What is smaller is sent as soon as it is compressed, and fits into one packet.
const LEAST: u64 = 1400;

/// What the tag of an answer ends with that was compressed: it is another sequence of bytes.
pub(super) const SUFFIX: &str = "-gzip";

/// In the extensions of an answer that may be compressed: one to queries.
///
/// Compressed together with what somebody else chose, a secret tells of itself by how long the answer is (BREACH). Tokens, keys and
/// credentials stand in answers to mutations only, which are small as well: those are sent as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compressible;

/// Compresses what may be, for callers who take it.
pub(super) fn layer() -> CompressionLayer<impl Predicate> {
    let marked =
        |_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions| extensions.get::<Compressible>().is_some();
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(LEAST).and(marked))
}

/// Around the compression: what was compressed gets a tag of its own.
pub(super) async fn around(mut request: Request, next: Next) -> Response {
    // Who refuses what is sent as it is would be told so when it is done: they are sent it as it is.
    if request.headers().get_all(header::ACCEPT_ENCODING).iter().any(refuses_identity) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok())
        && let Ok(tag) = HeaderValue::try_from(format!("\"{}{SUFFIX}\"", tag.trim_matches('"')))
    {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether it takes nothing that is sent as it is (RFC 9110, section 12.5.3).
fn refuses_identity(accepted: &HeaderValue) -> bool {
    accepted.to_str().unwrap_or_default().split(',').filter_map(|coding| coding.split_once(';')).any(
        |(name, weight)| {
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            matches!(name.trim(), "identity" | "*") && weight == Some(0.0)
        },
    )
}
