//! Errors of operations rejected before execution or cut short: the HTTP status and the GraphQL error.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::content_negotiation::MediaType;
use super::graphql_response::{to_json, uncached_response};
use super::rate_limit::RateLimitStatus;
use crate::graphql::{self, Details, ErrorCode, RequestId};
use crate::language::{Language, Text};
use crate::say;
use crate::service::ServiceError;

/// Message for a follower with an expired token.
pub(super) const SIGNED_OUT: &str = "The token has ended: sign in again, and go on from your last cursor.";

/// A rejected or interrupted operation.
///
/// Its status is the same for plain JSON: clients, proxies and monitors have always read it from HTTP.
#[derive(Debug)]
pub(super) struct HttpError {
    status: StatusCode,
    code: ErrorCode,
    message: Text,
    /// Further `extensions` of the error.
    details: Details,
    /// A header with the way out.
    header: Option<Box<(HeaderName, &'static str)>>,
}

impl HttpError {
    /// An error with a status and a code.
    pub(super) fn new(status: StatusCode, code: ErrorCode, message: impl Into<Text>) -> Self {
        Self { status, code, message: message.into(), details: Details::new(), header: None }
    }

    /// 405 with the allowed methods.
    pub(super) fn method_not_allowed(allow: &'static str, message: &'static str) -> Self {
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::InvalidOperation, message);
        Self { header: Some(Box::new((header::ALLOW, allow))), ..error }
    }

    /// 400 for a malformed request.
    pub(super) fn bad_request(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidOperation, message)
    }

    /// 415 for another type of body.
    pub(super) fn unsupported(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidOperation, message)
    }

    /// 415 for a body in another encoding than this one.
    pub(super) fn unsupported_encoding(supported: &'static str) -> Self {
        let message = say!(
            "The body's `Content-Encoding` is not supported: send it uncompressed, or compressed once by {supported}.",
            supported,
        );
        Self { header: Some(Box::new((header::ACCEPT_ENCODING, supported))), ..Self::unsupported(message) }
    }

    /// 406 without an acceptable media type.
    pub(super) fn not_acceptable(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::InvalidOperation, message)
    }

    /// 400 for a refused batch.
    pub(super) fn batch(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BatchRefused, message)
    }

    /// 401 for a missing or invalid token.
    pub(super) fn unauthenticated(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message)
    }

    /// Returns true for 401.
    pub(super) fn is_unauthenticated(&self) -> bool {
        self.code == ErrorCode::Unauthenticated
    }

    /// 500 for a fault of the server.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "Something went wrong on our side.")
    }

    /// 504 after the timeout of an operation.
    pub(super) fn timeout(seconds: u64) -> Self {
        Self {
            details: limit("seconds", seconds, None),
            ..Self::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::Timeout, timeout_message(seconds))
        }
    }

    /// 413 for a body over the limit, with its length if the client declared it.
    pub(super) fn body_too_large(most: usize, actual: Option<u64>) -> Self {
        let message = say!("The body is larger than {most} bytes, which is the most that is taken.", most);
        let details = limit("body", most as u64, actual);
        Self { details, ..Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BodyTooLarge, message) }
    }

    /// 414 for a URL over the limit.
    pub(super) fn url_too_long(most: usize, actual: usize) -> Self {
        let message = say!(
            "The URL is longer than {most} bytes, which is the most that is taken: send the operation by POST.",
            most
        );
        let details = limit("url", most as u64, Some(actual as u64));
        Self { details, ..Self::new(StatusCode::URI_TOO_LONG, ErrorCode::LimitExceeded, message) }
    }

    /// 429 for a client over its rate limit.
    pub(super) fn rate_limited(status: &RateLimitStatus) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, status.message());
        Self { details: status.details(), ..error }
    }

    /// Returns the HTTP response.
    pub(super) fn respond(self, media: MediaType, language: Option<Language>, id: &RequestId) -> Response {
        let Self { status, code, message, details, header } = self;
        let body = to_json(&id.add_to(graphql::translate_errors(code.response_with(message, details), language)));
        let mut response = uncached_response(status, media, body);
        if let Some((name, value)) = header.map(|header| *header) {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ServiceError> for HttpError {
    /// Maps the error of opening a session.
    fn from(refused: ServiceError) -> Self {
        match refused {
            ServiceError::Unauthenticated => {
                Self::unauthenticated("The token has ended or is not valid: sign in again.")
            }
            ServiceError::Unavailable(detail) => {
                tracing::error!(detail, "the database is not available");
                let message = "The database is not available. Try again later.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message)
            }
            error => {
                tracing::error!(?error, "no session");
                Self::internal()
            }
        }
    }
}

/// Details of an exceeded limit, in the common shape.
pub(super) fn limit(name: &str, max: u64, actual: Option<u64>) -> Details {
    let mut details = vec![("limit", name.into()), ("max", max.into())];
    details.extend(actual.map(|actual| ("actual", actual.into())));
    details
}

/// Message of a timeout.
pub(super) fn timeout_message(seconds: u64) -> Text {
    say!(
        "The operation took longer than {seconds} seconds and was given up. A mutation may or may not have been done: \
         send it again with the same idempotencyKey, or read first.",
        seconds,
    )
}
