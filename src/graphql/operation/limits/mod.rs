//! Limits of an operation, all checked before execution, cheapest first, with one error format.

mod body;
pub(in crate::graphql) mod cost;
mod text;

use async_graphql::{Response, ServerError};

use crate::graphql::error_code::Code;

pub(in crate::graphql) use text::DEEPEST;
use text::Extent;

/// Maximum length of a name in characters. Unknown names are compared with known ones for suggestions, at a cost by length.
pub(super) const LONGEST_NAME: usize = 128;

/// Limits of every operation.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
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

impl Limits {
    /// Refuses an oversized body before parsing. The error is the complete response.
    pub fn hold(&self, body: &[u8]) -> Result<(), Box<Response>> {
        let content = body::Content::of(body);
        let kept = Limit::Bytes.keep(self.document, content.longest_text);
        let kept = kept.and_then(|()| Limit::Values.keep(self.values, content.values));
        kept.map_err(|error| Box::new(Response::from_errors(vec![error])))
    }

    /// Refuses an oversized document before parsing.
    pub(super) fn hold_text(&self, document: &str) -> Result<(), ServerError> {
        Limit::Bytes.keep(self.document, document.len())?;
        let extent = Extent::of(document);
        Limit::Nesting.keep(DEEPEST, extent.nesting)?;
        Limit::Name.keep(LONGEST_NAME, extent.longest_name)?;
        Limit::Tokens.keep(self.tokens, extent.tokens)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            values: 10_000,
            document: 100_000,
            tokens: 3_000,
            fields: 2_000,
            depth: 16,
            root_fields: 100,
            aliases: 500,
            directives: 200,
            complexity: 50_000,
        }
    }
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
            Self::Fragments => (
                "fragments",
                "compares {} fields through fragments within each other",
                "Spread what is selected flatly.",
            ),
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
    pub(super) fn keep(self, max: usize, actual: impl TryInto<usize>) -> Result<(), ServerError> {
        let actual = actual.try_into().unwrap_or(usize::MAX);
        if actual <= max {
            return Ok(());
        }
        let (name, told, way_out) = self.words();
        let told = told.replace("{}", &actual.to_string());
        let message = format!("The operation {told}; at most {max} are taken. {way_out}");
        let mut error = Code::LimitExceeded.whole(message);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("limit", name);
        extensions.set("max", max);
        extensions.set("actual", actual);
        Err(error)
    }
}
