//! Early refusal of operations with many unknown fields. The library computes a suggestion for each by comparing it with all names
//! of the type: fine for a few typos, too expensive for an operation of another schema.

use async_graphql::ServerError;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};

use crate::graphql::error_code::ErrorCode;
use crate::graphql::schema_index::{SchemaIndex, named_type, root_type};

/// Maximum number of unknown fields left to the library's suggestions.
const MAX_UNKNOWN: usize = 10;

/// Stand-in for all introspection types.
const INTROSPECTION_TYPE: &str = "__Schema";

/// Fields of the introspection types.
const INTROSPECTION_FIELDS: &str = " types queryType mutationType subscriptionType directives description kind name fields interfaces \
     possibleTypes enumValues inputFields ofType specifiedByURL isOneOf args type isDeprecated deprecationReason defaultValue \
     locations isRepeatable ";

/// Refuses a document with too many unknown fields or arguments.
pub(in crate::graphql) fn check(index: &SchemaIndex, document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut unknown = UnknownFields { index, count: 0, first: None };
    // Visits each selection once, without expanding fragments.
    for fragment in document.fragments.values() {
        unknown.count_in(&fragment.node.selection_set.node, fragment.node.type_condition.node.on.node.as_str());
    }
    for (_, operation) in document.operations.iter() {
        unknown.count_in(&operation.node.selection_set.node, root_type(operation.node.ty));
    }
    match unknown.first {
        Some(first) if unknown.count > MAX_UNKNOWN => Err(ErrorCode::InvalidOperation.operation_error(format!(
            "{} fields and arguments of the operation are not in the schema, {first} for one: is it meant for another server, \
             or for a version that is gone?",
            unknown.count
        ))),
        _ => Ok(()),
    }
}

struct UnknownFields<'a> {
    index: &'a SchemaIndex,
    count: usize,
    first: Option<String>,
}

impl UnknownFields<'_> {
    fn count_in(&mut self, set: &SelectionSet, of: &str) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => self.count_field(&field.node, of),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.count_in(&fragment.node.selection_set.node, on);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn count_field(&mut self, field: &Field, of: &str) {
        let name = &field.name.node;
        let below = match name.as_str() {
            "__typename" => return,
            "__schema" | "__type" if of == "Query" => INTROSPECTION_TYPE,
            _ if of.starts_with("__") => {
                if !INTROSPECTION_FIELDS.contains(&format!(" {name} ")) {
                    self.note(|| format!("`{name}` of the schema's description"));
                }
                INTROSPECTION_TYPE
            }
            _ => match self.index.field_type(of, name) {
                Some(ty) => {
                    let known = self.index.arguments(of, name);
                    for (argument, _) in &field.arguments {
                        if !known.contains(&argument.node) {
                            self.note(|| format!("`{}` of `{of}.{name}`", argument.node));
                        }
                    }
                    named_type(ty)
                }
                // Unknown types are reported once by validation.
                None if !self.index.has_type(of) => return,
                None => return self.note(|| format!("`{of}.{name}`")),
            },
        };
        self.count_in(&field.selection_set.node, below);
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }
}
