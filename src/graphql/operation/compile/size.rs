//! Size of a document's selections, with fragments expanded at every spread: before anything descends through spreads. Each fragment
//! is measured once.

use std::collections::HashMap;

use apollo_compiler::Name;
use apollo_compiler::ast::{Definition, DirectiveList, Document, FragmentDefinition, OperationDefinition, Selection};
use apollo_compiler::parser::SourceSpan;
use async_graphql::ServerError;

use super::fault::DocumentFault;
use super::lines::Lines;
use crate::graphql::operation::limits::{Limit, MAX_NESTING, OperationLimits};

/// Refuses a document beyond the limits, and fragments that lead to themselves (section 5.5.2.2).
pub(super) fn check(ast: &Document, limits: &OperationLimits, lines: &Lines) -> Result<(), ServerError> {
    let fragments = ast.definitions.iter().filter_map(|of| of.as_fragment_definition());
    let fragments: HashMap<&Name, &FragmentDefinition> = fragments.map(|of| (&of.name, &**of)).collect();
    let mut counter = SizeCounter { fragments: &fragments, counted: HashMap::new(), lines };
    let (mut whole, mut root_fields) = (SelectionSize::default(), 0);
    // All operations, since validation visits all; unused fragments for the fragments that lead to themselves.
    for definition in &ast.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                let size = counter.of_operation(operation)?;
                root_fields = root_fields.max(size.flat);
                whole.add(size);
            }
            Definition::FragmentDefinition(fragment) => drop(counter.of_fragment(&fragment.name, None, 1)?),
            _ => {}
        }
    }
    Limit::Fields.check(limits.fields, whole.fields)?;
    Limit::Depth.check(limits.depth, whole.depth)?;
    Limit::Aliases.check(limits.aliases, whole.aliases)?;
    Limit::Directives.check(limits.directives, whole.directives)?;
    Limit::RootFields.check(limits.root_fields, root_fields)
}

/// Size of a selection set with its fragments expanded at every spread.
#[derive(Clone, Copy, Default)]
struct SelectionSize {
    /// Number of fields and spreads.
    fields: u64,
    aliases: u64,
    directives: u64,
    /// Depth of nested fields.
    depth: usize,
    /// Depth of nested fields and fragments.
    height: usize,
    /// Number of direct fields, through fragments.
    flat: u64,
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
    }

    /// Adds directives.
    fn under(self, directives: &DirectiveList) -> Self {
        Self { directives: self.directives.saturating_add(directives.len() as u64), ..self }
    }
}

/// Counter of selection sizes.
struct SizeCounter<'a> {
    fragments: &'a HashMap<&'a Name, &'a FragmentDefinition>,
    /// Sizes of fragments. None while a fragment is being counted: a second visit then means a cycle.
    counted: HashMap<&'a Name, Option<SelectionSize>>,
    lines: &'a Lines,
}

impl<'a> SizeCounter<'a> {
    fn of_operation(&mut self, operation: &'a OperationDefinition) -> Result<SelectionSize, ServerError> {
        let size = self.of_selections(&operation.selection_set, 1)?.under(&operation.directives);
        Ok(operation.variables.iter().fold(size, |size, variable| size.under(&variable.directives)))
    }

    /// `depth`: the nesting around the selections.
    fn of_selections(&mut self, set: &'a [Selection], depth: usize) -> Result<SelectionSize, ServerError> {
        check_nesting(depth)?;
        let mut size = SelectionSize::default();
        for selection in set {
            size.add(match selection {
                Selection::Field(field) => {
                    let below = match field.selection_set.as_slice() {
                        [] => SelectionSize::default(),
                        set => self.of_selections(set, depth + 1)?,
                    };
                    let own = SelectionSize {
                        fields: below.fields.saturating_add(1),
                        aliases: below.aliases.saturating_add(u64::from(field.alias.is_some())),
                        depth: below.depth + 1,
                        flat: 1,
                        ..below
                    };
                    own.under(&field.directives)
                }
                Selection::InlineFragment(inline) => {
                    self.of_selections(&inline.selection_set, depth + 1)?.under(&inline.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let below = self.of_fragment(&spread.fragment_name, spread.location(), depth + 1)?;
                    check_nesting(depth + below.height)?;
                    below.under(&spread.directives)
                }
            });
        }
        Ok(size)
    }

    /// `spread`: the place of the spread.
    fn of_fragment(
        &mut self,
        name: &Name,
        spread: Option<SourceSpan>,
        depth: usize,
    ) -> Result<SelectionSize, ServerError> {
        // Unknown fragments are refused by validation.
        let Some((name, fragment)) = self.fragments.get_key_value(name).map(|(name, fragment)| (*name, *fragment))
        else {
            return Ok(SelectionSize::default());
        };
        match self.counted.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                let message = format!("The fragment `{name}` contains itself.");
                let places = vec![self.lines.at(spread)];
                return Err(DocumentFault { rule: "5.5.2.2", message, places }.into());
            }
            None => {}
        }
        self.counted.insert(name, None);
        let below = self.of_selections(&fragment.selection_set, depth)?;
        let size = SelectionSize { fields: below.fields.saturating_add(1), ..below }.under(&fragment.directives);
        self.counted.insert(name, Some(size));
        Ok(size)
    }
}

fn check_nesting(depth: usize) -> Result<(), ServerError> {
    Limit::Nesting.check(MAX_NESTING, depth)
}
