//! A document, judged before it runs: how deep it nests, and how much its fragments make of it.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, ServerError};

use super::nesting;

/// Validation follows every spread, so that fragments which spread each other twice double its work each time.
const MOST_SELECTIONS: u64 = 50_000;

/// So many fields at the root, each of which may be a statement or more.
const MOST_ROOT_FIELDS: usize = 100;

/// A document, parsed and within bounds.
pub(super) fn parse(text: &str) -> Result<ExecutableDocument, ServerError> {
    if nesting::is_too_deep(text) {
        return Err(refused(format!("Brackets nest more than {} deep.", nesting::DEEPEST)));
    }
    let document = async_graphql::parser::parse_query(text)?;
    let mut sizes = Sizes { document: &document, known: HashMap::new() };
    let sizes: Vec<u64> =
        document.operations.iter().map(|(_, operation)| sizes.of(&operation.node.selection_set.node)).collect();
    if let Some(size) = sizes.into_iter().find(|size| *size > MOST_SELECTIONS) {
        return Err(refused(format!(
            "With its fragments it selects {size} fields; at most {MOST_SELECTIONS} are taken."
        )));
    }
    for (_, operation) in document.operations.iter() {
        let mut fields = Vec::new();
        flatten(&document, &operation.node.selection_set.node, &mut Vec::new(), &mut |field| fields.push(field));
        if fields.len() > MOST_ROOT_FIELDS {
            let message =
                format!("It selects {} fields at the root; at most {MOST_ROOT_FIELDS} are taken.", fields.len());
            return Err(refused(message));
        }
    }
    Ok(document)
}

fn refused(message: String) -> ServerError {
    ServerError::new(message, None)
}

/// The operation of that name, or the only one.
pub(super) fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(of, _)| of.is_some_and(|of| of == name)),
        None => operations.next(),
    };
    found.map(|(_, operation)| &operation.node)
}

/// How many fields selections have, with what their fragments bring; each fragment is counted once and remembered.
struct Sizes<'a> {
    document: &'a ExecutableDocument,
    /// None while a fragment is being counted: one that leads to itself is refused by validation.
    known: HashMap<&'a Name, Option<u64>>,
}

impl<'a> Sizes<'a> {
    fn of(&mut self, set: &'a SelectionSet) -> u64 {
        set.items.iter().fold(0_u64, |size, item| {
            size.saturating_add(match &item.node {
                Selection::Field(field) => self.of(&field.node.selection_set.node).saturating_add(1),
                Selection::InlineFragment(fragment) => self.of(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.of_fragment(&spread.node.fragment_name.node),
            })
        })
    }

    fn of_fragment(&mut self, name: &'a Name) -> u64 {
        if let Some(known) = self.known.get(name) {
            return known.unwrap_or(0);
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        self.known.insert(name, None);
        let size = self.of(&fragment.node.selection_set.node).saturating_add(1);
        self.known.insert(name, Some(size));
        size
    }
}

/// A field that is selected, and the type that a fragment around it names.
pub(super) struct Selected<'a> {
    pub(super) field: &'a async_graphql::parser::types::Field,
    pub(super) on: Option<&'a Name>,
}

/// Every field of a selection in order, through its fragments. `around`: the types that fragments around it name.
pub(super) fn flatten<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    around: &mut Vec<&'a Name>,
    take: &mut impl FnMut(Selected<'a>),
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => take(Selected { field: &field.node, on: around.last().copied() }),
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                around.extend(on);
                flatten(document, &fragment.node.selection_set.node, around, take);
                around.truncate(around.len() - usize::from(on.is_some()));
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) else { continue };
                let on = &fragment.node.type_condition.node.on.node;
                // A fragment that leads to itself is refused by validation; here it must only end.
                if around.len() < nesting::DEEPEST {
                    around.push(on);
                    flatten(document, &fragment.node.selection_set.node, around, take);
                    around.pop();
                }
            }
        }
    }
}
