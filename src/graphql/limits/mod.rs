//! The limits of an operation: all of them judged before anything runs, the cheapest first, and each refused in the same shape.

mod cost;
mod text;

use async_graphql::{ErrorExtensionValues, ServerError};

pub(super) use cost::Cost;
pub(super) use text::{DEEPEST, Extent};

/// The code of every refusal for a limit.
const CODE: &str = "LIMIT_EXCEEDED";

/// The limits that every operation keeps.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
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

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 10_000,
            fields: 10_000,
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
    Tokens,
    Nesting,
    Fields,
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
        let mut error = ServerError::new(format!("The operation {told}; at most {max} are taken. {way_out}"), None);
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", CODE);
        extensions.set("limit", name);
        extensions.set("max", max);
        extensions.set("actual", actual);
        error.extensions = Some(extensions);
        Err(error)
    }
}
