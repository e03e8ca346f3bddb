//! What an error and the log's lines about it have in common.

use std::fmt;
use std::sync::Arc;

use async_graphql::Response;

use crate::service::Service;
use crate::store::new_id;

/// The id of a call, or of one of the operations on a long connection. It stands in the answer, in every error of it, and in every
/// line of the log about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

/// No id that was sent is longer.
const LONGEST: usize = 64;

impl RequestId {
    /// A new one.
    pub fn new(service: &Service) -> Self {
        Self(new_id(service.now()).to_string().into())
    }

    /// One that a caller, or a proxy before us, chose; none when it is not fit to stand in a header and a line of the log.
    pub fn sent(text: &str) -> Option<Self> {
        let is_sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=/+@".contains(&byte);
        ((1..=LONGEST).contains(&text.len()) && text.bytes().all(is_sane)).then(|| Self(text.into()))
    }

    /// That of one of its operations.
    pub fn of_operation(&self, number: u64) -> Self {
        Self(format!("{self}.{number}").into())
    }

    /// The answer with this id in each of its errors.
    pub fn on(&self, mut response: Response) -> Response {
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("requestId", &*self.0);
        }
        response
    }

    /// What the log's lines stand in. Whatever is logged at all has it.
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
    fn what_is_sent_is_taken_when_it_is_fit_for_a_line() {
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
            assert_eq!(RequestId::sent(text).is_some(), is_taken, "{text}");
        }
        assert!(RequestId::sent(&"x".repeat(64)).is_some());
        assert!(RequestId::sent(&"x".repeat(65)).is_none());
    }
}
