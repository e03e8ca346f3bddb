//! Request ids: correlation ids of HTTP calls, in errors and log lines. No ids of procedure requests.

use std::fmt;
use std::sync::Arc;

use async_graphql::Response;

use crate::service::Service;

/// Id of an HTTP request, or of an operation on a long-lived connection. Part of the response header, of every error and of every
/// log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

/// Maximum length of an id sent by a client.
const MAX_LENGTH: usize = 64;

impl RequestId {
    /// Creates an id.
    pub fn new(service: &Service) -> Self {
        Self(service.store().new_id(service.now()).to_string().into())
    }

    /// Accepts an id sent by a client or proxy; none when unsafe in a header or a log line.
    pub fn from_client(text: &str) -> Option<Self> {
        let is_sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=/+@".contains(&byte);
        ((1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_sane)).then(|| Self(text.into()))
    }

    /// Derives the id of an operation on the connection.
    pub fn for_operation(&self, number: u64) -> Self {
        Self(format!("{self}.{number}").into())
    }

    /// Adds the id to every error of a response.
    pub fn add_to(&self, mut response: Response) -> Response {
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("requestId", &*self.0);
        }
        response
    }

    /// Returns the log span of the request, at error level so that every line has it.
    pub fn span(&self) -> tracing::Span {
        tracing::error_span!("request", id = %self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_clients_must_be_safe_in_log_lines() {
        for (text, is_taken) in [
            ("0199c5b0-7e1c-7000-8000-000000000000", true),
            ("Root=1-67891233-abcdef012345678912345678", true),
            ("a", true),
            ("", false),
            ("two words", false),
            ("line\nbreak", false),
            ("\u{1b}[31m", false),
            ("nomor-é", false),
        ] {
            assert_eq!(RequestId::from_client(text).is_some(), is_taken, "{text}");
        }
        assert!(RequestId::from_client(&"x".repeat(64)).is_some());
        assert!(RequestId::from_client(&"x".repeat(65)).is_none());
    }
}
