//! The body of a request: JSON in UTF-8, perhaps compressed, within the limit.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use flate2::bufread::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::error::HttpError;

/// Multiple of the body limit that is still read and discarded from an oversized body.
const DRAIN_FACTOR: usize = 16;

/// UTF-8's byte order mark. Parsers may ignore it (RFC 8259, section 8.1), and some clients on Windows send it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a JSON body of at most `max` bytes, both as sent and uncompressed.
pub(super) async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, HttpError> {
    check_content_type(headers)?;
    let is_compressed = is_compressed(headers)?;
    let mut body = collect(body, max).await?;
    if is_compressed {
        body = uncompress(&body, max)?;
    }
    Ok(if body.starts_with(BYTE_ORDER_MARK) { body.slice(BYTE_ORDER_MARK.len()..) } else { body })
}

/// Refuses all but JSON in UTF-8. HTML forms cannot send this type across origins without a preflight, so it prevents
/// request forgery.
fn check_content_type(headers: &HeaderMap) -> Result<(), HttpError> {
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (media, parameters) = content.split_once(';').unwrap_or((content, ""));
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return Err(HttpError::unsupported("Send the operation as `Content-Type: application/json`, in UTF-8."));
    }
    let parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    // Without the hyphen it is no registered name, but a common one.
    let is_utf8 = |name: &str| ["utf-8", "utf8"].iter().any(|utf8| name.eq_ignore_ascii_case(utf8));
    match charsets.find(|(_, name)| !is_utf8(name.trim().trim_matches('"'))) {
        None => Ok(()),
        Some((_, name)) => {
            let name: String = name.trim().chars().take(40).collect();
            Err(HttpError::unsupported(format!(
                "JSON is sent in UTF-8, not in `{name}`: encode it so, or leave `charset` out."
            )))
        }
    }
}

/// Returns true for a gzip body, false for an uncompressed one.
fn is_compressed(headers: &HeaderMap) -> Result<bool, HttpError> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let codings = codings.flat_map(|value| value.to_str().unwrap_or("?").split(',')).map(str::trim);
    let mut codings = codings.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        // By its older name too (RFC 9110, section 8.4.1.3).
        (Some(coding), None) if ["gzip", "x-gzip"].iter().any(|gzip| coding.eq_ignore_ascii_case(gzip)) => Ok(true),
        _ => Err(HttpError::unsupported_encoding("gzip")),
    }
}

/// Collects a body of at most `max` bytes.
async fn collect(mut body: Body, max: usize) -> Result<Bytes, HttpError> {
    let declared = axum::body::HttpBody::size_hint(&body).exact();
    let unread = match Limited::new(&mut body, max).collect().await {
        Ok(collected) => return Ok(collected.to_bytes()),
        Err(error) => error,
    };
    if !unread.is::<LengthLimitError>() {
        return Err(HttpError::bad_request("The body could not be read."));
    }
    // A client that is still sending when the connection closes never sees the response, so the rest is drained first.
    let mut left = max.saturating_mul(DRAIN_FACTOR);
    while let Some(Ok(frame)) = body.frame().await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Err(HttpError::body_too_large(max, declared))
}

/// Uncompresses a gzip body to at most `max` bytes.
fn uncompress(body: &[u8], max: usize) -> Result<Bytes, HttpError> {
    let mut uncompressed = Vec::new();
    let most = (max as u64).saturating_add(1);
    match MultiGzDecoder::new(body).take(most).read_to_end(&mut uncompressed) {
        Ok(length) if length > max => Err(HttpError::body_too_large(max, None)),
        Ok(_) => Ok(uncompressed.into()),
        Err(_) => {
            Err(HttpError::bad_request("The body is not in gzip, or not whole, though its `Content-Encoding` says so."))
        }
    }
}
