//! Parsing of documents within the limits of nesting and fragment expansion.

use std::collections::HashMap;

use async_graphql::parser;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, ServerError};

use super::document::flatten;
use super::limits::{DEEPEST, Limit, Limits};
use super::unknown_fields;
use crate::graphql::error_code::Code;
use crate::graphql::schema_index::SchemaIndex;

/// Parses a document and refuses it beyond the limits or with too many unknown fields.
pub(in crate::graphql) fn read(
    text: &str,
    limits: &Limits,
    index: &SchemaIndex,
) -> Result<ExecutableDocument, ServerError> {
    let document = parse(text, limits)?;
    unknown_fields::judge(index, &document)?;
    Ok(document)
}

/// Parses a document and checks the limits that need no schema, cheapest first.
fn parse(text: &str, limits: &Limits) -> Result<ExecutableDocument, ServerError> {
    limits.hold_text(text)?;
    let document = async_graphql::parser::parse_query(text).map_err(unreadable)?;
    let mut weights = Weights { document: &document, known: HashMap::new() };
    let mut whole = Weight::default();
    // Includes unused fragments: validation visits them as well.
    for name in document.fragments.keys() {
        let weight = weights.of_fragment(name, 1)?;
        whole.compared = whole.compared.saturating_add(weight.compared);
    }
    // Sums all operations, since validation visits all.
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut weight = weights.of(&operation.selection_set.node, 1)?;
        let of_variables = operation.variable_definitions.iter().map(|of| of.node.directives.len() as u64);
        let directives = of_variables.fold(operation.directives.len() as u64, u64::saturating_add);
        weight.directives = weight.directives.saturating_add(directives);
        whole.add(weight);
    }
    Limit::Fields.keep(limits.fields, whole.fields)?;
    Limit::Fragments.keep(limits.fields.saturating_mul(COMPARED), whole.compared)?;
    Limit::Depth.keep(limits.depth, whole.depth)?;
    Limit::Aliases.keep(limits.aliases, whole.aliases)?;
    Limit::Directives.keep(limits.directives, whole.directives)?;
    for (_, operation) in document.operations.iter() {
        let mut fields = 0_usize;
        flatten(&document, &operation.node.selection_set.node, &mut Vec::new(), &mut |_| fields += 1);
        Limit::RootFields.keep(limits.root_fields, fields)?;
    }
    Ok(document)
}

/// Returns a syntax error with its location and expectation in one line.
fn unreadable(error: parser::Error) -> ServerError {
    let parser::Error::Syntax { message, start, .. } = &error else { return error.into() };
    // The library's message is a drawing; its last line is the explanation.
    let why =
        message.lines().rev().find_map(|line| line.trim_start().strip_prefix("= ")).unwrap_or("it is not GraphQL");
    let Pos { line, column } = *start;
    ServerError::new(format!("The document cannot be read at line {line}, column {column}: {why}."), Some(*start))
}

/// Maximum average number of comparisons per field in overlapping-field validation, which compares once per enclosing fragment.
const COMPARED: usize = 4;

fn refused(message: String) -> ServerError {
    Code::InvalidOperation.whole(message)
}

/// Size of a selection set with its fragments expanded at every spread.
#[derive(Clone, Copy, Default)]
struct Weight {
    fields: u64,
    aliases: u64,
    directives: u64,
    /// Depth of nested fields.
    depth: usize,
    /// Depth of nested fields and fragments.
    height: usize,
    /// Number of direct fields, including those in inline fragments.
    flat: u64,
    /// Number of field comparisons at this level and below.
    compared: u64,
}

impl Weight {
    /// Adds a sibling.
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height + 1);
        self.flat = self.flat.saturating_add(other.flat);
        self.compared = self.compared.saturating_add(other.compared);
    }

    /// Adds the directives on the selection.
    fn under(self, directives: &[Positioned<Directive>]) -> Self {
        Self { directives: self.directives.saturating_add(directives.len() as u64), ..self }
    }
}

/// Size calculator for selections. Fragments are memoised, so the time is linear in the document's length.
struct Weights<'a> {
    document: &'a ExecutableDocument,
    /// None while a fragment is being measured: a second visit then means a cycle.
    known: HashMap<&'a Name, Option<Weight>>,
}

impl<'a> Weights<'a> {
    /// `depth`: nesting level of this selection set.
    fn of(&mut self, set: &'a SelectionSet, depth: usize) -> Result<Weight, ServerError> {
        within(depth)?;
        let mut whole = Weight::default();
        for item in &set.items {
            let part = match &item.node {
                Selection::Field(field) => {
                    let below = self.of(&field.node.selection_set.node, depth + 1)?;
                    let fields = below.fields.saturating_add(1);
                    let aliases = below.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    Weight { fields, aliases, depth: below.depth + 1, flat: 1, ..below }.under(&field.node.directives)
                }
                Selection::InlineFragment(fragment) => {
                    let inner = self.of(&fragment.node.selection_set.node, depth + 1)?;
                    inner.under(&fragment.node.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.of_fragment(&spread.node.fragment_name.node, depth + 1)?;
                    // Comparisons below count at the fragment's definition.
                    Weight { compared: 0, ..inner }.under(&spread.node.directives)
                }
            };
            whole.add(part);
        }
        whole.compared = whole.compared.saturating_add(whole.flat);
        Ok(whole)
    }

    fn of_fragment(&mut self, name: &'a Name, depth: usize) -> Result<Weight, ServerError> {
        match self.known.get(name) {
            Some(Some(known)) => return within(depth + known.height).map(|()| *known),
            Some(None) => return Err(refused(format!("The fragment `{name}` leads to itself."))),
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Weight::default()) };
        self.known.insert(name, None);
        let inner = self.of(&fragment.node.selection_set.node, depth)?;
        let fields = inner.fields.saturating_add(1);
        let weight = Weight { fields, ..inner }.under(&fragment.node.directives);
        self.known.insert(name, Some(weight));
        Ok(weight)
    }
}

fn within(depth: usize) -> Result<(), ServerError> {
    Limit::Nesting.keep(DEEPEST, depth)
}
