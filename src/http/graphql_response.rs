//! Response headers: content type, caching, entity tag.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::compression::SUFFIX;
use super::content_negotiation::Media;

/// What of a call decides its answer, beside what it asks for.
const VARY: HeaderValue = HeaderValue::from_static("accept, accept-encoding, accept-language, authorization");

/// What is the same for everybody may be kept for so long by anybody: SOPs and policies change rarely, and whoever submits by an
/// older form is told so.
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// An answer that nobody keeps: it is somebody's, or changes with what they do.
pub(super) fn reply(status: StatusCode, media: Media, body: Vec<u8>) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
    nobody_keeps(response.headers_mut());
    response
}

/// Says so of an answer.
pub(super) fn nobody_keeps(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, VARY);
}

/// An answer that is the same for everybody; or, where the caller has it already, that it is still the one.
pub(super) fn public(sent: &HeaderMap, media: Media, body: Vec<u8>) -> Response {
    let tag = tag(&body);
    let known = known(sent, &tag);
    let mut response =
        if known.is_some() { StatusCode::NOT_MODIFIED.into_response() } else { reply(StatusCode::OK, media, body) };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, PUBLIC);
    headers.insert(header::VARY, VARY);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", known.unwrap_or(&tag))) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// What tells an answer from every other, without its quotes.
fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}

/// The tag by which the caller has the answer of that tag, compressed or not (RFC 9110, section 13.1.2).
fn known<'a>(sent: &'a HeaderMap, tag: &'a str) -> Option<&'a str> {
    let known = sent.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // No tag of ours has a comma in it.
    known.flat_map(|value| value.split(',')).map(str::trim).find_map(|known| {
        if known == "*" {
            return Some(tag);
        }
        let known = known.strip_prefix("W/").unwrap_or(known).strip_prefix('"')?.strip_suffix('"')?;
        (known.strip_suffix(SUFFIX).unwrap_or(known) == tag).then_some(known)
    })
}
