//! Errors of operations rejected before execution or cut short: the HTTP status and the GraphQL error.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::content_negotiation::Media;
use super::execution::written;
use super::graphql_response::reply;
use super::rate_limit::Standing;
use crate::graphql::{self, Details, ErrorCode, RequestId};
use crate::language::{Language, Text};
use crate::say;
use crate::service::Refused;

/// What a caller reads whose token has ended while they followed.
pub(super) const SIGNED_OUT: &str = "The token has ended: sign in again, and go on from your last cursor.";

/// An operation that never ran, or was cut short.
///
/// Its status is the same in plain JSON: what cannot be taken as an operation, who is not known, and what is not to be had are
/// for HTTP to tell, and clients, proxies and monitors have always read it there.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    message: Text,
    /// What else a client may read of it.
    details: Details,
    /// The methods that would do.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal of that status, with that code.
    pub(super) fn new(status: StatusCode, code: ErrorCode, message: impl Into<Text>) -> Self {
        Self { status, code, message: message.into(), details: Details::new(), allow: None }
    }

    /// This does not go by that method.
    pub(super) fn method(allow: &'static str, message: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::InvalidOperation, message) }
    }

    /// There is no answer of a type that would be taken.
    pub(super) fn not_acceptable(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::InvalidOperation, message)
    }

    /// Operations are not taken together so.
    pub(super) fn batch(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BatchRefused, message)
    }

    /// Nobody is known by that token.
    pub(super) fn unauthenticated(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message)
    }

    /// Whether it says that nobody is known.
    pub(super) fn is_unauthenticated(&self) -> bool {
        self.code == ErrorCode::Unauthenticated
    }

    /// The fault is ours.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "Something went wrong on our side.")
    }

    /// The operation took too long.
    pub(super) fn too_long(seconds: u64) -> Self {
        Self {
            details: limit("seconds", seconds, None),
            ..Self::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::Timeout, too_long(seconds))
        }
    }

    /// The body is larger than is taken; how large, where that was said before it came.
    pub(super) fn too_large(most: usize, actual: Option<u64>) -> Self {
        let message = say!("The body is larger than {most} bytes, which is the most that is taken.", most);
        let details = limit("body", most as u64, actual);
        Self { details, ..Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BodyTooLarge, message) }
    }

    /// The caller calls too often.
    pub(super) fn too_often(standing: &Standing) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, standing.message());
        Self { details: standing.details(), ..refusal }
    }

    /// The response that says so.
    pub(super) fn respond(self, media: Media, language: Option<Language>, id: &RequestId) -> Response {
        let Self { status, code, message, details, allow } = self;
        let body = written(&id.add_to(graphql::translate_errors(code.response_with(message, details), language)));
        let mut response = reply(status, media, body);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refused> for Refusal {
    /// Why a session was not opened.
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unauthenticated => Self::unauthenticated("The token has ended or is not valid: sign in again."),
            Refused::Unavailable(detail) => {
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

/// The limit that something went beyond, in the shape that all limits have.
pub(super) fn limit(name: &str, max: u64, actual: Option<u64>) -> Details {
    let mut details = vec![("limit", name.into()), ("max", max.into())];
    details.extend(actual.map(|actual| ("actual", actual.into())));
    details
}

/// What a caller reads whose operation was given up.
pub(super) fn too_long(seconds: u64) -> Text {
    say!(
        "The operation took longer than {seconds} seconds and was given up. A mutation may or may not have been done: \
         send it again with the same idempotencyKey, or read first.",
        seconds,
    )
}
