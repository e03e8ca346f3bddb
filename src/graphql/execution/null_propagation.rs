//! Null propagation and key order of responses (GraphQL, October 2021, sections 6.3 and 6.4.4), which the library leaves out: a failed
//! field becomes null, a failed non-null field makes its parent null, and keys follow the order of the selection.

use std::collections::HashMap;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, ExecutableDocument, SelectionSet, Type};
use async_graphql::{Name, PathSegment, Response, Value};

use crate::graphql::operation::document::{SelectedField, operation, visit_fields};
use crate::graphql::schema_index::{SchemaIndex, root_type};

/// Completes the response to an operation.
pub(in crate::graphql) fn complete(
    index: &SchemaIndex,
    document: &ExecutableDocument,
    name: Option<&str>,
    response: &mut Response,
) {
    let Some(operation) = operation(document, name) else { return };
    let set = &operation.selection_set.node;
    let errors: Vec<&[PathSegment]> =
        response.errors.iter().map(|error| error.path.as_slice()).filter(|path| !path.is_empty()).collect();
    // The library replaces an object by null when all its fields failed.
    if response.data == Value::Null && !errors.is_empty() {
        response.data = Value::Object(Default::default());
    }
    let root = root_type(operation.ty);
    let completion = Completion { index, document };
    for path in errors {
        if completion.set_null(&mut response.data, root, &[set], path) == Completed::Null {
            response.data = Value::Null;
        }
    }
    completion.order(vec![&mut response.data], &[set]);
}

/// Outcome for a value with a failed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Completed {
    /// Stays as it is.
    Value,
    /// Becomes null, since a non-null part is missing.
    Null,
}

struct Completion<'a> {
    index: &'a SchemaIndex,
    document: &'a ExecutableDocument,
}

impl<'a> Completion<'a> {
    /// Returns the fields of selection sets in order, through fragments.
    fn selected(&self, sets: &[&'a SelectionSet]) -> Vec<SelectedField<'a>> {
        let mut found = Vec::new();
        for set in sets {
            visit_fields(self.document, set, &mut Vec::new(), &mut |selected| found.push(selected));
        }
        found
    }

    /// Sets null at a path within an object of a type. Returns the outcome for the object.
    fn set_null(&self, object: &mut Value, of: &str, sets: &[&'a SelectionSet], path: &[PathSegment]) -> Completed {
        let Some((PathSegment::Field(key), below)) = path.split_first() else { return Completed::Value };
        let key = Name::new(key);
        let mut selected_fields = self.selected(sets);
        selected_fields.retain(|selected| selected.field.response_key().node == key);
        let ty = selected_fields.iter().find_map(|selected| {
            let on = selected.on.map_or(of, Name::as_str);
            let name = &selected.field.name.node;
            self.index.field_type(on, name).or_else(|| self.index.field_type(of, name))
        });
        let Value::Object(fields) = object else { return Completed::Value };
        let value = fields.entry(key).or_insert(Value::Null);
        let Some(ty) = ty else { return Completed::Value };
        let sets: Vec<&SelectionSet> =
            selected_fields.iter().map(|selected| &selected.field.selection_set.node).collect();
        let completed = self.set_null_within(value, ty, &sets, below);
        if completed == Completed::Null {
            *value = Value::Null;
        }
        // Null in a non-null position propagates to the object.
        if *value == Value::Null && !ty.nullable { Completed::Null } else { Completed::Value }
    }

    /// Sets null at a path within a value of a type, through lists to the object below.
    fn set_null_within(
        &self,
        value: &mut Value,
        ty: &Type,
        sets: &[&'a SelectionSet],
        below: &[PathSegment],
    ) -> Completed {
        match (below.first(), &ty.base) {
            // The path ends here: the value itself failed.
            (None, _) => Completed::Null,
            (Some(PathSegment::Index(index)), BaseType::List(item)) => {
                let Value::List(items) = value else { return Completed::Value };
                let Some(found) = items.get_mut(*index) else { return Completed::Value };
                if self.set_null_within(found, item, sets, below.get(1..).unwrap_or_default()) == Completed::Null {
                    *found = Value::Null;
                }
                if *found == Value::Null && !item.nullable { Completed::Null } else { Completed::Value }
            }
            (Some(PathSegment::Field(_)), BaseType::Named(of)) => {
                if *value == Value::Null {
                    *value = Value::Object(Default::default());
                }
                self.set_null(value, of.as_str(), sets, below)
            }
            _ => Completed::Value,
        }
    }

    /// Sorts the keys of objects with the same selections, recursively, by the order of the selections.
    fn order(&self, values: Vec<&mut Value>, sets: &[&'a SelectionSet]) {
        if sets.iter().all(|set| set.items.is_empty()) {
            return;
        }
        let mut objects = Vec::new();
        values.into_iter().for_each(|value| objects_of(value, &mut objects));
        let mut keys: Vec<(&Name, Vec<&'a SelectionSet>)> = Vec::new();
        let mut places: HashMap<&Name, usize> = HashMap::new();
        for selected in self.selected(sets) {
            let key = &selected.field.response_key().node;
            let place = *places.entry(key).or_insert(keys.len());
            if place == keys.len() {
                keys.push((key, Vec::new()));
            }
            if let Some((_, below)) = keys.get_mut(place) {
                below.push(&selected.field.selection_set.node);
            }
        }
        for object in &mut objects {
            let place = |key: &Name| places.get(key).copied().unwrap_or(usize::MAX);
            if !object.keys().is_sorted_by_key(place) {
                object.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
            }
        }
        for (key, below) in keys {
            let values = objects.iter_mut().filter_map(|object| object.get_mut(key)).collect();
            self.order(values, &below);
        }
    }
}

/// Collects the objects of a value, through lists.
fn objects_of<'v>(value: &'v mut Value, into: &mut Vec<&'v mut IndexMap<Name, Value>>) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| objects_of(item, into)),
        Value::Object(fields) => into.push(fields),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Pos, ServerError};
    use serde_json::json;

    use super::*;

    const SDL: &str = "type Query { a: A b: A! list: [A!] names: [String] } type A { x: Int y: Int! deep: A must: A! }";

    fn completed(query: &str, data: serde_json::Value, errors: &[&[&str]]) -> String {
        let document = async_graphql::parser::parse_query(query).unwrap();
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
        complete(&SchemaIndex::from_sdl(SDL), &document, None, &mut response);
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
