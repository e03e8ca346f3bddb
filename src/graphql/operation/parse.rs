//! Parsing of documents within the limits of nesting and fragment expansion.

use std::collections::HashMap;

use async_graphql::parser;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, ServerError};

use super::document::visit_fields;
use super::limits::{Limit, MAX_NESTING, OperationLimits};
use super::unknown_fields;
use crate::graphql::error_code::ErrorCode;
use crate::graphql::schema_index::SchemaIndex;

/// Parses a document and refuses it beyond the limits or with too many unknown fields.
pub(in crate::graphql) fn read(
    text: &str,
    limits: &OperationLimits,
    index: &SchemaIndex,
) -> Result<ExecutableDocument, ServerError> {
    let document = parse(text, limits)?;
    unknown_fields::check(index, &document)?;
    Ok(document)
}

/// Parses a document and checks the limits that need no schema, cheapest first.
fn parse(text: &str, limits: &OperationLimits) -> Result<ExecutableDocument, ServerError> {
    limits.check_document(text)?;
    let document = async_graphql::parser::parse_query(text).map_err(syntax_error)?;
    let mut counter = SizeCounter { document: &document, counted: HashMap::new() };
    let mut whole = SelectionSize::default();
    // Includes unused fragments: validation visits them as well.
    for name in document.fragments.keys() {
        let size = counter.of_fragment(name, 1)?;
        whole.comparisons = whole.comparisons.saturating_add(size.comparisons);
    }
    // Sums all operations, since validation visits all.
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut size = counter.of_selections(&operation.selection_set.node, 1)?;
        let of_variables = operation.variable_definitions.iter().map(|variable| variable.node.directives.len() as u64);
        let directives = of_variables.fold(operation.directives.len() as u64, u64::saturating_add);
        size.directives = size.directives.saturating_add(directives);
        whole.add(size);
    }
    Limit::Fields.check(limits.fields, whole.fields)?;
    Limit::Fragments.check(limits.fields.saturating_mul(MAX_COMPARISONS), whole.comparisons)?;
    Limit::Depth.check(limits.depth, whole.depth)?;
    Limit::Aliases.check(limits.aliases, whole.aliases)?;
    Limit::Directives.check(limits.directives, whole.directives)?;
    for (_, operation) in document.operations.iter() {
        let mut fields = 0_usize;
        visit_fields(&document, &operation.node.selection_set.node, &mut Vec::new(), &mut |_| fields += 1);
        Limit::RootFields.check(limits.root_fields, fields)?;
    }
    Ok(document)
}

/// Returns a syntax error with its location and expectation in one line.
fn syntax_error(error: parser::Error) -> ServerError {
    let parser::Error::Syntax { message, start, .. } = &error else { return error.into() };
    // The library's message is a drawing; its last line is the explanation.
    let explanation =
        message.lines().rev().find_map(|line| line.trim_start().strip_prefix("= ")).unwrap_or("it is not GraphQL");
    let Pos { line, column } = *start;
    ServerError::new(
        format!("The document cannot be read at line {line}, column {column}: {explanation}."),
        Some(*start),
    )
}

/// Maximum average number of comparisons per field in overlapping-field validation, which compares once per enclosing fragment.
const MAX_COMPARISONS: usize = 4;

/// Size of a selection set with its fragments expanded at every spread.
#[derive(Clone, Copy, Default)]
struct SelectionSize {
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
    comparisons: u64,
}

impl SelectionSize {
    /// Adds a sibling.
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height + 1);
        self.flat = self.flat.saturating_add(other.flat);
        self.comparisons = self.comparisons.saturating_add(other.comparisons);
    }

    /// Adds the directives on the selection.
    fn under(self, directives: &[Positioned<Directive>]) -> Self {
        Self { directives: self.directives.saturating_add(directives.len() as u64), ..self }
    }
}

/// Size calculator for selections. Fragments are memoised, so the time is linear in the document's length.
struct SizeCounter<'a> {
    document: &'a ExecutableDocument,
    /// None while a fragment is being measured: a second visit then means a cycle.
    counted: HashMap<&'a Name, Option<SelectionSize>>,
}

impl<'a> SizeCounter<'a> {
    /// `depth`: nesting level of this selection set.
    fn of_selections(&mut self, set: &'a SelectionSet, depth: usize) -> Result<SelectionSize, ServerError> {
        check_nesting(depth)?;
        let mut whole = SelectionSize::default();
        for item in &set.items {
            let part = match &item.node {
                Selection::Field(field) => {
                    let below = self.of_selections(&field.node.selection_set.node, depth + 1)?;
                    let fields = below.fields.saturating_add(1);
                    let aliases = below.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    SelectionSize { fields, aliases, depth: below.depth + 1, flat: 1, ..below }
                        .under(&field.node.directives)
                }
                Selection::InlineFragment(fragment) => {
                    let inner = self.of_selections(&fragment.node.selection_set.node, depth + 1)?;
                    inner.under(&fragment.node.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.of_fragment(&spread.node.fragment_name.node, depth + 1)?;
                    // Comparisons below count at the fragment's definition.
                    SelectionSize { comparisons: 0, ..inner }.under(&spread.node.directives)
                }
            };
            whole.add(part);
        }
        whole.comparisons = whole.comparisons.saturating_add(whole.flat);
        Ok(whole)
    }

    fn of_fragment(&mut self, name: &'a Name, depth: usize) -> Result<SelectionSize, ServerError> {
        match self.counted.get(name) {
            Some(Some(counted)) => return check_nesting(depth + counted.height).map(|()| *counted),
            Some(None) => {
                return Err(
                    ErrorCode::InvalidOperation.operation_error(format!("The fragment `{name}` contains itself."))
                );
            }
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(SelectionSize::default()) };
        self.counted.insert(name, None);
        let inner = self.of_selections(&fragment.node.selection_set.node, depth)?;
        let fields = inner.fields.saturating_add(1);
        let size = SelectionSize { fields, ..inner }.under(&fragment.node.directives);
        self.counted.insert(name, Some(size));
        Ok(size)
    }
}

fn check_nesting(depth: usize) -> Result<(), ServerError> {
    Limit::Nesting.check(MAX_NESTING, depth)
}
