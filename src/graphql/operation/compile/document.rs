//! Compiled documents and their operations.

use std::sync::Arc;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::Operation;
use apollo_compiler::validation::Valid;
use async_graphql::parser::types as library;
use async_graphql::{ServerError, Variables};

use super::choice::{Choice, ShapingVariables};
use super::cost::{self, Cost};
use super::fault::{DocumentFault, errors};
use super::grammar::PreparedText;
use super::lines::Lines;
use super::merge::{MergedField, MergedSelections, merge};
use super::target::TargetSchema;
use super::variables::coerce;
use super::write::{RootArguments, write};
use crate::graphql::look_ahead::EVENT_CURSOR;
use crate::graphql::operation::api_key_access::RequiredScopes;

/// A valid document.
#[derive(Debug)]
pub(in crate::graphql) struct CompiledDocument {
    text: Arc<str>,
    document: Valid<ExecutableDocument>,
    lines: Lines,
    /// Number of tokens in the text.
    tokens: usize,
    /// The text describes its definitions (September 2025): free text, as comments are.
    has_descriptions: bool,
    /// Shaping variables of each operation, in order.
    shaping: Vec<ShapingVariables>,
    required_scopes: RequiredScopes,
}

/// Identity of a compiled operation within its document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct OperationKey {
    /// Number of the operation in its document.
    number: usize,
    choice: Choice,
}

/// An operation, merged into its canonical document.
#[derive(Debug)]
pub(in crate::graphql) struct CompiledOperation {
    document: library::ExecutableDocument,
    /// Canonical document without the arguments of its root fields, for the events of a subscription.
    event_document: Option<library::ExecutableDocument>,
    merged: MergedSelections,
    cost: Cost,
    /// Depth of nested fields.
    depth: usize,
    /// Estimated size in memory, in bytes.
    bytes: usize,
    operation_type: OperationType,
    selects_event_cursor: bool,
}

impl CompiledDocument {
    pub(super) fn new(text: &str, prepared: &PreparedText, document: Valid<ExecutableDocument>, lines: Lines) -> Self {
        let shaping = document.operations.iter().map(|operation| ShapingVariables::of(&document, operation)).collect();
        let (tokens, has_descriptions) = (prepared.size.tokens, prepared.has_descriptions);
        let required_scopes = RequiredScopes::of(&document);
        Self { text: text.into(), document, lines, tokens, has_descriptions, shaping, required_scopes }
    }

    /// Returns the source text.
    pub(in crate::graphql) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns true for a text with free text in it: comments or descriptions.
    pub(in crate::graphql) fn has_free_text(&self) -> bool {
        self.has_descriptions || self.text.contains('#')
    }

    /// Returns the validated document.
    pub(in crate::graphql) fn executable(&self) -> &Valid<ExecutableDocument> {
        &self.document
    }

    /// Returns the scopes that an API key needs for the document.
    pub(in crate::graphql) fn required_scopes(&self) -> &RequiredScopes {
        &self.required_scopes
    }

    /// Returns the number and the operation of a name, or the only operation (section 6.1, `GetOperation`).
    pub(in crate::graphql) fn operation(&self, name: Option<&str>) -> Result<(usize, &Operation), ServerError> {
        let name = name.filter(|name| !name.is_empty());
        let mut operations = self.document.operations.iter().enumerate();
        let found = match name {
            Some(name) => operations.find(|(_, operation)| operation.name.as_ref().is_some_and(|own| own == name)),
            None => operations.next().filter(|_| operations.next().is_none()),
        };
        let message = || match name {
            Some(name) => format!("The document has no operation `{name}`: choose one of it by `operationName`."),
            None => "The document has several operations: choose one by `operationName`.".to_owned(),
        };
        let found = found.map(|(number, operation)| (number, &**operation));
        found.ok_or_else(|| DocumentFault { rule: "6.1 GetOperation", message: message(), places: Vec::new() }.into())
    }

    /// Coerces the variables of an operation.
    pub(super) fn coerce(
        &self,
        target: &TargetSchema,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<Variables, Vec<ServerError>> {
        coerce(target, operation, variables, &self.lines).map_err(errors)
    }

    /// Returns the identity of an operation with these coerced variables.
    pub(super) fn key(&self, number: usize, variables: &Variables) -> Result<OperationKey, ServerError> {
        let choice = self.shaping.get(number).map(|shaping| shaping.choose(variables)).transpose()?;
        Ok(OperationKey { number, choice: choice.unwrap_or_default() })
    }

    /// Merges an operation. `choice`: the decisions of its shaping variables. `max_work`: maximum number of selections and
    /// fields in merging.
    pub(super) fn merge(
        &self,
        target: &TargetSchema,
        operation: &Operation,
        choice: &Choice,
        max_work: usize,
    ) -> Result<CompiledOperation, ServerError> {
        let merged = merge(target, &self.document, &self.lines, &operation.selection_set, choice, max_work)?;
        let (document, bytes) = write(target, &self.lines, operation, &merged, RootArguments::Written, max_work)?;
        let (event_document, event_bytes) = match operation.operation_type {
            OperationType::Subscription => {
                let (document, bytes) =
                    write(target, &self.lines, operation, &merged, RootArguments::LeftOut, max_work)?;
                (Some(document), bytes)
            }
            _ => (None, 0),
        };
        let (cost, depth) = (Cost::of(&merged), cost::depth(&merged));
        let selects_event_cursor = merged.selects(EVENT_CURSOR.name());
        let operation_type = operation.operation_type;
        Ok(CompiledOperation {
            document,
            event_document,
            merged,
            cost,
            depth,
            bytes: 1_000 + bytes + event_bytes,
            operation_type,
            selects_event_cursor,
        })
    }

    /// Estimates the size in memory, in bytes, rounded up from measurements with a counting allocator.
    pub(super) fn bytes(&self) -> usize {
        1_000 + 2 * self.text.len() + 180 * self.tokens
    }
}

impl OperationKey {
    /// Returns the number of the operation in its document.
    pub(in crate::graphql) fn number(&self) -> usize {
        self.number
    }

    /// Returns the decisions of the shaping variables.
    pub(super) fn choice(&self) -> &Choice {
        &self.choice
    }
}

impl CompiledOperation {
    /// Returns the canonical document.
    pub(in crate::graphql) fn canonical(&self) -> &library::ExecutableDocument {
        &self.document
    }

    /// Returns the canonical document for the events of a subscription.
    pub(in crate::graphql) fn for_events(&self) -> &library::ExecutableDocument {
        self.event_document.as_ref().unwrap_or(&self.document)
    }

    /// Returns true if introspection is selected, `__typename` aside.
    pub(in crate::graphql) fn selects_introspection(&self) -> bool {
        self.merged.fields.iter().any(MergedField::is_introspection)
    }

    /// Returns true if the executing library has fields to run: other ones than introspection.
    pub(in crate::graphql) fn has_own_fields(&self) -> bool {
        self.merged.fields.iter().any(|field| !field.is_introspection())
    }

    /// Returns the merged selections.
    pub(in crate::graphql) fn merged(&self) -> &MergedSelections {
        &self.merged
    }

    /// Returns the cost with the values of the variables.
    pub(in crate::graphql) fn cost(&self, variables: &Variables) -> usize {
        self.cost.with(variables)
    }

    /// Returns the cost with pages of the usual size.
    pub(in crate::graphql) fn usual_cost(&self) -> usize {
        self.cost.usual()
    }

    /// Returns true for a query.
    pub(in crate::graphql) fn is_query(&self) -> bool {
        self.operation_type == OperationType::Query
    }

    /// Returns true for a mutation.
    pub(in crate::graphql) fn is_mutation(&self) -> bool {
        self.operation_type == OperationType::Mutation
    }

    /// Returns true for a subscription.
    pub(in crate::graphql) fn is_subscription(&self) -> bool {
        self.operation_type == OperationType::Subscription
    }

    /// Returns true if an `eventCursor` is selected.
    pub(in crate::graphql) fn selects_event_cursor(&self) -> bool {
        self.selects_event_cursor
    }

    /// Returns the depth of nested fields.
    pub(in crate::graphql) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the estimated size in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
