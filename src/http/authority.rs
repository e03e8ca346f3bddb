//! The authority of a request: its `Host`, over HTTP/2 its `:authority`. No response depends on it.

use axum::extract::{Extension, Request};
use axum::http::Version;
use axum::http::header::{self, HeaderValue};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use super::content_negotiation::MediaType;
use super::error::HttpError;
use super::quality_values::preferred_language;
use crate::graphql::RequestId;

/// Message to a client without a valid authority.
const MESSAGE: &str = "Name the server once, by the host and port of its URL: in `Host`, over HTTP/2 in `:authority`.";

/// Refuses a request without one valid authority (RFC 9112, section 3.2; RFC 9113, section 8.3.1): servers and proxies
/// in a row that take different ones for it can be played off against each other.
pub(super) async fn check(Extension(id): Extension<RequestId>, request: Request, next: Next) -> Response {
    if has_authority(&request) {
        return next.run(request).await;
    }
    HttpError::bad_request(MESSAGE).respond(MediaType::Json, preferred_language(request.headers()), &id)
}

fn has_authority<B>(request: &http::Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return false;
    }
    match (host.map(authority), request.uri().authority()) {
        (Some(None), _) => false,
        (Some(Some(host)), Some(named)) if request.version() >= Version::HTTP_2 => is_same(&host, named),
        (Some(Some(_)), _) => true,
        (None, named) if request.version() >= Version::HTTP_2 => named.is_some_and(is_valid),
        (None, _) => request.version() < Version::HTTP_11,
    }
}

/// Parses a `Host`.
fn authority(host: &HeaderValue) -> Option<Authority> {
    Authority::try_from(host.as_bytes()).ok().filter(is_valid)
}

/// Returns true for a host and perhaps a port, without user information.
fn is_valid(authority: &Authority) -> bool {
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host);
    !host.is_empty()
        && port.is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
        })
}

/// Returns true for two names of one server. A proxy may leave out the scheme's default port in one of them.
fn is_same(host: &Authority, named: &Authority) -> bool {
    let ports = host.port_u16().zip(named.port_u16());
    host.host().eq_ignore_ascii_case(named.host()) && ports.is_none_or(|(host, named)| host == named)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn one_valid_authority_is_wanted() {
        const URL: &str = "http://api.example/graphql";
        for (version, uri, hosts, expected) in [
            (Version::HTTP_11, "/graphql", &["api.example"][..], true),
            (Version::HTTP_11, "/graphql", &["127.0.0.1:8080"], true),
            (Version::HTTP_11, "/graphql", &["[::1]:8080"], true),
            (Version::HTTP_11, "/graphql", &["api.example:"], true),
            (Version::HTTP_11, URL, &["api.example"], true),
            // Of a target in absolute form, `Host` is ignored (RFC 9112, section 3.2.2).
            (Version::HTTP_11, URL, &["other.example"], true),
            (Version::HTTP_11, "/graphql", &[], false),
            (Version::HTTP_11, URL, &[], false),
            (Version::HTTP_11, "/graphql", &[""], false),
            (Version::HTTP_11, "/graphql", &[":8080"], false),
            (Version::HTTP_11, "/graphql", &["api.example", "api.example"], false),
            (Version::HTTP_11, "/graphql", &["api.example", "other.example"], false),
            (Version::HTTP_11, "/graphql", &["api.example, other.example"], false),
            (Version::HTTP_11, "/graphql", &["api example"], false),
            (Version::HTTP_11, "/graphql", &["api.example:http"], false),
            (Version::HTTP_11, "/graphql", &["api.example/graphql"], false),
            (Version::HTTP_11, "/graphql", &["siti@api.example"], false),
            (Version::HTTP_10, "/graphql", &[], true),
            (Version::HTTP_10, "/graphql", &["api.example"], true),
            (Version::HTTP_10, "/graphql", &["api.example", "api.example"], false),
            (Version::HTTP_2, URL, &[], true),
            (Version::HTTP_2, URL, &["API.example"], true),
            (Version::HTTP_2, "http://api.example:8080/graphql", &["api.example"], true),
            (Version::HTTP_2, "/graphql", &["api.example"], true),
            (Version::HTTP_2, "/graphql", &[], false),
            (Version::HTTP_2, "http://siti@api.example/graphql", &[], false),
            (Version::HTTP_2, URL, &["other.example"], false),
            (Version::HTTP_2, URL, &["api.example:8080"], true),
            (Version::HTTP_2, "http://api.example:80/graphql", &["api.example:8080"], false),
            (Version::HTTP_2, URL, &["api.example", "api.example"], false),
        ] {
            let mut request = Request::builder().version(version).uri(uri);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            let request = request.body(()).unwrap();
            assert_eq!(has_authority(&request), expected, "{version:?} {uri} {hosts:?}");
        }
    }
}
