//! Introspection (GraphQL, September 2025, section 4), answered from the published schema.

use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name as Key, ServerError, Value, Variables};

use super::document::CompiledDocument;
use super::merge::MergedSelections;
use super::target::TargetSchema;
use crate::graphql::error_code::ErrorCode;

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
    let Some(operation) = document.executable().operations.iter().nth(number) else { return Ok(IndexMap::new()) };
    let variables = serde_json::to_value(variables).and_then(serde_json::from_value::<JsonMap>);
    let variables = Valid::assume_valid(variables.map_err(|error| failed(error.to_string()))?);
    let (schema, implementers) = (target.schema(), target.implementers());
    let response = partial_execute(schema, implementers, document.executable(), operation, &variables);
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

/// Fills in the values of [`EXTENSION`]: the schema has no `@oneOf`.
fn fill(merged: &MergedSelections, value: &mut Value) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| fill(merged, item)),
        Value::Object(values) => {
            for field in &merged.fields {
                let Some(value) = values.get_mut(field.key.as_str()) else { continue };
                match &field.below {
                    Some(below) => fill(below, value),
                    None if field.is_one_of() => *value = Value::Boolean(false),
                    None => {}
                }
            }
        }
        _ => {}
    }
}
