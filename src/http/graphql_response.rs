//! Responses: JSON body, content type, caching, entity tag.

use std::collections::BTreeMap;

use async_graphql::{ServerError, Value};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::compression::ETAG_SUFFIX;
use super::content_negotiation::MediaType;
use crate::graphql;

/// Request headers with influence on the response.
const VARY: HeaderValue = HeaderValue::from_static("accept, accept-encoding, accept-language, authorization");

/// Cache lifetime of public responses: SOPs and policies change rarely, and a submission with an outdated form is
/// refused.
const PUBLIC_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// A response that no cache may store: it is personal or changes often.
pub(super) fn uncached_response(status: StatusCode, media: MediaType, body: Vec<u8>) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, media.content_type())], body).into_response();
    forbid_caching(response.headers_mut());
    response
}

/// Forbids caching.
pub(super) fn forbid_caching(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, VARY);
}

/// A cacheable response, the same for every caller; 304 if the client has it.
pub(super) fn public_response(sent: &HeaderMap, media: MediaType, body: Vec<u8>) -> Response {
    let tag = entity_tag(&body);
    let known = matching_tag(sent, &tag);
    let mut response = if known.is_some() {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        uncached_response(StatusCode::OK, media, body)
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, PUBLIC_CACHE);
    headers.insert(header::VARY, VARY);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", known.unwrap_or(&tag))) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Entity tag of a body, without quotes.
fn entity_tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}

/// The client's entity tag for this body, compressed or not (RFC 9110, section 13.1.2).
fn matching_tag<'a>(sent: &'a HeaderMap, tag: &'a str) -> Option<&'a str> {
    let known = sent.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Our tags contain no comma.
    known.flat_map(|value| value.split(',')).map(str::trim).find_map(|known| {
        if known == "*" {
            return Some(tag);
        }
        let known = known.strip_prefix("W/").unwrap_or(known).strip_prefix('"')?.strip_suffix('"')?;
        (known.strip_suffix(ETAG_SUFFIX).unwrap_or(known) == tag).then_some(known)
    })
}

/// Serializes a response. One to a rejected operation has no `data` (GraphQL, October 2021, section 7.1); the library
/// would write null.
pub(super) fn to_json(response: &async_graphql::Response) -> Vec<u8> {
    #[derive(Serialize)]
    struct Errors<'a> {
        errors: &'a [ServerError],
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        extensions: &'a BTreeMap<String, Value>,
    }
    let json = if graphql::has_run(response) {
        serde_json::to_vec(response)
    } else {
        serde_json::to_vec(&Errors { errors: &response.errors, extensions: &response.extensions })
    };
    // Every value has a JSON form, so serialization cannot fail.
    json.unwrap_or_default()
}
