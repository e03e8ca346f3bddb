//! Limits of an operation, all checked before execution, cheapest first, with one error format.

mod body_size;

use async_graphql::{Response, ServerError};

use self::body_size::BodySize;
use crate::graphql::error_code::ErrorCode;

/// Maximum nesting of brackets of any kind, and of fields and fragments within each other.
pub(in crate::graphql) const MAX_NESTING: usize = 64;

/// Maximum length of a name in characters.
const MAX_NAME: usize = 128;

/// Limits of every operation.
#[derive(Debug, Clone, Copy)]
pub struct OperationLimits {
    /// Maximum number of JSON values in a body, mostly variables.
    pub values: usize,
    /// Maximum length of a document, or of any other string of a body, in bytes.
    pub document: usize,
    /// Maximum number of tokens in a document.
    pub tokens: usize,
    /// Maximum number of selected fields, fragments counted at every spread.
    pub fields: usize,
    /// Maximum depth of nested selections.
    pub depth: usize,
    /// Maximum number of root fields, each of which may cost a database statement or more.
    pub root_fields: usize,
    /// Maximum number of aliases.
    pub aliases: usize,
    /// Maximum number of directives.
    pub directives: usize,
    /// Maximum cost: 1 per field, multiplied by the page size or list bound around it.
    pub complexity: usize,
}

impl OperationLimits {
    /// Refuses an oversized body before parsing. The error is the complete response.
    pub fn check_body(&self, body: &[u8]) -> Result<(), Box<Response>> {
        let size = BodySize::measure(body);
        let checked = Limit::Bytes.check(self.document, size.longest_text);
        let checked = checked.and_then(|()| Limit::Values.check(self.values, size.values));
        checked.map_err(|error| Box::new(Response::from_errors(vec![error])))
    }

    /// Refuses an oversized document before parsing.
    pub(super) fn check_document(&self, size: DocumentSize) -> Result<(), ServerError> {
        Limit::Nesting.check(MAX_NESTING, size.nesting)?;
        Limit::Name.check(MAX_NAME, size.longest_name)?;
        Limit::Tokens.check(self.tokens, size.tokens)
    }
}

impl Default for OperationLimits {
    fn default() -> Self {
        Self {
            values: 5_000,
            document: 65_536,
            tokens: 2_000,
            fields: 2_000,
            depth: 16,
            root_fields: 100,
            aliases: 500,
            directives: 200,
            complexity: 50_000,
        }
    }
}

/// Size of a document's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DocumentSize {
    /// Number of names, numbers, strings and punctuators.
    pub(super) tokens: usize,
    /// Maximum nesting of brackets.
    pub(super) nesting: usize,
    /// Length of the longest name or number.
    pub(super) longest_name: usize,
}

/// A limit of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    Bytes,
    Values,
    Nesting,
    Name,
    Tokens,
    Fields,
    Fragments,
    Depth,
    RootFields,
    Aliases,
    Directives,
    Cost,
}

impl Limit {
    /// Returns the name for clients, the counted quantity and the remedy.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Values => ("values", "holds {} values", "Send it in parts."),
            Self::Bytes => ("bytes", "has a text of {} bytes", "Send it in parts, and values as variables."),
            Self::Name => ("name", "has a name of {} characters", "Names in the schema are short."),
            Self::Fragments => {
                ("fragments", "merges {} fields through its fragments", "Spread what is selected flatly.")
            }
            Self::Tokens => ("tokens", "has {} tokens", "Send it in parts, and values as variables."),
            Self::Nesting => {
                ("nesting", "nests its brackets {} deep", "Select in fewer steps, and send values as variables.")
            }
            Self::Fields => ("fields", "selects {} fields with its fragments", "Send it in parts."),
            Self::Depth => {
                ("depth", "selects {} levels deep", "Read what lies deeper by its id, in another operation.")
            }
            Self::RootFields => {
                ("rootFields", "selects {} fields at its root", "Send it in parts, or read many by `nodes`.")
            }
            Self::Aliases => ("aliases", "gives {} fields another name", "Send it in parts, or read many by `nodes`."),
            Self::Directives => ("directives", "has {} directives", "Select what is wanted, instead of what may be."),
            Self::Cost => ("cost", "costs {}", "Ask for smaller pages (`first`), or for less of what lists hold."),
        }
    }

    /// Refuses a quantity above `max`.
    pub(super) fn check(self, max: usize, actual: impl TryInto<usize>) -> Result<(), ServerError> {
        let actual = actual.try_into().unwrap_or(usize::MAX);
        if actual <= max {
            return Ok(());
        }
        let (name, excess, remedy) = self.words();
        let excess = excess.replace("{}", &actual.to_string());
        let message = format!("The operation {excess}; at most {max} are taken. {remedy}");
        let mut error = ErrorCode::LimitExceeded.operation_error(message);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("limit", name);
        extensions.set("max", max);
        extensions.set("actual", actual);
        Err(error)
    }
}
