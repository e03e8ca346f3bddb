//! `disposisi schema`.

/// Print the published GraphQL schema
///
/// The content of `schema.graphql` at this version, for code generators, linters and comparisons.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  disposisi schema > schema.graphql")]
pub(super) struct SchemaCommand {}
