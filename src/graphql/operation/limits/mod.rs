//! The limits of an operation: all of them judged before anything runs, the cheapest first, and each refused in the same shape.

mod body;
pub(in crate::graphql) mod cost;
mod text;

use async_graphql::{Response, ServerError};

use crate::graphql::error_code::Code;

pub(in crate::graphql) use text::DEEPEST;
use text::Extent;

/// The longest that a name may be. What is not in the schema is compared with what is, to tell what may have been meant.
pub(super) const LONGEST_NAME: usize = 128;

/// The limits that every operation keeps.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many values a body may hold, those of its variables above all.
    pub values: usize,
    /// How long a document may be, in bytes, or any text beside it.
    pub document: usize,
    /// How many tokens a document may have.
    pub tokens: usize,
    /// How many fields an operation may select, its fragments as often as they are spread.
    pub fields: usize,
    /// How deep selections may nest.
    pub depth: usize,
    /// How many fields an operation may select at its root, each of which may be a statement or more.
    pub root_fields: usize,
    /// How many of its fields may have another name.
    pub aliases: usize,
    /// How many directives it may have.
    pub directives: usize,
    /// How much an operation may cost: a field is 1, and what a list or page selects counts as often as it may have entries.
    pub complexity: usize,
}

impl Limits {
    /// Refuses a body by what it holds, before it is read. The error is the whole answer.
    pub fn hold(&self, body: &[u8]) -> Result<(), Box<Response>> {
        let content = body::Content::of(body);
        let kept = Limit::Bytes.keep(self.document, content.longest_text);
        let kept = kept.and_then(|()| Limit::Values.keep(self.values, content.values));
        kept.map_err(|error| Box::new(Response::from_errors(vec![error])))
    }

    /// Refuses a document by what its text comes to.
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

/// One of the limits.
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
    /// Its name to clients, what is counted, and the way out.
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

    /// Refuses what goes beyond `max`.
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
