//! An admitted operation: parsed, within the limits, not yet validated against the schema.

use async_graphql::Request;
use async_graphql::parser::types::{ExecutableDocument, OperationType};

use super::document;
use super::registration::PendingRegistration;
use crate::language::Language;

/// An admitted operation, ready for execution or subscription.
#[derive(Debug)]
pub struct Operation {
    pub(in crate::graphql) document: ExecutableDocument,
    pub(in crate::graphql) request: Request,
    /// Pending registration of a new document, carried out after a successful run.
    pub(in crate::graphql) registration: Option<PendingRegistration>,
    /// Language requested by `Accept-Language` or the socket's init.
    pub(in crate::graphql) requested_language: Option<Language>,
}

impl Operation {
    /// Sets the requested language; a language chosen by the caller's account takes precedence.
    pub fn with_requested_language(self, requested_language: Option<Language>) -> Self {
        Self { requested_language, ..self }
    }

    /// Requested language.
    pub fn requested_language(&self) -> Option<Language> {
        self.requested_language
    }

    /// Source text of the document.
    pub fn text(&self) -> &str {
        &self.request.query
    }

    /// Returns true for a subscription.
    pub fn is_subscription(&self) -> bool {
        self.is(OperationType::Subscription)
    }

    /// Returns true for a query.
    pub fn is_query(&self) -> bool {
        self.is(OperationType::Query)
    }

    /// Returns true for a mutation.
    pub fn is_mutation(&self) -> bool {
        self.is(OperationType::Mutation)
    }

    /// Builds a fresh library request with the parsed document attached.
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
