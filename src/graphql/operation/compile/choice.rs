//! Variables that shape an operation: those of `@skip` and `@include`, and optional ones in arguments, where an absent variable means an
//! absent argument (GraphQL, September 2025, section 6.4.1). Operations of one document with equal choices are one compiled operation.

use std::collections::BTreeSet;

use apollo_compiler::ast;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Name};
use async_graphql::{Value as ConstValue, Variables};

use super::fault::DocumentFault;

/// Part of a variable that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum DecidedBy {
    /// Its value, for a selection.
    Inclusion,
    /// Its presence, for an argument or a part of one.
    Presence,
}

/// Variables that shape an operation.
#[derive(Debug)]
pub(super) struct ShapingVariables(Vec<(Name, DecidedBy)>);

impl ShapingVariables {
    /// Collects the shaping variables of an operation.
    pub(super) fn of(document: &ExecutableDocument, operation: &Operation) -> Self {
        let mut shaping = VariableCollector { document, found: BTreeSet::new(), seen: BTreeSet::new() };
        shaping.in_set(&operation.selection_set);
        let always_has_value = |name: &Name| {
            let variable = operation.variables.iter().find(|of| of.name == *name);
            variable.is_none_or(|of| of.ty.is_non_null() || of.default_value.is_some())
        };
        let mut found: Vec<(Name, DecidedBy)> =
            shaping.found.into_iter().map(|(name, decision)| (name.clone(), decision)).collect();
        found.retain(|(name, decision)| *decision == DecidedBy::Inclusion || !always_has_value(name));
        Self(found)
    }

    /// Returns the choice by coerced variables.
    pub(super) fn choose(&self, variables: &Variables) -> Result<Choice, DocumentFault> {
        let mut choice = Vec::with_capacity(self.0.len());
        for (name, decision) in &self.0 {
            let value = variables.get(name.as_str());
            let decided = match (decision, value) {
                (DecidedBy::Inclusion, Some(ConstValue::Boolean(value))) => *value,
                // A nullable variable with a default, set to null (section 6.4.1).
                (DecidedBy::Inclusion, _) => {
                    let message = format!("The variable `${name}` is null where a directive needs a Boolean.");
                    return Err(DocumentFault { rule: "6.4.1", message, places: Vec::new() });
                }
                (DecidedBy::Presence, value) => value.is_some(),
            };
            choice.push((name.clone(), *decision, decided));
        }
        Ok(Choice(Some(choice)))
    }
}

/// Decisions of the shaping variables. By default, everything is included and present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Choice(Option<Vec<(Name, DecidedBy, bool)>>);

impl Choice {
    /// Returns the decision of a variable on a selection, none to include the selection.
    pub(super) fn inclusion(&self, name: &Name) -> Option<bool> {
        let decided = self.0.as_ref()?.iter().find(|(known, of, _)| known == name && *of == DecidedBy::Inclusion);
        decided.map(|(_, _, decided)| *decided)
    }

    /// Returns true for a variable with a value.
    pub(super) fn is_present(&self, name: &Name) -> bool {
        let mut decided = self.0.iter().flatten();
        let found = decided.find(|(known, of, _)| known == name && *of == DecidedBy::Presence);
        found.is_none_or(|(_, _, decided)| *decided)
    }

    /// Returns the size in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |decisions| decisions.len() * size_of::<(Name, DecidedBy, bool)>())
    }
}

/// Collector of shaping variables.
struct VariableCollector<'a> {
    document: &'a ExecutableDocument,
    found: BTreeSet<(&'a Name, DecidedBy)>,
    /// Fragments already visited.
    seen: BTreeSet<&'a Name>,
}

impl<'a> VariableCollector<'a> {
    fn in_set(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            for directive in selection.directives().iter() {
                for argument in &directive.arguments {
                    if let ast::Value::Variable(name) = &*argument.value {
                        self.found.insert((name, DecidedBy::Inclusion));
                    }
                }
            }
            match selection {
                Selection::Field(field) => {
                    field.arguments.iter().for_each(|argument| self.in_value(&argument.value));
                    self.in_set(&field.selection_set);
                }
                Selection::InlineFragment(inline) => self.in_set(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.fragment_name;
                    if self.seen.insert(name) {
                        self.document.fragments.get(name).into_iter().for_each(|of| self.in_set(&of.selection_set));
                    }
                }
            }
        }
    }

    fn in_value(&mut self, value: &'a ast::Value) {
        match value {
            ast::Value::Variable(name) => {
                self.found.insert((name, DecidedBy::Presence));
            }
            ast::Value::List(items) => items.iter().for_each(|item| self.in_value(item)),
            ast::Value::Object(fields) => fields.iter().for_each(|(_, value)| self.in_value(value)),
            _ => {}
        }
    }
}
