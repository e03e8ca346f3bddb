//! Text of canonical documents, for tests: the hidden type name is written as `hidden`.

use std::fmt::Write;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql_value::Value;

/// Prints the only operation.
pub(in crate::graphql) fn print(document: &ExecutableDocument) -> String {
    let mut out = String::new();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        out += match operation.ty {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
        let variables: Vec<String> = operation
            .variable_definitions
            .iter()
            .map(|of| format!("${}: {}", of.node.name.node, of.node.var_type.node))
            .collect();
        if !variables.is_empty() {
            let _ = write!(out, "({})", variables.join(", "));
        }
        set(&operation.selection_set.node, &mut out);
    }
    out
}

fn set(of: &SelectionSet, out: &mut String) {
    if of.items.is_empty() {
        return;
    }
    out.push_str(" {");
    for item in &of.items {
        out.push(' ');
        match &item.node {
            Selection::Field(one) => field(&one.node, out),
            Selection::InlineFragment(inline) => {
                out.push_str("...");
                if let Some(on) = &inline.node.type_condition {
                    let _ = write!(out, " on {}", on.node.on.node);
                }
                set(&inline.node.selection_set.node, out);
            }
            Selection::FragmentSpread(_) => out.push_str("SPREAD"),
        }
    }
    out.push_str(" }");
}

fn field(of: &Field, out: &mut String) {
    if let Some(alias) = &of.alias {
        let _ = write!(out, "{}: ", if alias.node.is_empty() { "hidden" } else { alias.node.as_str() });
    }
    out.push_str(&of.name.node);
    if !of.arguments.is_empty() {
        let arguments: Vec<String> =
            of.arguments.iter().map(|(name, value)| format!("{}: {}", name.node, written(&value.node))).collect();
        let _ = write!(out, "({})", arguments.join(", "));
    }
    set(&of.selection_set.node, out);
}

/// Writes a value: the library's own text of strings cannot be read again.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => serde_json::to_string(text).unwrap_or_default(),
        Value::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", written(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}
