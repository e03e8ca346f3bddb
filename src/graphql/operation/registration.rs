//! Registration of client documents sent together with their digest.

use std::sync::Arc;

use apollo_compiler::ast::{OperationType, Value};
use apollo_compiler::executable::{DirectiveList, Operation, Selection, SelectionSet};

use super::compile::document::CompiledDocument;
use crate::service::RegisteredDocuments;

/// A pending registration, carried out after a successful run.
#[derive(Debug)]
pub(in crate::graphql) struct PendingRegistration {
    pub(in crate::graphql) registered: Arc<RegisteredDocuments>,
    pub(in crate::graphql) digest: String,
}

impl PendingRegistration {
    /// Registers the document unless it may contain personal input.
    pub(in crate::graphql) fn register(&self, document: &CompiledDocument) {
        if is_registrable(document) {
            self.registered.register(&self.digest, document.text());
        }
    }
}

/// Returns true for a document without personal input, safe to keep and serve to other callers. Mutations must pass all input as
/// variables, since literals may be personal data or secrets. Documents with comments or descriptions are refused.
fn is_registrable(document: &CompiledDocument) -> bool {
    if document.has_free_text() {
        return false;
    }
    let document = document.executable();
    let is_mutation = |operation: &Operation| operation.operation_type == OperationType::Mutation;
    !document.operations.iter().any(|operation| is_mutation(operation))
        || document.operations.iter().all(|operation| {
            let defaults = operation.variables.iter();
            defaults.clone().filter_map(|variable| variable.default_value.as_ref()).all(|value| has_no_literals(value))
                && defaults.clone().all(|variable| in_directives(&variable.directives))
                && in_directives(&operation.directives)
                && in_selections(&operation.selection_set)
        }) && document
            .fragments
            .values()
            .all(|fragment| in_directives(&fragment.directives) && in_selections(&fragment.selection_set))
}

/// Returns true for selections without literals.
fn in_selections(set: &SelectionSet) -> bool {
    set.selections.iter().all(|selection| {
        in_directives(selection.directives())
            && match selection {
                Selection::Field(field) => {
                    field.arguments.iter().all(|argument| has_no_literals(&argument.value))
                        && in_selections(&field.selection_set)
                }
                Selection::InlineFragment(inline) => in_selections(&inline.selection_set),
                Selection::FragmentSpread(_) => true,
            }
    })
}

fn in_directives(directives: &DirectiveList) -> bool {
    let arguments = directives.iter().flat_map(|directive| &directive.arguments);
    arguments.into_iter().all(|argument| has_no_literals(&argument.value))
}

/// Returns true for a value without literals other than null and booleans.
fn has_no_literals(value: &Value) -> bool {
    match value {
        Value::Variable(_) | Value::Null | Value::Boolean(_) => true,
        Value::List(items) => items.iter().all(|item| has_no_literals(item)),
        Value::Object(fields) => fields.iter().all(|(_, value)| has_no_literals(value)),
        _ => false,
    }
}
