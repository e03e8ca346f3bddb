//! Null propagation and key order of responses (GraphQL, September 2025, sections 6.3 and 6.4.4), which the executing library leaves out:
//! a failed field is null, a failed non-null field makes its parent null, keys follow the order of the selections, and the hidden type
//! name is removed, so that an object without fields is `{}`.

use apollo_compiler::ast::Type;
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name as Key, PathSegment, Response, Value};

use crate::graphql::operation::compile::merge::MergedSelections;
use crate::graphql::operation::compile::write::HIDDEN_TYPE_NAME;

/// Completes the response to merged selections.
pub(in crate::graphql) fn complete(merged: &MergedSelections, response: &mut Response) {
    let failed: Vec<&[PathSegment]> =
        response.errors.iter().map(|error| error.path.as_slice()).filter(|path| !path.is_empty()).collect();
    // All before any is set: null that is propagated stays.
    failed.iter().for_each(|path| restore(&mut response.data, path));
    for path in failed {
        if fail(merged, &mut response.data, path) == Fate::Null {
            response.data = Value::Null;
        }
    }
    arrange(merged, &mut response.data);
}

/// Restores the objects around a failed field: the library replaces an object by null when all its fields failed.
fn restore(value: &mut Value, path: &[PathSegment]) {
    match (path.split_first(), value) {
        (Some((PathSegment::Index(at), below)), Value::List(items)) => {
            items.get_mut(*at).into_iter().for_each(|item| restore(item, below));
        }
        (Some((PathSegment::Field(key), below)), value) => {
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            if let (Value::Object(values), false) = (value, below.is_empty()) {
                restore(values.entry(Key::new(key)).or_insert(Value::Null), below);
            }
        }
        _ => {}
    }
}

/// Outcome for a value with a failed part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Stays as it is.
    Stays,
    /// Becomes null, since a non-null part is missing.
    Null,
}

/// Sets null at a path within an object.
fn fail(merged: &MergedSelections, object: &mut Value, path: &[PathSegment]) -> Fate {
    let (Some((PathSegment::Field(key), below)), Value::Object(values)) = (path.split_first(), object) else {
        return Fate::Stays;
    };
    let of = type_name(values);
    let Some(field) = merged.fields.iter().find(|field| field.key == key.as_str() && field.is_of(of.as_deref())) else {
        return Fate::Stays;
    };
    let value = values.entry(Key::new(key)).or_insert(Value::Null);
    if fail_in(field.below.as_ref(), &field.ty, value, below) == Fate::Null {
        *value = Value::Null;
    }
    if *value == Value::Null && field.ty.is_non_null() { Fate::Null } else { Fate::Stays }
}

/// Sets null at a path within a value, through lists to the object below.
fn fail_in(merged: Option<&MergedSelections>, ty: &Type, value: &mut Value, path: &[PathSegment]) -> Fate {
    match (path.split_first(), ty) {
        // The value itself failed.
        (None, _) => Fate::Null,
        (Some((PathSegment::Index(at), below)), Type::List(item) | Type::NonNullList(item)) => {
            let Value::List(items) = value else { return Fate::Stays };
            let Some(found) = items.get_mut(*at) else { return Fate::Stays };
            if fail_in(merged, item, found, below) == Fate::Null {
                *found = Value::Null;
            }
            if *found == Value::Null && item.is_non_null() { Fate::Null } else { Fate::Stays }
        }
        (Some((PathSegment::Field(_), _)), Type::Named(_) | Type::NonNullNamed(_)) => {
            merged.map_or(Fate::Stays, |merged| fail(merged, value, path))
        }
        _ => Fate::Stays,
    }
}

/// Orders the keys of a value's objects, and removes the hidden type name.
fn arrange(merged: &MergedSelections, value: &mut Value) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| arrange(merged, item)),
        Value::Object(values) => {
            let of = type_name(values);
            if merged.has_type_name {
                values.shift_remove(HIDDEN_TYPE_NAME);
            }
            let fields = || merged.fields.iter().filter(|field| field.is_of(of.as_deref()));
            if !values.keys().map(Key::as_str).eq(fields().map(|field| field.key.as_str())) {
                let mut unordered = std::mem::take(values);
                let ordered = fields().filter_map(|field| unordered.swap_remove_entry(field.key.as_str()));
                values.extend(ordered);
            }
            for field in fields() {
                if let (Some(below), Some(value)) = (&field.below, values.get_mut(field.key.as_str())) {
                    arrange(below, value);
                }
            }
        }
        _ => {}
    }
}

/// Returns the object's type where the hidden type name is selected.
fn type_name(values: &IndexMap<Key, Value>) -> Option<String> {
    match values.get(HIDDEN_TYPE_NAME) {
        Some(Value::String(of)) => Some(of.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Pos, ServerError};
    use serde_json::json;

    use super::*;
    use crate::graphql::operation::compile::Compiler;
    use crate::graphql::operation::limits::OperationLimits;

    const SDL: &str = "type Query { a: A b: A! list: [A!] names: [String] any: [Any] } type A implements Any { x: Int y: Int! deep: A must: A! } \
        interface Any { x: Int } type B implements Any { x: Int }";

    fn completed(query: &str, data: serde_json::Value, errors: &[&[&str]]) -> String {
        let compiler = Compiler::new(SDL, &[], OperationLimits::default(), true, 0).unwrap();
        let document = compiler.document(query).unwrap();
        let operation = compiler.operation(&document, None, &Default::default()).unwrap();
        let mut response = Response::new(Value::from_json(data).unwrap());
        for path in errors {
            let segment = |part: &&str| match part.parse() {
                Ok(index) => PathSegment::Index(index),
                Err(_) => PathSegment::Field((*part).to_owned()),
            };
            let mut error = ServerError::new("failed", Some(Pos { line: 1, column: 1 }));
            error.path = path.iter().map(segment).collect();
            response.errors.push(error);
        }
        complete(operation.compiled.merged(), &mut response);
        response.data.to_string()
    }

    #[test]
    fn null_propagates_to_the_nearest_nullable_parent() {
        for (query, data, errors, expected) in [
            ("{ a { x } b { x } }", json!({ "b": { "x": 1 } }), &[&["a"][..]][..], "{a: null, b: {x: 1}}"),
            ("{ a { x } }", json!(null), &[&["a"]], "{a: null}"),
            ("{ b { x } }", json!(null), &[&["b"]], "null"),
            ("{ a { x y } }", json!({ "a": { "x": 1 } }), &[&["a", "y"]], "{a: null}"),
            ("{ a { x } }", json!({ "a": null }), &[&["a", "x"]], "{a: {x: null}}"),
            ("{ a { x y } }", json!({ "a": {} }), &[&["a", "y"], &["a", "x"]], "{a: null}"),
            ("{ a { x y } }", json!({ "a": null }), &[&["a", "x"], &["a", "y"]], "{a: null}"),
            ("{ b { x y } a { x } }", json!({}), &[&["b", "y"], &["a", "x"]], "null"),
            (
                "{ a { deep { must { y } } } }",
                json!({ "a": { "deep": { "must": {} } } }),
                &[&["a", "deep", "must", "y"]],
                "{a: {deep: null}}",
            ),
            ("{ a { must { y } x } }", json!({ "a": { "x": 1, "must": null } }), &[&["a", "must", "y"]], "{a: null}"),
            (
                "{ list { x y } }",
                json!({ "list": [{ "x": 1, "y": 2 }, { "x": 3 }] }),
                &[&["list", "1", "y"]],
                "{list: null}",
            ),
            (
                "{ list { x } }",
                json!({ "list": [{ "x": 1 }, {}] }),
                &[&["list", "1", "x"]],
                "{list: [{x: 1}, {x: null}]}",
            ),
            ("{ b: a { x } }", json!({}), &[&["b"]], "{b: null}"),
            ("{ a { x } a { deep { x } } }", json!({ "a": { "x": 1 } }), &[&["a", "deep"]], "{a: {x: 1, deep: null}}"),
            (
                "{ any { ... on B { x } } }",
                json!({ "any": [{ "": "A" }, { "": "B", "x": 1 }] }),
                &[],
                "{any: [{}, {x: 1}]}",
            ),
            (
                "{ a { ... on A { x } ...f } } fragment f on A { y }",
                json!({ "a": { "x": 1 } }),
                &[&["a", "y"]],
                "{a: null}",
            ),
        ] {
            assert_eq!(completed(query, data, errors), expected, "{query}");
        }
    }

    #[test]
    fn keys_follow_the_order_of_the_selection() {
        let query = "{ b { ...f x } list { y x } a { x } } fragment f on A { y deep { y x } }";
        let data = json!({ "a": { "x": 1 }, "list": [{ "x": 1, "y": 2 }], "b": { "deep": { "x": 1, "y": 2 }, "x": 3, "y": 4 } });
        let expected = "{b: {y: 4, deep: {y: 2, x: 1}, x: 3}, list: [{y: 2, x: 1}], a: {x: 1}}";
        assert_eq!(completed(query, data, &[]), expected);
    }
}
