//! Validation rules beside the compiler library's, where it checks less than the specification or something else (compared with
//! graphql-js). Kinds of faults in [`REPLACED`] are found here alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use apollo_compiler::ast::{self, Definition, Document, InputValueDefinition, Type, Value};
use apollo_compiler::diagnostic::{Diagnostic, ToCliReport};
use apollo_compiler::executable::{self, Operation, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::{DiagnosticData, Valid};
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};
use async_graphql::ServerError;

use super::fault::{DocumentFault, NO_NUL};
use super::lines::Lines;
use super::literal::{constant, number};
use super::target::TargetSchema;
use crate::graphql::operation::limits::Limit;

/// Kinds of the library's faults that rules here replace.
const REPLACED: &[&str] = &[
    // 5.2.3.1: it counts selections, not response keys.
    "SubscriptionUsesMultipleFields",
    // 5.6 and 5.8.5: it looks at variables, nulls and repeated fields only where they are whole arguments.
    "UnsupportedValueType",
    "IntCoercionError",
    "FloatCoercionError",
    "UndefinedEnumValue",
    "UndefinedInputValue",
    "RequiredField",
    "DisallowedVariableUsage",
    "UndefinedVariable",
];

/// Returns a fault found by the library; none for a kind of [`REPLACED`].
pub(super) fn of_library(found: &Diagnostic<'_, DiagnosticData>, lines: &Lines) -> Option<DocumentFault> {
    let rule = found.error.unstable_error_name().unwrap_or("Syntax");
    if REPLACED.contains(&rule) {
        return None;
    }
    let mut message = found.error.unstable_compat_message().unwrap_or_else(|| found.error.to_string());
    // The library repeats the token, which may be a secret.
    if rule == "Syntax" {
        let end = message.find(", got ").unwrap_or(message.len());
        message.truncate(end);
    }
    let places = found.error.location().map(|span| lines.pos(span.offset()));
    Some(DocumentFault { rule, message, places: places.into_iter().collect() })
}

/// Kinds of faults that may follow from another.
const FOLLOWING: &[&str] = &["MissingSubselection", "UnusedVariable", "UndefinedFragment"];

/// Returns true for a fault that may come from parts of the document missing because of another.
pub(super) fn follows(fault: &DocumentFault) -> bool {
    FOLLOWING.contains(&fault.rule)
}

/// Sorts faults by place, and keeps one of each conflict of fields, since different fields have different types, too.
pub(super) fn once_for_a_place(faults: &mut Vec<DocumentFault>) {
    let is_conflict = |fault: &DocumentFault| fault.rule.starts_with("ConflictingField");
    // The most explicit one: the name's, then the arguments'.
    let weight = |rule: &str| {
        ["ConflictingFieldName", "ConflictingFieldArgument"].iter().position(|known| *known == rule).unwrap_or(2)
    };
    faults.sort_by_key(|fault| (fault.places.first().map(|pos| (pos.line, pos.column)), weight(fault.rule)));
    faults.dedup_by(|next, first| next.places == first.places && is_conflict(next) && is_conflict(first));
}

/// Checks a document by the rules of this module.
pub(super) fn check(
    target: &TargetSchema,
    ast: &Document,
    document: &ExecutableDocument,
    lines: &Lines,
    max_work: usize,
) -> Result<Vec<DocumentFault>, ServerError> {
    let mut rules = Rules {
        target,
        schema: target.schema(),
        document,
        lines,
        faults: Vec::new(),
        reported: HashSet::new(),
        max_work,
        work: 0,
    };
    for operation in document.operations.iter() {
        if operation.is_subscription() {
            rules.single_root(operation);
        }
        rules.operation(operation);
        rules.merging(&[&operation.selection_set], &mut HashSet::new())?;
    }
    rules.literals(ast);
    Ok(rules.faults)
}

struct Rules<'a> {
    target: &'a TargetSchema,
    schema: &'a Valid<Schema>,
    document: &'a ExecutableDocument,
    lines: &'a Lines,
    faults: Vec<DocumentFault>,
    /// Reported faults by rule and offset: a fragment is checked for each operation.
    reported: HashSet<(&'static str, Option<usize>)>,
    max_work: usize,
    /// Number of fields compared.
    work: usize,
}

/// Variables that a value may use.
struct VariableScope<'a> {
    variables: &'a [Node<ast::VariableDefinition>],
    seen: BTreeSet<&'a Name>,
}

impl<'a> Rules<'a> {
    fn fault(&mut self, rule: &'static str, message: String, span: Option<SourceSpan>) {
        if self.reported.insert((rule, span.map(|span| span.offset()))) {
            self.faults.push(DocumentFault { rule, message, places: vec![self.lines.at(span)] });
        }
    }

    /// 5.2.3.1: one response key at the root.
    fn single_root(&mut self, operation: &'a Operation) {
        let keys: BTreeSet<&Name> = operation.root_fields(self.document).map(|field| field.response_key()).collect();
        if keys.len() > 1 {
            let message = "A subscription selects exactly one field at its root.".to_owned();
            let second = operation.selection_set.selections.get(1).or(operation.selection_set.selections.first());
            let span = second.and_then(|selection| match selection {
                Selection::Field(field) => field.location(),
                Selection::FragmentSpread(spread) => spread.location(),
                Selection::InlineFragment(inline) => inline.location(),
            });
            self.fault("5.2.3.1", message, span);
        }
    }

    fn operation(&mut self, operation: &'a Operation) {
        let none = VariableScope { variables: &[], seen: BTreeSet::new() };
        for variable in &operation.variables {
            if let Some(value) = &variable.default_value {
                self.value(&variable.ty, value, false, &none);
            }
            self.directives(&variable.directives, &none);
        }
        let mut scope = VariableScope { variables: &operation.variables, seen: BTreeSet::new() };
        self.directives(&operation.directives, &scope);
        self.set(&operation.selection_set, &mut scope);
    }

    fn set(&mut self, set: &'a SelectionSet, scope: &mut VariableScope<'a>) {
        for selection in &set.selections {
            self.directives(selection.directives(), scope);
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.arguments, &field.definition.arguments, scope);
                    self.set(&field.selection_set, scope);
                }
                Selection::InlineFragment(inline) => self.set(&inline.selection_set, scope),
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|of| scope.seen.insert(&of.name)) {
                        self.directives(&fragment.directives, scope);
                        self.set(&fragment.selection_set, scope);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a ast::DirectiveList, scope: &VariableScope<'a>) {
        for directive in directives.iter() {
            if let Some(definition) = self.schema.directive_definitions.get(&directive.name) {
                self.arguments(&directive.arguments, &definition.arguments, scope);
            }
        }
    }

    fn arguments(
        &mut self,
        given: &'a [Node<ast::Argument>],
        defined: &'a [Node<InputValueDefinition>],
        scope: &VariableScope<'a>,
    ) {
        for argument in given {
            match defined.iter().find(|of| of.name == argument.name) {
                Some(of) => self.value(&of.ty, &argument.value, of.default_value.is_some(), scope),
                None => self.anything(&argument.value, scope),
            }
        }
    }

    /// 5.6.1 to 5.6.4, 5.8.3 and 5.8.5: the value of a type.
    fn value(&mut self, ty: &Type, value: &'a Node<Value>, has_default: bool, scope: &VariableScope<'a>) {
        let span = value.location();
        match (&**value, ty) {
            (Value::Variable(name), _) => match scope.variables.iter().find(|of| of.name == *name) {
                None => self.undefined(name, span),
                Some(variable) if !may_stand(variable, ty, has_default) => {
                    let message = format!(
                        "Variable \"${name}\" of type \"{}\" used in position expecting type \"{ty}\".",
                        variable.ty
                    );
                    self.fault("5.8.5", message, span);
                }
                Some(_) => {}
            },
            (Value::Null, ty) if ty.is_non_null() => self.wrong(ty, value),
            (Value::Null, _) => {}
            (Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
                items.iter().for_each(|value| self.value(item, value, false, scope));
            }
            (_, Type::List(item) | Type::NonNullList(item)) => self.value(item, value, false, scope),
            (_, Type::Named(name) | Type::NonNullNamed(name)) => self.named(ty, name, value, scope),
        }
    }

    fn named(&mut self, ty: &Type, name: &Name, value: &'a Node<Value>, scope: &VariableScope<'a>) {
        let schema = self.schema;
        match schema.types.get(name) {
            Some(ExtendedType::Scalar(scalar)) if !scalar.is_built_in() => {
                self.anything(value, scope);
                // A value with variables is checked at coercion.
                if let Some(advice) = constant(value).and_then(|value| self.target.advice(name, &value)) {
                    let message = format!("Expected value of type \"{ty}\": {advice}.");
                    self.fault("5.6.1", message, value.location());
                }
            }
            Some(ExtendedType::Scalar(_)) => {
                let fits = match (name.as_str(), &**value) {
                    ("Int", Value::Int(number)) => number.try_to_i32().is_ok(),
                    ("Float", Value::Int(number)) => number.try_to_f64().is_ok(),
                    ("Float", Value::Float(number)) => number.try_to_f64().is_ok(),
                    ("String" | "ID", Value::String(_)) | ("ID", Value::Int(_)) | ("Boolean", Value::Boolean(_)) => {
                        true
                    }
                    _ => false,
                };
                if !fits {
                    self.wrong(ty, value);
                }
            }
            Some(ExtendedType::Enum(of)) => match &**value {
                Value::Enum(word) if of.values.contains_key(word) => {}
                Value::Enum(word) => {
                    let message = format!("Value \"{word}\" does not exist in \"{name}\" enum.");
                    self.fault("5.6.1", message, value.location());
                }
                _ => self.wrong(ty, value),
            },
            Some(ExtendedType::InputObject(of)) => {
                let Value::Object(fields) = &**value else { return self.wrong(ty, value) };
                for (field, inner) in fields {
                    match of.fields.get(field) {
                        Some(known) => self.value(&known.ty, inner, known.default_value.is_some(), scope),
                        None => {
                            let message = format!("Field \"{field}\" is not defined by type \"{name}\".");
                            self.fault("5.6.2", message, field.location());
                            self.anything(inner, scope);
                        }
                    }
                }
                for (field, known) in &of.fields {
                    if known.is_required() && !fields.iter().any(|(given, _)| given == field) {
                        let message =
                            format!("Field \"{name}.{field}\" of required type \"{}\" was not provided.", known.ty);
                        self.fault("5.6.4", message, value.location());
                    }
                }
            }
            // An undefined type is reported at its name.
            _ => {}
        }
    }

    /// The value of a custom scalar: its variables are defined.
    fn anything(&mut self, value: &'a Node<Value>, scope: &VariableScope<'a>) {
        match &**value {
            Value::Variable(name) if !scope.variables.iter().any(|of| of.name == *name) => {
                self.undefined(name, value.location());
            }
            Value::Int(literal) if number(literal.as_str()).is_none() => self.too_large(value),
            Value::Float(literal) if number(literal.as_str()).is_none() => self.too_large(value),
            Value::List(items) => items.iter().for_each(|item| self.anything(item, scope)),
            Value::Object(fields) => fields.iter().for_each(|(_, value)| self.anything(value, scope)),
            _ => {}
        }
    }

    fn too_large(&mut self, value: &Node<Value>) {
        self.fault("5.6.1", "This number is too large.".to_owned(), value.location());
    }

    fn undefined(&mut self, name: &Name, span: Option<SourceSpan>) {
        self.fault("5.8.3", format!("Variable \"${name}\" is not defined."), span);
    }

    fn wrong(&mut self, ty: &Type, value: &Node<Value>) {
        self.fault(
            "5.6.1",
            format!("Expected value of type \"{ty}\", found {}.", literal_kind(value)),
            value.location(),
        );
    }

    /// Rules of literals in values of custom scalars too: a field once in each input object (5.6.3), and no U+0000.
    fn literals(&mut self, ast: &'a Document) {
        for definition in &ast.definitions {
            match definition {
                Definition::OperationDefinition(operation) => {
                    for variable in &operation.variables {
                        variable.default_value.iter().for_each(|value| self.literal(value));
                        self.literals_in_directives(&variable.directives);
                    }
                    self.literals_in_directives(&operation.directives);
                    self.literals_in_set(&operation.selection_set);
                }
                Definition::FragmentDefinition(fragment) => {
                    self.literals_in_directives(&fragment.directives);
                    self.literals_in_set(&fragment.selection_set);
                }
                _ => {}
            }
        }
    }

    fn literals_in_set(&mut self, set: &'a [ast::Selection]) {
        for selection in set {
            match selection {
                ast::Selection::Field(field) => {
                    field.arguments.iter().for_each(|argument| self.literal(&argument.value));
                    self.literals_in_directives(&field.directives);
                    self.literals_in_set(&field.selection_set);
                }
                ast::Selection::InlineFragment(inline) => {
                    self.literals_in_directives(&inline.directives);
                    self.literals_in_set(&inline.selection_set);
                }
                ast::Selection::FragmentSpread(spread) => self.literals_in_directives(&spread.directives),
            }
        }
    }

    fn literals_in_directives(&mut self, directives: &'a ast::DirectiveList) {
        directives.iter().flat_map(|directive| &directive.arguments).for_each(|argument| self.literal(&argument.value));
    }

    fn literal(&mut self, value: &'a Node<Value>) {
        match &**value {
            Value::String(text) if text.contains('\0') => {
                let message = "The literal contains U+0000, which no text may contain: leave it out.";
                self.fault(NO_NUL, message.to_owned(), value.location());
            }
            Value::List(items) => items.iter().for_each(|item| self.literal(item)),
            Value::Object(fields) => {
                let mut seen = HashSet::new();
                for (name, inner) in fields {
                    if !seen.insert(name) {
                        let message = format!("There can be only one input field named \"{name}\".");
                        self.fault("5.6.3", message, name.location());
                    }
                    self.literal(inner);
                }
            }
            _ => {}
        }
    }

    /// 5.3.2: lists of one length in the arguments of merged fields. The library compares the items of the shorter list only.
    fn merging(&mut self, sets: &[&'a SelectionSet], seen: &mut HashSet<Vec<usize>>) -> Result<(), ServerError> {
        let place: Vec<usize> = sets.iter().map(|set| std::ptr::from_ref(*set).addr()).collect();
        if !seen.insert(place) {
            return Ok(());
        }
        let mut fields: Vec<(&'a Name, &'a Node<executable::Field>)> = Vec::new();
        let mut spread = BTreeSet::new();
        sets.iter().for_each(|set| self.expand(set, &mut spread, &mut fields));
        self.work += fields.len();
        Limit::Fragments.check(self.max_work, self.work)?;
        let mut keys: HashMap<&'a Name, Vec<usize>> = HashMap::new();
        for (at, (_, field)) in fields.iter().enumerate() {
            keys.entry(field.response_key()).or_default().push(at);
        }
        for same in keys.into_values() {
            for group in self.by_parent(&fields, &same) {
                let Some((first, rest)) = group.split_first() else { continue };
                for field in rest {
                    let differs = |argument: &Node<ast::Argument>| {
                        let other = first.arguments.iter().find(|other| other.name == argument.name);
                        other.is_some_and(|other| !has_same_lengths(&argument.value, &other.value))
                    };
                    if field.arguments.iter().any(differs) {
                        let key = field.response_key();
                        let message = format!(
                            "Fields \"{key}\" conflict because they have differing arguments. Use different aliases on the fields \
                             to fetch both if this was intentional."
                        );
                        self.fault("5.3.2", message, field.location());
                    }
                }
                let below: Vec<&SelectionSet> = group.iter().map(|field| &field.selection_set).collect();
                if below.iter().any(|set| !set.selections.is_empty()) {
                    self.merging(&below, seen)?;
                }
            }
        }
        Ok(())
    }

    fn expand(
        &self,
        set: &'a SelectionSet,
        spread: &mut BTreeSet<&'a Name>,
        fields: &mut Vec<(&'a Name, &'a Node<executable::Field>)>,
    ) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => fields.push((&set.ty, field)),
                Selection::InlineFragment(inline) => self.expand(&inline.selection_set, spread, fields),
                Selection::FragmentSpread(of) => {
                    if let Some(fragment) =
                        self.document.fragments.get(&of.fragment_name).filter(|of| spread.insert(&of.name))
                    {
                        self.expand(&fragment.selection_set, spread, fields);
                    }
                }
            }
        }
    }

    /// Groups fields of one key by object type, each with the fields on interfaces.
    fn by_parent(
        &self,
        fields: &[(&'a Name, &'a Node<executable::Field>)],
        same: &[usize],
    ) -> Vec<Vec<&'a Node<executable::Field>>> {
        let is_object = |ty: &Name| matches!(self.schema.types.get(ty), Some(ExtendedType::Object(_)));
        let of: Vec<_> = same.iter().filter_map(|at| fields.get(*at)).collect();
        let parents: BTreeSet<&Name> = of.iter().map(|(ty, _)| *ty).filter(|ty| is_object(ty)).collect();
        if parents.is_empty() {
            return vec![of.iter().map(|(_, field)| *field).collect()];
        }
        let with = |parent: &Name| {
            of.iter().filter(|(ty, _)| *ty == parent || !is_object(ty)).map(|(_, field)| *field).collect()
        };
        parents.into_iter().map(with).collect()
    }
}

/// Returns the kind of a literal. Values are not repeated: they may be secrets.
fn literal_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Boolean(_) => "a Boolean",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a decimal number",
        Value::String(_) => "a text",
        Value::Enum(_) => "a word",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Variable(_) => "a variable",
    }
}

/// `IsVariableUsageAllowed` (section 5.8.5).
fn may_stand(variable: &ast::VariableDefinition, ty: &Type, has_default: bool) -> bool {
    if ty.is_non_null() && !variable.ty.is_non_null() {
        let has_value = variable.default_value.as_ref().is_some_and(|value| !value.is_null());
        return (has_value || has_default) && is_compatible(&variable.ty, &ty.clone().nullable());
    }
    is_compatible(&variable.ty, ty)
}

/// `AreTypesCompatible` (section 5.8.5).
fn is_compatible(variable: &Type, place: &Type) -> bool {
    match (variable, place) {
        (Type::NonNullNamed(one), Type::NonNullNamed(other) | Type::Named(other)) => one == other,
        (Type::Named(one), Type::Named(other)) => one == other,
        (Type::NonNullList(one), Type::NonNullList(other) | Type::List(other)) => is_compatible(one, other),
        (Type::List(one), Type::List(other)) => is_compatible(one, other),
        _ => false,
    }
}

/// Returns true if the lists in two values, equal for the library, have the same lengths.
fn has_same_lengths(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| has_same_lengths(one, other))
        }
        (Value::Object(one), Value::Object(other)) => one.iter().all(|(name, value)| {
            other.iter().find(|(other, _)| other == name).is_none_or(|(_, other)| has_same_lengths(value, other))
        }),
        _ => true,
    }
}
