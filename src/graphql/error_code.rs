//! Codes of top-level errors (`extensions.code`), documented in `docs/errors.md`. Mutations' `userErrors` have their own codes in the
//! schema.

use async_graphql::{Error, ErrorExtensions, Response, ServerError, Value};

use crate::language::Text;

/// Declares the codes with their words and the complete list of both.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// A stable error code, as in `extensions.code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the code's word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

codes! {
    /// No valid login.
    Unauthenticated = "UNAUTHENTICATED",
    /// Not allowed by any policy line, or by the API key's scopes.
    Forbidden = "FORBIDDEN",
    /// Invalid argument or variable.
    InvalidInput = "INVALID_INPUT",
    /// Malformed cursor of a subscription.
    InvalidCursor = "INVALID_CURSOR",
    /// Cursor beyond the log's end, after a restored backup.
    CursorAhead = "CURSOR_AHEAD",
    /// Malformed or invalid operation, or wrong HTTP usage.
    InvalidOperation = "INVALID_OPERATION",
    /// Operation beyond a limit.
    LimitExceeded = "LIMIT_EXCEEDED",
    /// Unknown persisted document.
    DocumentNotFound = "DOCUMENT_NOT_FOUND",
    /// Only persisted documents are accepted.
    DocumentIdRequired = "DOCUMENT_ID_REQUIRED",
    /// Only named operations are accepted.
    OperationNameRequired = "OPERATION_NAME_REQUIRED",
    /// Introspection is disabled.
    IntrospectionDisabled = "INTROSPECTION_DISABLED",
    /// Rate limit exceeded.
    RateLimited = "RATE_LIMITED",
    /// Concurrency limit exceeded, per WebSocket or per person.
    TooManyOperations = "TOO_MANY_OPERATIONS",
    /// Batch refused: disabled, too long, or with a subscription.
    BatchRefused = "BATCH_REFUSED",
    /// Body beyond the size limit.
    BodyTooLarge = "BODY_TOO_LARGE",
    /// Operation timed out.
    Timeout = "TIMEOUT",
    /// Database unavailable or read-only.
    Unavailable = "UNAVAILABLE",
    /// Internal error.
    Internal = "INTERNAL",
}

/// Additional entries of an error's `extensions`.
pub type Details = Vec<(&'static str, Value)>;

impl ErrorCode {
    /// Returns an error of this code, translated later.
    pub(super) fn error(self, message: impl Into<Text>) -> Error {
        Error::new_with_source(message.into()).extend_with(|_, extensions| extensions.set("code", self.word()))
    }

    /// Returns an error of this code without location, about the whole operation.
    pub(super) fn operation_error(self, message: impl Into<Text>) -> ServerError {
        without_location(self.error(message))
    }

    /// Returns a response with one error of this code.
    pub fn response(self, message: impl Into<Text>) -> Response {
        Response::from_errors(vec![self.operation_error(message)])
    }

    /// Returns a response with one error of this code and additional `extensions`.
    pub fn response_with(self, message: impl Into<Text>, details: Details) -> Response {
        let mut error = self.operation_error(message);
        let extensions = error.extensions.get_or_insert_default();
        details.into_iter().for_each(|(name, value)| extensions.set(name, value));
        Response::from_errors(vec![error])
    }

    /// Returns true for an error of this code.
    pub fn matches(self, error: &ServerError) -> bool {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
        matches!(code, Some(Value::String(word)) if word == self.word())
    }
}

/// Converts an error without a location.
pub(super) fn without_location(error: Error) -> ServerError {
    let mut error = error.into_server_error(Default::default());
    error.locations.clear();
    error
}

/// Maximum length in bytes of an error message of a rejected operation, since messages echo client input.
const MAX_MESSAGE: usize = 1_000;

/// Adds a code to errors of the library, and bounds the messages of a rejected operation.
pub(super) fn with_codes(mut response: Response) -> Response {
    if response.errors.iter().all(|error| error.path.is_empty()) {
        for error in &mut response.errors {
            let end = error.message.floor_char_boundary(MAX_MESSAGE);
            if end < error.message.len() {
                error.message.replace_range(end.., "…");
            }
        }
    }
    for error in &mut response.errors {
        // An error without path comes from parsing or validation.
        let code = if error.path.is_empty() { ErrorCode::InvalidOperation } else { ErrorCode::InvalidInput };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code.word());
        }
    }
    response
}
