//! The codes of errors that stand beside `data`. `docs/errors.md` tells clients of each; what a person can mend has codes of its
//! own, which the schema lists.

use async_graphql::{Error, ErrorExtensions, Response, ServerError, Value};

use crate::language::Text;

/// Makes the codes from their words, so that the list of all of them cannot lack one.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// A stable code, as it stands in an error's `extensions.code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as clients read it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

codes! {
    /// Nobody is signed in, or no longer.
    Unauthenticated = "UNAUTHENTICATED",
    /// No policy line, or no scope of the API key, allows it.
    Forbidden = "FORBIDDEN",
    /// An argument or a variable does not fit.
    InvalidInput = "INVALID_INPUT",
    /// A subscription goes on from what is no cursor.
    InvalidCursor = "INVALID_CURSOR",
    /// A subscription goes on from further on than the log goes.
    CursorAhead = "CURSOR_AHEAD",
    /// What was sent cannot be read, is not in the schema, or is not sent as it must be.
    InvalidOperation = "INVALID_OPERATION",
    /// The operation is larger than is taken.
    LimitExceeded = "LIMIT_EXCEEDED",
    /// No document of this id is known.
    DocumentNotFound = "DOCUMENT_NOT_FOUND",
    /// Only documents that are known by their ids are run.
    DocumentIdRequired = "DOCUMENT_ID_REQUIRED",
    /// Only operations that have a name are run.
    OperationNameRequired = "OPERATION_NAME_REQUIRED",
    /// The schema is not described.
    IntrospectionDisabled = "INTROSPECTION_DISABLED",
    /// The caller calls too often.
    RateLimited = "RATE_LIMITED",
    /// A WebSocket, or a person on all of theirs, has too much under way.
    TooManyOperations = "TOO_MANY_OPERATIONS",
    /// Operations are not taken in a list, or not so many, or not such.
    BatchRefused = "BATCH_REFUSED",
    /// The body is too large.
    BodyTooLarge = "BODY_TOO_LARGE",
    /// The operation took too long.
    Timeout = "TIMEOUT",
    /// The database does not answer, or takes nothing.
    Unavailable = "UNAVAILABLE",
    /// A fault of ours.
    Internal = "INTERNAL",
}

/// What a client may read in an error's `extensions`, beside its code.
pub type Details = Vec<(&'static str, Value)>;

impl Code {
    /// An error of this code, told in the language of whom it is for once that is known.
    pub(super) fn error(self, message: impl Into<Text>) -> Error {
        Error::new_with_source(message.into()).extend_with(|_, extensions| extensions.set("code", self.word()))
    }

    /// An error of this code that is about no field.
    pub(super) fn whole(self, message: impl Into<Text>) -> ServerError {
        nowhere(self.error(message))
    }

    /// A whole answer that is one error of this code.
    pub fn answer(self, message: impl Into<Text>) -> Response {
        Response::from_errors(vec![self.whole(message)])
    }

    /// The same, with what else a client may read in the error's `extensions`.
    pub fn answer_with(self, message: impl Into<Text>, details: Details) -> Response {
        let mut error = self.whole(message);
        let extensions = error.extensions.get_or_insert_default();
        details.into_iter().for_each(|(name, value)| extensions.set(name, value));
        Response::from_errors(vec![error])
    }

    /// Whether an error is of this code.
    pub fn is_of(self, error: &ServerError) -> bool {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
        matches!(code, Some(Value::String(word)) if word == self.word())
    }
}

/// An error that is about no place in the document: a place that is none is not told.
pub(super) fn nowhere(error: Error) -> ServerError {
    let mut error = error.into_server_error(Default::default());
    error.locations.clear();
    error
}

/// So many errors are told of an operation that never ran, each in so many bytes: they say again what was sent.
const TOLD: (usize, usize) = (20, 1_000);

/// The answer with a code on every error: those of the library have none.
pub(super) fn coded(mut response: Response) -> Response {
    if response.errors.iter().all(|error| error.path.is_empty()) {
        response.errors.truncate(TOLD.0);
        for error in &mut response.errors {
            let end = error.message.floor_char_boundary(TOLD.1);
            if end < error.message.len() {
                error.message.replace_range(end.., "…");
            }
        }
    }
    for error in &mut response.errors {
        // Before anything ran there is no path: the operation cannot be understood, or is not in the schema.
        let code = if error.path.is_empty() { Code::InvalidOperation } else { Code::InvalidInput };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code.word());
        }
    }
    response
}
