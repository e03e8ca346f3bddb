//! An admitted operation: read, and within the limits.

use async_graphql::Request;
use async_graphql::parser::types::{ExecutableDocument, OperationType};

use super::document;
use super::registration::Registers;
use crate::language::Language;

/// An operation that was read, and is within the bounds of what is looked at further.
#[derive(Debug)]
pub struct Operation {
    pub(in crate::graphql) document: ExecutableDocument,
    pub(in crate::graphql) request: Request,
    /// Its document is new, and may be run by its digest from then on.
    pub(in crate::graphql) registers: Option<Registers>,
    /// The language that it wants to be answered in.
    pub(in crate::graphql) wanted: Option<Language>,
}

impl Operation {
    /// Answered in that language, where whoever sends it has chosen none for themselves.
    pub fn wanting(self, wanted: Option<Language>) -> Self {
        Self { wanted, ..self }
    }

    /// The same, to be run and not registered.
    pub fn unregistered(self) -> Self {
        Self { registers: None, ..self }
    }

    /// The language that it wants to be answered in.
    pub fn wanted(&self) -> Option<Language> {
        self.wanted
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.request.query
    }

    /// Whether it is a subscription: something to follow.
    pub fn is_subscription(&self) -> bool {
        self.is(OperationType::Subscription)
    }

    /// Whether it only reads.
    pub fn is_query(&self) -> bool {
        self.is(OperationType::Query)
    }

    /// Whether it changes something.
    pub fn is_mutation(&self) -> bool {
        self.is(OperationType::Mutation)
    }

    /// What runs it: anew each time.
    pub(in crate::graphql) fn request(&self) -> Request {
        let mut request = Request::new(&self.request.query).variables(self.request.variables.clone());
        request.operation_name.clone_from(&self.request.operation_name);
        request.set_parsed_query(self.document.clone());
        request
    }

    fn is(&self, ty: OperationType) -> bool {
        let operation = document::operation(&self.document, self.request.operation_name.as_deref());
        operation.is_some_and(|operation| operation.ty == ty)
    }
}
