//! Canonical documents: merged selections as the executing library runs them. A library object without fields would be null: the
//! hidden type name keeps it an object, and tells which fields it has.

use std::collections::BTreeSet;

use apollo_compiler::Name;
use apollo_compiler::ast::{OperationType, Type};
use apollo_compiler::executable::Operation;
use async_graphql::parser::types as library;
use async_graphql::{Name as Key, Pos, Positioned, ServerError};
use async_graphql_value::Value;

use super::lines::Lines;
use super::merge::{MergedField, MergedSelections};
use super::target::TargetSchema;
use crate::graphql::operation::limits::Limit;

/// Response key of the hidden type name. GraphQL has no empty names, so it differs from every key of a client.
pub(in crate::graphql) const HIDDEN_TYPE_NAME: &str = "";

/// Treatment of the arguments of root fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootArguments {
    Written,
    LeftOut,
}

/// Writes the canonical document of an operation, without introspection. Returns its estimated size in memory, too, in bytes.
/// `max_work`: maximum number of fields.
pub(super) fn write(
    target: &TargetSchema,
    lines: &Lines,
    operation: &Operation,
    merged: &MergedSelections,
    root_arguments: RootArguments,
    max_work: usize,
) -> Result<(library::ExecutableDocument, usize), ServerError> {
    let mut writer = Writer { target, root_arguments, max_work, used: BTreeSet::new(), written: 0, bytes: 0 };
    let selection_set = writer.selections(merged)?;
    let pos = merged.fields.first().map(|field| field.pos).unwrap_or_default();
    let used = operation.variables.iter().filter(|of| writer.used.contains(of.name.as_str()));
    let variable_definitions = used.map(|of| {
        let pos = lines.at(of.location());
        let definition = library::VariableDefinition {
            name: Positioned::new(Key::new(&of.name), pos),
            var_type: Positioned::new(library_type(&of.ty), pos),
            directives: Vec::new(),
            // Coerced variables include defaults.
            default_value: None,
        };
        Positioned::new(definition, pos)
    });
    let definition = library::OperationDefinition {
        ty: match operation.operation_type {
            OperationType::Query => library::OperationType::Query,
            OperationType::Mutation => library::OperationType::Mutation,
            OperationType::Subscription => library::OperationType::Subscription,
        },
        variable_definitions: variable_definitions.collect(),
        directives: Vec::new(),
        selection_set: Positioned::new(selection_set, pos),
    };
    let operations = library::DocumentOperations::Single(Positioned::new(definition, pos));
    Ok((library::ExecutableDocument { operations, fragments: Default::default() }, writer.bytes))
}

struct Writer<'a> {
    target: &'a TargetSchema,
    /// Of the first field; a subscription has one root field.
    root_arguments: RootArguments,
    max_work: usize,
    /// Variables in the written arguments.
    used: BTreeSet<Key>,
    /// Number of written fields.
    written: usize,
    /// Estimated size in memory of what was written, rounded up from measurements with a counting allocator.
    bytes: usize,
}

impl Writer<'_> {
    /// Writes the selections on the objects of a place: fields of all objects plainly, others in fragments.
    fn selections(&mut self, merged: &MergedSelections) -> Result<library::SelectionSet, ServerError> {
        let mut items = Vec::with_capacity(merged.fields.len() + 1);
        if merged.has_type_name {
            items.push(hidden_type_name(merged.fields.first().map(|field| field.pos).unwrap_or_default()));
        }
        let mut fields = merged.fields.iter().filter(|field| !field.is_introspection()).peekable();
        while let Some(field) = fields.next() {
            let conditions = self.conditions(merged, field);
            if conditions.is_empty() {
                items.push(self.field(field)?);
                continue;
            }
            // Neighbours of the same types share their fragments.
            let mut neighbours = vec![field];
            while let Some(next) = fields.next_if(|next| self.conditions(merged, next) == conditions) {
                neighbours.push(next);
            }
            for condition in conditions {
                let written: Result<_, _> = neighbours.iter().map(|field| self.field(field)).collect();
                items.push(fragment(&condition, field.pos, written?));
            }
        }
        Ok(library::SelectionSet { items })
    }

    /// Returns the type conditions around a field: none where the type of the place has the field for all objects, one where an
    /// interface has it for just its types, otherwise one for each object type.
    fn conditions(&self, merged: &MergedSelections, field: &MergedField) -> Vec<Name> {
        let target = self.target;
        let has_field = |of: &Name| target.schema().type_field(of, &field.name).is_ok_and(|known| known.ty == field.ty);
        let possible = target.possible(&merged.of);
        let on = match &field.on {
            None if has_field(&merged.of) || field.name == "__typename" => return Vec::new(),
            None => possible,
            Some(on) => on.as_slice(),
        };
        let is_just = |interface: &&Name| {
            let of_place = || target.possible(interface).iter().filter(|of| possible.contains(of));
            has_field(interface) && of_place().count() == on.len() && of_place().all(|of| on.contains(of))
        };
        match target.interfaces().find(is_just) {
            Some(interface) if on.len() > 1 => vec![interface.clone()],
            _ => on.to_vec(),
        }
    }

    fn field(&mut self, field: &MergedField) -> Result<Positioned<library::Selection>, ServerError> {
        self.written += 1;
        Limit::Fragments.check(self.max_work, self.written)?;
        let arguments = match std::mem::replace(&mut self.root_arguments, RootArguments::Written) {
            RootArguments::Written => field.arguments.as_slice(),
            RootArguments::LeftOut => &[],
        };
        arguments.iter().for_each(|(_, _, value)| note_variables(value, &mut self.used));
        // Arguments are in the merged selections, too.
        self.bytes += 1_200 + arguments.iter().map(|(_, _, value)| 2 * value_bytes(value)).sum::<usize>();
        let arguments = arguments.iter();
        let arguments = arguments
            .map(|(name, pos, value)| (Positioned::new(Key::new(name), *pos), Positioned::new(value.clone(), *pos)));
        let selection_set = field.below.as_ref().map(|below| self.selections(below)).transpose()?.unwrap_or_default();
        Ok(selection(library::Field {
            alias: (field.key != field.name).then(|| Positioned::new(Key::new(&field.key), field.pos)),
            name: Positioned::new(Key::new(&field.name), field.pos),
            arguments: arguments.collect(),
            directives: Vec::new(),
            selection_set: Positioned::new(selection_set, field.pos),
        }))
    }
}

/// Estimates the size of a value in memory, in bytes.
fn value_bytes(value: &Value) -> usize {
    let below = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(value_bytes).sum(),
        Value::Object(fields) => fields.values().map(|value| 80 + value_bytes(value)).sum(),
        _ => 0,
    };
    100 + below
}

fn note_variables(value: &Value, used: &mut BTreeSet<Key>) {
    match value {
        Value::Variable(name) => drop(used.insert(name.clone())),
        Value::List(items) => items.iter().for_each(|item| note_variables(item, used)),
        Value::Object(fields) => fields.values().for_each(|value| note_variables(value, used)),
        _ => {}
    }
}

fn selection(field: library::Field) -> Positioned<library::Selection> {
    let pos = field.name.pos;
    Positioned::new(library::Selection::Field(Positioned::new(field, pos)), pos)
}

fn fragment(on: &Name, pos: Pos, items: Vec<Positioned<library::Selection>>) -> Positioned<library::Selection> {
    let condition = library::TypeCondition { on: Positioned::new(Key::new(on), pos) };
    let fragment = library::InlineFragment {
        type_condition: Some(Positioned::new(condition, pos)),
        directives: Vec::new(),
        selection_set: Positioned::new(library::SelectionSet { items }, pos),
    };
    Positioned::new(library::Selection::InlineFragment(Positioned::new(fragment, pos)), pos)
}

fn hidden_type_name(pos: Pos) -> Positioned<library::Selection> {
    selection(library::Field {
        alias: Some(Positioned::new(Key::new(HIDDEN_TYPE_NAME), pos)),
        name: Positioned::new(Key::new("__typename"), pos),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Default::default(),
    })
}

fn library_type(ty: &Type) -> library::Type {
    let (nullable, base) = match ty {
        Type::Named(name) => (true, library::BaseType::Named(Key::new(name))),
        Type::NonNullNamed(name) => (false, library::BaseType::Named(Key::new(name))),
        Type::List(item) => (true, library::BaseType::List(Box::new(library_type(item)))),
        Type::NonNullList(item) => (false, library::BaseType::List(Box::new(library_type(item)))),
    };
    library::Type { base, nullable }
}
