//! A document, judged before it runs: how deep it nests, and how much its fragments make of it.

use std::collections::{BTreeSet, HashMap};

use async_graphql::parser;
use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Request, ServerError, Value, Variables};

use super::code::Code;
use super::limits::{DEEPEST, Limit, Limits};
use super::{SHAPES, unknown};

/// A document that is within the limits, and does not ask for much that the schema has not.
pub(super) fn read(text: &str, limits: &Limits) -> Result<ExecutableDocument, ServerError> {
    let document = parse(text, limits)?;
    unknown::judge(&SHAPES, &document)?;
    Ok(document)
}

/// A document, parsed and within the limits that are known without the schema: the cheapest are judged first.
fn parse(text: &str, limits: &Limits) -> Result<ExecutableDocument, ServerError> {
    limits.hold_text(text)?;
    let document = async_graphql::parser::parse_query(text).map_err(unreadable)?;
    let mut weights = Weights { document: &document, known: HashMap::new() };
    let mut whole = Weight::default();
    // Those that no operation spreads too: validation looks into them as well.
    for name in document.fragments.keys() {
        let weight = weights.of_fragment(name, 1)?;
        whole.compared = whole.compared.saturating_add(weight.compared);
    }
    // All operations together, since all are validated.
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut weight = weights.of(&operation.selection_set.node, 1)?;
        let of_variables = operation.variable_definitions.iter().map(|of| of.node.directives.len() as u64);
        let directives = of_variables.fold(operation.directives.len() as u64, u64::saturating_add);
        weight.directives = weight.directives.saturating_add(directives);
        whole.add(weight);
    }
    Limit::Fields.keep(limits.fields, whole.fields)?;
    Limit::Fragments.keep(limits.fields.saturating_mul(COMPARED), whole.compared)?;
    Limit::Depth.keep(limits.depth, whole.depth)?;
    Limit::Aliases.keep(limits.aliases, whole.aliases)?;
    Limit::Directives.keep(limits.directives, whole.directives)?;
    for (_, operation) in document.operations.iter() {
        let mut fields = 0_usize;
        flatten(&document, &operation.node.selection_set.node, &mut Vec::new(), &mut |_| fields += 1);
        Limit::RootFields.keep(limits.root_fields, fields)?;
    }
    Ok(document)
}

/// Where a text is no document, and what was expected there, in a line.
fn unreadable(error: parser::Error) -> ServerError {
    let parser::Error::Syntax { message, start, .. } = &error else { return error.into() };
    // The library draws the place; what is wrong with it stands in the last line.
    let why =
        message.lines().rev().find_map(|line| line.trim_start().strip_prefix("= ")).unwrap_or("it is not GraphQL");
    let Pos { line, column } = *start;
    ServerError::new(format!("The document cannot be read at line {line}, column {column}: {why}."), Some(*start))
}

/// How many times a field may be compared with those beside it, on the average: validation does so once for each fragment
/// around it.
const COMPARED: usize = 4;

fn refused(message: String) -> ServerError {
    Code::InvalidOperation.whole(message)
}

/// Whether every variable that must have a value has one (GraphQL, October 2021, section 6.1.2). The library asks only where one is
/// used, when the rest has run.
pub(super) fn has_variables(document: &ExecutableDocument, request: &Request) -> Result<(), ServerError> {
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

/// Tells of each whole number that was left out that it is null, which it is to everything that takes one: the library tells what a page
/// costs by its size, and refuses a size that it does not know.
pub(super) fn leave_out(document: &ExecutableDocument, request: &mut Request) {
    let defined = operation(document, request.operation_name.as_deref());
    for variable in defined.into_iter().flat_map(|operation| &operation.variable_definitions) {
        let (name, kind) = (&variable.node.name.node, &variable.node.var_type.node);
        if kind.base == BaseType::Named(Name::new("Int")) && variable.node.default_value.is_none() {
            request.variables.entry(name.clone()).or_insert(Value::Null);
        }
    }
}

/// The operation of that name, or the only one.
pub(super) fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(of, _)| of.is_some_and(|of| of == name)),
        None => operations.next(),
    };
    found.map(|(_, operation)| &operation.node)
}

/// What selections come to with what their fragments bring, each as often as it is spread.
#[derive(Clone, Copy, Default)]
struct Weight {
    fields: u64,
    aliases: u64,
    directives: u64,
    /// How many fields lie within each other.
    depth: usize,
    /// The same, fragments counted as levels too.
    height: usize,
    /// How many fields stand in it, whatever fragments are around them.
    flat: u64,
    /// How many fields are compared with those beside them, in it and below.
    compared: u64,
}

impl Weight {
    /// With what stands beside it.
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height + 1);
        self.flat = self.flat.saturating_add(other.flat);
        self.compared = self.compared.saturating_add(other.compared);
    }

    /// With directives around it.
    fn under(self, directives: &[Positioned<Directive>]) -> Self {
        Self { directives: self.directives.saturating_add(directives.len() as u64), ..self }
    }
}

/// Weighs selections; each fragment is weighed once and remembered, so that this takes no longer than the document is.
struct Weights<'a> {
    document: &'a ExecutableDocument,
    /// None while a fragment is being weighed: who meets it again then has been led back to it.
    known: HashMap<&'a Name, Option<Weight>>,
}

impl<'a> Weights<'a> {
    /// `depth`: the levels around these selections, these counted.
    fn of(&mut self, set: &'a SelectionSet, depth: usize) -> Result<Weight, ServerError> {
        within(depth)?;
        let mut whole = Weight::default();
        for item in &set.items {
            let part = match &item.node {
                Selection::Field(field) => {
                    let below = self.of(&field.node.selection_set.node, depth + 1)?;
                    let fields = below.fields.saturating_add(1);
                    let aliases = below.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    Weight { fields, aliases, depth: below.depth + 1, flat: 1, ..below }.under(&field.node.directives)
                }
                Selection::InlineFragment(fragment) => {
                    let inner = self.of(&fragment.node.selection_set.node, depth + 1)?;
                    inner.under(&fragment.node.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.of_fragment(&spread.node.fragment_name.node, depth + 1)?;
                    // What is below is compared where the fragment is.
                    Weight { compared: 0, ..inner }.under(&spread.node.directives)
                }
            };
            whole.add(part);
        }
        whole.compared = whole.compared.saturating_add(whole.flat);
        Ok(whole)
    }

    fn of_fragment(&mut self, name: &'a Name, depth: usize) -> Result<Weight, ServerError> {
        match self.known.get(name) {
            Some(Some(known)) => return within(depth + known.height).map(|()| *known),
            Some(None) => return Err(refused(format!("The fragment `{name}` leads to itself."))),
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Weight::default()) };
        self.known.insert(name, None);
        let inner = self.of(&fragment.node.selection_set.node, depth)?;
        let fields = inner.fields.saturating_add(1);
        let weight = Weight { fields, ..inner }.under(&fragment.node.directives);
        self.known.insert(name, Some(weight));
        Ok(weight)
    }
}

fn within(depth: usize) -> Result<(), ServerError> {
    Limit::Nesting.keep(DEEPEST, depth)
}

/// Makes a subscription's operation one field at its root, as it must be (GraphQL, October 2021, section 5.2.3.1): fragments
/// around it are taken away. `name`: the operation's.
pub(super) fn single_root(document: &mut ExecutableDocument, name: Option<&str>) -> Result<(), ServerError> {
    let Some(found) = operation(document, name) else { return Ok(()) };
    let mut fields = Vec::new();
    flatten(document, &found.selection_set.node, &mut Vec::new(), &mut |selected| {
        fields.push(Positioned::new(selected.field.clone(), selected.pos));
    });
    let [field] = &fields[..] else {
        return Err(refused(format!(
            "A subscription follows one thing: it selects exactly one field at its root, and this one {}.",
            fields.len()
        )));
    };
    if field.node.directives.iter().any(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include")) {
        return Err(refused("A subscription's one field can be neither skipped nor included.".to_owned()));
    }
    let field = Positioned::new(Selection::Field(field.clone()), field.pos);
    let before = fragments_spread(document);
    if let Some(operation) = operation_mut(document, name) {
        operation.selection_set.node.items = vec![field];
    }
    // What was spread there alone is spread nowhere now, which is no fault of the client's.
    let after = fragments_spread(document);
    document.fragments.retain(|name, _| after.contains(name) || !before.contains(name));
    Ok(())
}

/// Takes the arguments of an operation's root fields away, and every variable that is then named nowhere: what is left is what
/// is selected.
pub(super) fn without_root_arguments(document: &mut ExecutableDocument, name: Option<&str>, variables: &mut Variables) {
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

/// The fragments that operations spread.
fn fragments_spread(document: &ExecutableDocument) -> BTreeSet<Name> {
    let mut used = Named { document, found: BTreeSet::new(), seen: BTreeSet::new() };
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

/// The variables that decide what is selected below an operation's root fields: those of their own arguments are left out.
fn variables_below<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> BTreeSet<Name> {
    let mut used = Named { document, found: BTreeSet::new(), seen: BTreeSet::new() };
    for item in &operation.selection_set.node.items {
        if let Selection::Field(field) = &item.node {
            used.in_directives(&field.node.directives);
            used.in_selections(&field.node.selection_set.node);
        }
    }
    used.found
}

/// Every value that stands in a document: of arguments, of directives, and what variables are by default. Variables are null there.
pub(super) fn each_value(document: &ExecutableDocument, take: &mut impl FnMut(Value)) {
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
                        take(value.node.clone().into_const_with(nothing).unwrap_or_default());
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
            take(value.node.clone().into_const_with(nothing).unwrap_or_default());
        }
    }
    fn nothing(_: Name) -> Result<Value, ()> {
        Ok(Value::Null)
    }
}

/// The variables that selections name.
struct Named<'a> {
    document: &'a ExecutableDocument,
    found: BTreeSet<Name>,
    /// The fragments that were looked at.
    seen: BTreeSet<&'a Name>,
}

impl<'a> Named<'a> {
    fn in_selections(&mut self, set: &'a SelectionSet) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    self.in_directives(&field.node.directives);
                    for (_, value) in &field.node.arguments {
                        // Every variable within it is asked for.
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

/// A field that is selected, where, and the type that a fragment around it names.
pub(super) struct Selected<'a> {
    pub(super) field: &'a async_graphql::parser::types::Field,
    pub(super) pos: Pos,
    pub(super) on: Option<&'a Name>,
}

/// Every field of a selection in order, through its fragments, none of which leads to itself in what [`parse`] takes.
/// `around`: the types that fragments around it name.
pub(super) fn flatten<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    around: &mut Vec<&'a Name>,
    take: &mut impl FnMut(Selected<'a>),
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                take(Selected { field: &field.node, pos: field.pos, on: around.last().copied() });
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                around.extend(on);
                flatten(document, &fragment.node.selection_set.node, around, take);
                around.truncate(around.len() - usize::from(on.is_some()));
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) else { continue };
                around.push(&fragment.node.type_condition.node.on.node);
                flatten(document, &fragment.node.selection_set.node, around, take);
                around.pop();
            }
        }
    }
}
