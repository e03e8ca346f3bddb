//! Registration of client documents sent together with their digest.

use std::sync::Arc;

use async_graphql::Value;
use async_graphql::parser::types::{ExecutableDocument, OperationType};

use super::document::visit_values;
use crate::service::RegisteredDocuments;

/// A pending registration, carried out after a successful run.
#[derive(Debug)]
pub(in crate::graphql) struct PendingRegistration {
    pub(in crate::graphql) registered: Arc<RegisteredDocuments>,
    pub(in crate::graphql) digest: String,
}

impl PendingRegistration {
    /// Registers the document unless it may contain personal input.
    pub(in crate::graphql) fn register(&self, text: &str, document: &ExecutableDocument) {
        if is_registrable(text, document) {
            self.registered.register(&self.digest, text);
        }
    }
}

/// Returns true for a document without personal input, safe to keep and serve to other callers. Mutations must pass all input as
/// variables, since literals may be personal data or secrets. Documents with comments are refused.
fn is_registrable(text: &str, document: &ExecutableDocument) -> bool {
    let is_mutation = document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation);
    let mut without_literals = true;
    visit_values(document, &mut |value| without_literals &= has_no_literals(&value));
    !text.contains(['#', '\0']) && (without_literals || !is_mutation)
}

/// Returns true for a value without literals other than null and booleans.
fn has_no_literals(value: &Value) -> bool {
    match value {
        Value::Null | Value::Boolean(_) => true,
        Value::List(items) => items.iter().all(has_no_literals),
        Value::Object(fields) => fields.values().all(has_no_literals),
        _ => false,
    }
}
