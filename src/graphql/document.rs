//! A document, judged before it runs: how deep it nests, and how much its fragments make of it.

use std::collections::{BTreeSet, HashMap};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Request, ServerError, Value, Variables};

use super::nesting;

/// Validation follows every spread, so that fragments which spread each other twice double its work each time.
const MOST_SELECTIONS: u64 = 50_000;

/// So many fields at the root, each of which may be a statement or more.
const MOST_ROOT_FIELDS: usize = 100;

/// A document, parsed and within bounds.
pub(super) fn parse(text: &str) -> Result<ExecutableDocument, ServerError> {
    if nesting::is_too_deep(text) {
        return Err(refused(format!("Brackets nest more than {} deep.", nesting::DEEPEST)));
    }
    let document = async_graphql::parser::parse_query(text)?;
    let mut weights = Weights { document: &document, known: HashMap::new() };
    // Those that no operation spreads too: validation follows them as well.
    for name in document.fragments.keys() {
        weights.of_fragment(name, 1)?;
    }
    for (_, operation) in document.operations.iter() {
        let fields = weights.of(&operation.node.selection_set.node, 1)?.fields;
        if fields > MOST_SELECTIONS {
            return Err(refused(format!(
                "With its fragments it selects {fields} fields; at most {MOST_SELECTIONS} are taken."
            )));
        }
    }
    for (_, operation) in document.operations.iter() {
        let mut fields = Vec::new();
        flatten(&document, &operation.node.selection_set.node, &mut Vec::new(), &mut |field| fields.push(field));
        if fields.len() > MOST_ROOT_FIELDS {
            let message =
                format!("It selects {} fields at the root; at most {MOST_ROOT_FIELDS} are taken.", fields.len());
            return Err(refused(message));
        }
    }
    Ok(document)
}

fn refused(message: String) -> ServerError {
    ServerError::new(message, None)
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

/// The operation of that name, or the only one.
pub(super) fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(of, _)| of.is_some_and(|of| of == name)),
        None => operations.next(),
    };
    found.map(|(_, operation)| &operation.node)
}

/// What selections come to with what their fragments bring: how many fields, and how many levels below them.
#[derive(Clone, Copy, Default)]
struct Weight {
    fields: u64,
    height: usize,
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
                    Weight { fields: below.fields.saturating_add(1), ..below }
                }
                Selection::InlineFragment(fragment) => self.of(&fragment.node.selection_set.node, depth + 1)?,
                Selection::FragmentSpread(spread) => self.of_fragment(&spread.node.fragment_name.node, depth + 1)?,
            };
            whole.fields = whole.fields.saturating_add(part.fields);
            whole.height = whole.height.max(part.height + 1);
        }
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
        let weight = Weight { fields: inner.fields.saturating_add(1), ..inner };
        self.known.insert(name, Some(weight));
        Ok(weight)
    }
}

fn within(depth: usize) -> Result<(), ServerError> {
    if depth > nesting::DEEPEST {
        return Err(refused(format!("With its fragments it nests more than {} deep.", nesting::DEEPEST)));
    }
    Ok(())
}

/// Makes a subscription's operation one field at its root, as it must be (GraphQL, October 2021, section 5.2.3.1): fragments
/// around it are taken away. `name`: the operation's.
pub(super) fn single_root(document: &mut ExecutableDocument, name: Option<&str>) -> Result<(), ServerError> {
    let Some(found) = operation(document, name) else { return Ok(()) };
    let mut fields = Vec::new();
    flatten(document, &found.selection_set.node, &mut Vec::new(), &mut |selected| fields.push(selected.field.clone()));
    let [field] = &fields[..] else {
        return Err(refused(format!(
            "A subscription follows one thing: it selects exactly one field at its root, and this one {}.",
            fields.len()
        )));
    };
    if field.directives.iter().any(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include")) {
        return Err(refused("A subscription's one field can be neither skipped nor included.".to_owned()));
    }
    let field = Positioned::new(Selection::Field(Positioned::new(field.clone(), Pos::default())), Pos::default());
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

/// A field that is selected, and the type that a fragment around it names.
pub(super) struct Selected<'a> {
    pub(super) field: &'a async_graphql::parser::types::Field,
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
            Selection::Field(field) => take(Selected { field: &field.node, on: around.last().copied() }),
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
