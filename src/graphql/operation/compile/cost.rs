//! Cost of an operation: 1 for each field, the selections of a list multiplied by its size, or by the usual one.

use std::collections::HashMap;
use std::sync::LazyLock;

use apollo_compiler::Name;
use async_graphql::{Value as ConstValue, Variables};
use async_graphql_value::{Number, Value};

use super::merge::{MergedField, MergedSelections};
use crate::graphql::page_size::max_page_size;

/// Weight of a field: how its selections count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// As often as a page has entries: by `first` or `last`.
    Page,
    /// As often as the field has `ids`, a hundred times at most.
    Ids,
    /// This often.
    Times(usize),
    /// Once, after this cost of its own.
    Extra(usize),
}

use Weight::{Extra, Ids, Page, Times};

/// Weights of the fields with lists, and of expensive fields. All others count their selections once.
const TABLE: &[(&str, &str, Weight)] = &[
    ("Query", "requests dispositions assets", Page),
    ("Query", "nodes", Ids),
    ("Query", "offices", Times(5)),
    ("Query", "explainPolicy", Extra(10)),
    ("Viewer", "inbox", Page),
    ("Viewer", "grants", Times(3)),
    ("Viewer", "sessions", Times(10)),
    ("Viewer", "apiKeys", Times(20)),
    ("InboxEdge", "actions", Times(3)),
    ("Office", "events", Page),
    ("Office", "procedures", Times(5)),
    ("Office", "agencies", Times(50)),
    ("Office", "people", Times(100)),
    ("OfficePerson", "grants", Times(5)),
    ("Request", "events", Page),
    ("Request", "submissions assets", Times(2)),
    ("Request", "availableActions", Times(3)),
    ("Request", "closedActions", Times(4)),
    ("Request", "dispositions documents", Times(5)),
    ("Request", "visits", Times(15)),
    ("Document", "signatures", Times(2)),
    ("Disposition", "reads", Times(3)),
    ("Action", "actingAs", Times(2)),
    ("Action", "outcomes", Times(3)),
    ("Action", "recipients", Times(10)),
    ("Awaited", "people", Times(1)),
    ("Awaited", "roles", Times(3)),
    ("ActionNeeds", "signatures", Times(1)),
    ("ActionNeeds", "records", Times(3)),
    ("NeededSignature", "roles", Times(2)),
    ("ActPreview", "documents", Times(3)),
    ("Procedure", "steps", Times(10)),
    ("Step", "performers recipients signers", Times(2)),
    ("Step", "requires brings produces outcomes", Times(3)),
    ("Outcome", "requires brings produces documents", Times(3)),
    ("PolicyExplanation", "grants", Times(5)),
    ("GrantExplanation", "grant", Times(2)),
    ("__Schema", "types", Times(50)),
    ("__Type", "fields", Times(4)),
    ("__Type", "inputFields enumValues possibleTypes", Times(2)),
];

/// Weights by type and field.
static WEIGHTS: LazyLock<HashMap<(&str, &str), Weight>> = LazyLock::new(|| {
    let lines = TABLE.iter();
    lines.flat_map(|(of, fields, weight)| fields.split(' ').map(move |field| ((*of, field), *weight))).collect()
});

/// Cost of selections, as far as it is known before the variables.
#[derive(Debug, Default)]
pub(super) struct Cost {
    /// Cost independent of variables.
    fixed: usize,
    /// Costs that are multiplied by a size with a variable.
    sized: Vec<(Size, Cost)>,
}

/// Size of a list with variables.
#[derive(Debug)]
enum Size {
    Page { first: Option<Value>, last: Option<Value> },
    Ids(Option<Value>),
}

impl Cost {
    /// Computes the cost of selections.
    pub(super) fn of(merged: &MergedSelections) -> Self {
        let mut cost = Self::default();
        for field in &merged.fields {
            cost.add_field(&merged.of, field);
        }
        cost
    }

    /// Returns the cost with the values of an operation's variables.
    pub(super) fn with(&self, variables: &Variables) -> usize {
        self.evaluate(&|name| variables.get(name))
    }

    /// Returns the usual cost: pages of the usual size, no ids.
    pub(super) fn usual(&self) -> usize {
        self.evaluate(&|_| None)
    }

    fn evaluate<'v>(&self, value_of: &impl Fn(&str) -> Option<&'v ConstValue>) -> usize {
        let sized = self.sized.iter().map(|(size, below)| size.of(value_of).saturating_mul(below.evaluate(value_of)));
        sized.fold(self.fixed, usize::saturating_add)
    }

    fn add_field(&mut self, of: &Name, field: &MergedField) {
        self.fixed = self.fixed.saturating_add(1);
        let Some(below) = &field.below else { return };
        let below = Self::of(below);
        let argument =
            |name: &str| field.arguments.iter().find(|(known, ..)| known == name).map(|(.., value)| value.clone());
        let types = field.on.as_deref().unwrap_or(std::slice::from_ref(of));
        let size = match types.iter().find_map(|of| WEIGHTS.get(&(of.as_str(), field.name.as_str()))) {
            None => return self.add(below, 1),
            Some(Times(times)) => return self.add(below, *times),
            Some(Extra(extra)) => {
                self.fixed = self.fixed.saturating_add(extra.saturating_sub(1));
                return self.add(below, 1);
            }
            Some(Page) => Size::Page { first: argument("first"), last: argument("last") },
            Some(Ids) => Size::Ids(argument("ids")),
        };
        if size.has_variable() {
            self.sized.push((size, below));
        } else {
            let times = size.of(&|_| None);
            self.add(below, times);
        }
    }

    fn add(&mut self, below: Self, times: usize) {
        self.fixed = self.fixed.saturating_add(below.fixed.saturating_mul(times));
        for (size, cost) in below.sized {
            self.sized.push((size, cost.times(times)));
        }
    }

    fn times(self, times: usize) -> Self {
        let sized = self.sized.into_iter().map(|(size, cost)| (size, cost.times(times))).collect();
        Self { fixed: self.fixed.saturating_mul(times), sized }
    }
}

impl Size {
    fn has_variable(&self) -> bool {
        let is_variable = |value: &Option<Value>| matches!(value, Some(Value::Variable(_)));
        match self {
            Self::Page { first, last } => is_variable(first) || is_variable(last),
            Self::Ids(ids) => is_variable(ids),
        }
    }

    fn of<'v>(&self, value_of: &impl Fn(&str) -> Option<&'v ConstValue>) -> usize {
        let integer = |number: &Number| number.as_i64().and_then(|number| i32::try_from(number).ok());
        let integer = |value: &Option<Value>| match value.as_ref()? {
            Value::Number(number) => integer(number),
            Value::Variable(name) => match value_of(name)? {
                ConstValue::Number(number) => integer(number),
                _ => None,
            },
            _ => None,
        };
        match self {
            Self::Page { first, last } => max_page_size(integer(first), integer(last)),
            Self::Ids(Some(Value::List(ids))) => ids.len().min(100),
            Self::Ids(Some(Value::Variable(name))) => match value_of(name) {
                Some(ConstValue::List(ids)) => ids.len().min(100),
                Some(_) => 1,
                None => 0,
            },
            Self::Ids(Some(_)) => 1,
            Self::Ids(None) => 0,
        }
    }
}

/// Returns the depth of nested fields.
pub(super) fn depth(merged: &MergedSelections) -> usize {
    merged.fields.iter().map(|field| 1 + field.below.as_ref().map_or(0, depth)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use apollo_compiler::schema::ExtendedType;
    use serde_json::json;

    use super::*;
    use crate::graphql::api_schema::{SCALARS, sdl, target_schema};
    use crate::graphql::operation::compile::Compiler;
    use crate::graphql::operation::limits::OperationLimits;

    #[test]
    fn every_list_of_objects_has_a_weight() {
        let target = target_schema();
        let schema = target.schema();
        let mut wanted = BTreeSet::new();
        for (of, field) in target.fields() {
            let ty = &schema.type_field(of, field).unwrap().ty;
            let named = ty.inner_named_type();
            let is_page = schema.type_field(named, "pageInfo").is_ok();
            let is_in_page = schema.type_field(of, "pageInfo").is_ok();
            let is_object = |ty: &Name| {
                schema
                    .types
                    .get(ty)
                    .is_some_and(|ty| matches!(ty, ExtendedType::Object(_) | ExtendedType::Interface(_)))
            };
            // Errors of an act are few.
            if (is_page || (ty.is_list() && is_object(named))) && !is_in_page && named != "UserError" {
                wanted.insert((of.to_string(), field.to_string()));
            }
        }
        let unweighted: Vec<_> =
            wanted.iter().filter(|(of, field)| !WEIGHTS.contains_key(&(of.as_str(), field.as_str()))).collect();
        assert!(unweighted.is_empty(), "say how these count: {unweighted:?}");
        for (of, field) in WEIGHTS.keys() {
            assert!(
                of.starts_with("__") || target.fields().any(|(known, name)| known == of && name == field),
                "the schema has no {of}.{field}"
            );
        }
    }

    #[test]
    fn costs_follow_sizes_and_count_merged_fields_once() {
        let compiler = Compiler::new(&sdl(), SCALARS, OperationLimits::default(), true, 0).unwrap();
        let cost = |text: &str, variables: serde_json::Value| {
            let document = compiler.document(text).unwrap();
            let operation = compiler.operation(&document, None, &Variables::from_json(variables)).unwrap();
            operation.compiled.cost(&operation.variables)
        };
        for (text, expected) in [
            ("{ __typename }", 1),
            ("{ offices { key name } }", 11),
            ("{ offices { key } ...f ...f } fragment f on Query { offices { name key } }", 11),
            ("{ requests(first: 3) { nodes { id number } } }", 10),
            ("{ requests { nodes { id } } }", 41),
            ("{ requests(first: 1000) { nodes { id } } }", 201),
            ("{ nodes(ids: [\"a\", \"b\"]) { id ... on Request { visits { note } } } }", 1 + 2 * (1 + 1 + 15)),
        ] {
            assert_eq!(cost(text, json!({})), expected, "{text}");
        }
        let page = "query($n: Int) { requests(first: $n) { nodes { id visits { note } } } }";
        assert_eq!(cost(page, json!({ "n": 2 })), 1 + 2 * (1 + 1 + 1 + 15));
        assert_eq!(cost(page, json!({})), 1 + 20 * (1 + 1 + 1 + 15));
        let nested = "query($n: Int) { requests(first: 2) { nodes { events(first: $n) { nodes { id } } } } }";
        assert_eq!(cost(nested, json!({ "n": 3 })), 1 + 2 * (1 + 1 + 3 * 2));
        let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        assert_eq!(cost(ids, json!({ "ids": ["a", "b", "c"] })), 4);
        assert_eq!(cost(ids, json!({ "ids": "a" })), 2);
    }
}
