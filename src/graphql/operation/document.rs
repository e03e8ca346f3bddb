//! Selections, variables and operations of a parsed document.

use std::collections::BTreeSet;

use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Request, ServerError, Value, Variables};

use crate::graphql::error_code::ErrorCode;

/// Refuses an operation without a value for a required variable (GraphQL, October 2021, section 6.1.2). The library checks only at
/// the point of use, after other fields have run.
pub(in crate::graphql) fn check_variables(document: &ExecutableDocument, request: &Request) -> Result<(), ServerError> {
    let defined =
        operation(document, request.operation_name.as_deref()).map(|operation| &operation.variable_definitions);
    for variable in defined.into_iter().flatten() {
        let (name, kind) = (&variable.node.name.node, &variable.node.var_type.node);
        let value = request.variables.get(name).or(variable.node.default_value.as_ref().map(|value| &value.node));
        if !kind.nullable && value.is_none_or(|value| *value == Value::Null) {
            return Err(ServerError::new(
                format!("The variable `${name}` ({kind}) needs a value."),
                Some(variable.pos),
            ));
        }
    }
    Ok(())
}

/// Sets omitted nullable `Int` variables to null. The library computes a page's cost from its size variable and fails when the
/// variable is absent.
pub(in crate::graphql) fn null_omitted_integers(document: &ExecutableDocument, request: &mut Request) {
    let defined = operation(document, request.operation_name.as_deref());
    for variable in defined.into_iter().flat_map(|operation| &operation.variable_definitions) {
        let (name, kind) = (&variable.node.name.node, &variable.node.var_type.node);
        if kind.base == BaseType::Named(Name::new("Int")) && variable.node.default_value.is_none() {
            request.variables.entry(name.clone()).or_insert(Value::Null);
        }
    }
}

/// Returns the operation of a name, or the only one.
pub(in crate::graphql) fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(other, _)| other.is_some_and(|other| other == name)),
        None => operations.next(),
    };
    found.map(|(_, operation)| &operation.node)
}

/// Reduces a subscription to its single root field (GraphQL, October 2021, section 5.2.3.1) by unwrapping fragments around it.
/// `name`: the operation's name.
pub(in crate::graphql) fn reduce_to_single_root(
    document: &mut ExecutableDocument,
    name: Option<&str>,
) -> Result<(), ServerError> {
    let Some(found) = operation(document, name) else { return Ok(()) };
    let mut fields = Vec::new();
    visit_fields(document, &found.selection_set.node, &mut Vec::new(), &mut |selected| {
        fields.push(Positioned::new(selected.field.clone(), selected.pos));
    });
    let [field] = &fields[..] else {
        return Err(ErrorCode::InvalidOperation.operation_error(format!(
            "A subscription selects exactly one root field; this one selects {}.",
            fields.len()
        )));
    };
    if field.node.directives.iter().any(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include")) {
        return Err(ErrorCode::InvalidOperation
            .operation_error("The root field of a subscription takes neither `@skip` nor `@include`."));
    }
    let field = Positioned::new(Selection::Field(field.clone()), field.pos);
    let before = fragments_spread(document);
    if let Some(operation) = operation_mut(document, name) {
        operation.selection_set.node.items = vec![field];
    }
    // Removes fragments left unused by the unwrapping, so that validation does not report them.
    let after = fragments_spread(document);
    document.fragments.retain(|name, _| after.contains(name) || !before.contains(name));
    Ok(())
}

/// Removes the arguments of an operation's root fields and the variables then unused, leaving the selection alone.
pub(in crate::graphql) fn without_root_arguments(
    document: &mut ExecutableDocument,
    name: Option<&str>,
    variables: &mut Variables,
) {
    let used = operation(document, name).map(|operation| variables_below(document, operation)).unwrap_or_default();
    if let Some(operation) = operation_mut(document, name) {
        for item in &mut operation.selection_set.node.items {
            if let Selection::Field(field) = &mut item.node {
                field.node.arguments.clear();
            }
        }
        operation.variable_definitions.retain(|definition| used.contains(&definition.node.name.node));
    }
    variables.retain(|name, _| used.contains(name));
}

/// Returns the names of all spread fragments.
fn fragments_spread(document: &ExecutableDocument) -> BTreeSet<Name> {
    let mut used = VariableCollector { document, found: BTreeSet::new(), seen: BTreeSet::new() };
    for (_, operation) in document.operations.iter() {
        used.in_selections(&operation.node.selection_set.node);
    }
    used.seen.into_iter().cloned().collect()
}

fn operation_mut<'a>(document: &'a mut ExecutableDocument, name: Option<&str>) -> Option<&'a mut OperationDefinition> {
    let found = match (&mut document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(name),
        (DocumentOperations::Multiple(operations), None) => operations.values_mut().next(),
    };
    found.map(|operation| &mut operation.node)
}

/// Returns the variables used below an operation's root fields, without those of the root fields' own arguments.
fn variables_below<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> BTreeSet<Name> {
    let mut used = VariableCollector { document, found: BTreeSet::new(), seen: BTreeSet::new() };
    for item in &operation.selection_set.node.items {
        if let Selection::Field(field) = &item.node {
            used.in_directives(&field.node.directives);
            used.in_selections(&field.node.selection_set.node);
        }
    }
    used.found
}

/// Visits every literal value of a document: arguments, directives and variable defaults. Variables count as null.
pub(in crate::graphql) fn visit_values(document: &ExecutableDocument, take: &mut impl FnMut(Value)) {
    for (_, operation) in document.operations.iter() {
        for variable in operation.node.variable_definitions.iter().map(|variable| &variable.node) {
            variable.default_value.iter().for_each(|value| take(value.node.clone()));
            in_directives(&variable.directives, take);
        }
        in_directives(&operation.node.directives, take);
        in_selections(&operation.node.selection_set.node, take);
    }
    for fragment in document.fragments.values() {
        in_directives(&fragment.node.directives, take);
        in_selections(&fragment.node.selection_set.node, take);
    }

    fn in_selections(set: &SelectionSet, take: &mut impl FnMut(Value)) {
        for item in &set.items {
            let (directives, inner) = match &item.node {
                Selection::Field(field) => {
                    for (_, value) in &field.node.arguments {
                        take(value.node.clone().into_const_with(null).unwrap_or_default());
                    }
                    (&field.node.directives, Some(&field.node.selection_set.node))
                }
                Selection::InlineFragment(fragment) => {
                    (&fragment.node.directives, Some(&fragment.node.selection_set.node))
                }
                Selection::FragmentSpread(spread) => (&spread.node.directives, None),
            };
            in_directives(directives, take);
            inner.into_iter().for_each(|inner| in_selections(inner, take));
        }
    }
    fn in_directives(directives: &[Positioned<Directive>], take: &mut impl FnMut(Value)) {
        for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
            take(value.node.clone().into_const_with(null).unwrap_or_default());
        }
    }
    fn null(_: Name) -> Result<Value, ()> {
        Ok(Value::Null)
    }
}

/// Collector of the variables used in selections.
struct VariableCollector<'a> {
    document: &'a ExecutableDocument,
    found: BTreeSet<Name>,
    /// Fragments already visited.
    seen: BTreeSet<&'a Name>,
}

impl<'a> VariableCollector<'a> {
    fn in_selections(&mut self, set: &'a SelectionSet) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    self.in_directives(&field.node.directives);
                    for (_, value) in &field.node.arguments {
                        // Visits each variable within the value.
                        let _ = value.node.clone().into_const_with(|name| self.note(name));
                    }
                    self.in_selections(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => {
                    self.in_directives(&fragment.node.directives);
                    self.in_selections(&fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.in_directives(&spread.node.directives);
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name).filter(|_| self.seen.insert(name)) {
                        self.in_selections(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn in_directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives {
            for (_, value) in &directive.node.arguments {
                let _ = value.node.clone().into_const_with(|name| self.note(name));
            }
        }
    }

    fn note(&mut self, name: Name) -> Result<Value, ()> {
        self.found.insert(name);
        Ok(Value::Null)
    }
}

/// A selected field with its position and the type condition of the enclosing fragment.
pub(in crate::graphql) struct SelectedField<'a> {
    pub(in crate::graphql) field: &'a async_graphql::parser::types::Field,
    pub(in crate::graphql) pos: Pos,
    pub(in crate::graphql) on: Option<&'a Name>,
}

/// Visits the fields of a selection in order, through fragments. Parsing has refused fragment cycles.
/// `around`: type conditions of the enclosing fragments.
pub(in crate::graphql) fn visit_fields<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    around: &mut Vec<&'a Name>,
    take: &mut impl FnMut(SelectedField<'a>),
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                take(SelectedField { field: &field.node, pos: field.pos, on: around.last().copied() });
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                around.extend(on);
                visit_fields(document, &fragment.node.selection_set.node, around, take);
                around.truncate(around.len() - usize::from(on.is_some()));
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) else { continue };
                around.push(&fragment.node.type_condition.node.on.node);
                visit_fields(document, &fragment.node.selection_set.node, around, take);
                around.pop();
            }
        }
    }
}
