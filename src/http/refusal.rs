//! Operations that never ran, or were cut short: what is wrong, as a status and as an error that an answer carries.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answers::{failure, written};
use super::media::Media;
use crate::service::Refused;

/// An operation that never ran, or was cut short.
///
/// Its status is the same in plain JSON: what cannot be taken as an operation, who is not known, and what is not to be had are
/// for HTTP to tell, and clients, proxies and monitors have always read it there.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The methods that would do.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal of that status, with that code.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), allow: None }
    }

    /// What was sent is no request.
    pub(super) fn malformed(why: &str) -> Self {
        let message = format!("This is no GraphQL request in JSON: {why}.");
        Self::new(StatusCode::BAD_REQUEST, "INVALID_OPERATION", message)
    }

    /// This does not go by that method.
    pub(super) fn method(allow: &'static str, message: &str) -> Self {
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "INVALID_OPERATION", message) }
    }

    /// There is no answer of a type that would be taken.
    pub(super) fn not_acceptable(message: &str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "INVALID_OPERATION", message)
    }

    /// Nobody is known by that token.
    pub(super) fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    /// The operation took too long.
    pub(super) fn too_long(seconds: u64) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", too_long(seconds))
    }

    /// The response that says so.
    pub(super) fn respond(self, media: Media) -> Response {
        let Self { status, code, message, allow } = self;
        let body = written(&failure(code, &message));
        let headers = [(header::CONTENT_TYPE, media.content_type())];
        let mut response = (status, headers, body).into_response();
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
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
            }
            error => {
                tracing::error!(?error, "no session");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Something went wrong on our side.")
            }
        }
    }
}

/// What a caller reads whose operation was given up.
pub(super) fn too_long(seconds: u64) -> String {
    format!(
        "The operation took longer than {seconds} seconds and was given up. A mutation may or may not have been done: \
         send it again with the same idempotencyKey, or read first."
    )
}
