//! Introspection (GraphQL, September 2025, section 4), answered from the published schema.

use std::borrow::Cow;

use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::FieldDefinition;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name as Key, ServerError, Value, Variables};

use super::document::CompiledDocument;
use super::merge::MergedSelections;
use super::target::TargetSchema;
use crate::graphql::error_code::ErrorCode;

/// Field of `__Type`: whether an input object takes exactly one of its fields.
const IS_ONE_OF: &str = "isOneOf";

/// Extension of the published schema by what newer clients select (September 2025) and the compiler library leaves out.
pub(super) const EXTENSION: &str = "\nextend type __Type { isOneOf: Boolean }\n";

/// Refuses introspection of the schema's cycles, whose answer would grow with each level.
pub(super) fn check_depth(document: &CompiledDocument) -> Result<(), ServerError> {
    document.executable().operations.iter().try_for_each(|operation| {
        check_max_depth(document.executable(), operation).map_err(|_| {
            let message =
                "The operation follows lists of the schema's description too deep: read types by their names.";
            ErrorCode::InvalidOperation.operation_error(message)
        })
    })
}

/// Answers the introspection fields at the root of an operation.
pub(in crate::graphql) fn answer(
    target: &TargetSchema,
    document: &CompiledDocument,
    (number, variables): (usize, &Variables),
    merged: &MergedSelections,
) -> Result<IndexMap<Key, Value>, ServerError> {
    let failed = |error: String| {
        tracing::error!(error, "introspection failed");
        ErrorCode::Internal.operation_error("Something went wrong on our side.")
    };
    let executable = match document.text().contains(IS_ONE_OF) {
        true => Cow::Owned(with_kinds(target, document.executable())),
        false => Cow::Borrowed(document.executable()),
    };
    let Some(operation) = executable.operations.iter().nth(number) else { return Ok(IndexMap::new()) };
    let variables = serde_json::to_value(variables).and_then(serde_json::from_value::<JsonMap>);
    let variables = Valid::assume_valid(variables.map_err(|error| failed(error.to_string()))?);
    let (schema, implementers) = (target.schema(), target.implementers());
    let response = partial_execute(schema, implementers, &executable, operation, &variables);
    let data = response.map_err(|error| failed(error.message().to_string()))?.data;
    let data = serde_json::to_value(data).map_err(|error| failed(error.to_string()))?;
    let Ok(Value::Object(mut values)) = Value::from_json(data) else { return Err(failed("no object".to_owned())) };
    values.retain(|key, _| merged.fields.iter().any(|field| field.is_introspection() && field.key == key.as_str()));
    for field in merged.fields.iter().filter(|field| field.is_introspection()) {
        if let (Some(value), Some(below)) = (values.get_mut(field.key.as_str()), &field.below) {
            fill(below, value);
        }
    }
    Ok(values)
}

/// Returns the document with `kind` selected in the place of `isOneOf`, under its key.
fn with_kinds(target: &TargetSchema, document: &Valid<ExecutableDocument>) -> Valid<ExecutableDocument> {
    let mut document = document.clone().into_inner();
    if let Ok(kind) = target.schema().type_field("__Type", "kind") {
        let operations = document.operations.anonymous.iter_mut().chain(document.operations.named.values_mut());
        operations.for_each(|operation| select_kinds(&mut operation.make_mut().selection_set, &kind.node));
        let fragments = document.fragments.values_mut();
        fragments.for_each(|fragment| select_kinds(&mut fragment.make_mut().selection_set, &kind.node));
    }
    Valid::assume_valid(document)
}

fn select_kinds(set: &mut SelectionSet, kind: &Node<FieldDefinition>) {
    for selection in &mut set.selections {
        match selection {
            Selection::Field(field) => {
                let field = field.make_mut();
                if field.name == IS_ONE_OF {
                    field.alias = Some(field.response_key().clone());
                    field.name = kind.name.clone();
                    field.definition = kind.clone();
                }
                select_kinds(&mut field.selection_set, kind);
            }
            Selection::InlineFragment(fragment) => select_kinds(&mut fragment.make_mut().selection_set, kind),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Fills in the values of [`EXTENSION`] from the kinds in their places: false for input objects, as the schema has no `@oneOf`.
fn fill(merged: &MergedSelections, value: &mut Value) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| fill(merged, item)),
        Value::Object(values) => {
            for field in &merged.fields {
                let Some(value) = values.get_mut(field.key.as_str()) else { continue };
                match &field.below {
                    Some(below) => fill(below, value),
                    None if field.name == IS_ONE_OF => {
                        let is_input_object = *value == Value::String("INPUT_OBJECT".to_owned());
                        *value = if is_input_object { Value::Boolean(false) } else { Value::Null };
                    }
                    None => {}
                }
            }
        }
        _ => {}
    }
}
