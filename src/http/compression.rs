//! Response compression, and the entity tags of compressed responses.

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// Smallest compressed body in bytes. Smaller ones fit into one packet anyway.
const MIN_SIZE: u64 = 1400;

/// Suffix of the entity tag of a compressed response: its bytes differ.
pub(super) const ETAG_SUFFIX: &str = "-gzip";

/// Marks a response, in its extensions, as safe to compress: only responses to queries.
///
/// A secret compressed together with text chosen by an attacker leaks through the response's length (BREACH). Tokens,
/// keys and credentials occur in responses to mutations only, and those stay uncompressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compressible;

/// Compresses marked responses if the client accepts it.
pub(super) fn layer() -> CompressionLayer<impl Predicate> {
    let marked =
        |_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions| extensions.get::<Compressible>().is_some();
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(MIN_SIZE).and(marked))
}

/// Gives compressed responses an entity tag of their own.
pub(super) async fn separate_entity_tags(mut request: Request, next: Next) -> Response {
    // A client that refuses `identity` would get an error after the mutation ran. It gets an uncompressed response
    // instead.
    if request.headers().get_all(header::ACCEPT_ENCODING).iter().any(refuses_identity) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok())
        && let Ok(tag) = HeaderValue::try_from(format!("\"{}{ETAG_SUFFIX}\"", tag.trim_matches('"')))
    {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Returns true if `identity` is refused (RFC 9110, section 12.5.3).
fn refuses_identity(accepted: &HeaderValue) -> bool {
    codings(accepted).any(|(name, weight)| matches!(name, "identity" | "*") && weight == 0.0)
}

/// Returns true if a client takes compressed content (RFC 9110, section 12.5.3).
pub(super) fn accepts_gzip(sent: &HeaderMap) -> bool {
    let mut gzip = sent.get_all(header::ACCEPT_ENCODING).iter().flat_map(codings).filter(|(name, _)| *name == "gzip");
    gzip.next().is_some_and(|(_, weight)| weight > 0.0)
}

/// The codings of a header, each with its weight.
fn codings(accepted: &HeaderValue) -> impl Iterator<Item = (&str, f32)> {
    accepted.to_str().unwrap_or_default().split(',').map(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
        (name.trim(), weight.unwrap_or(1.0))
    })
}
