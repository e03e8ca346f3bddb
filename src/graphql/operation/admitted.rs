//! An admitted operation: valid, within the limits, with coerced variables.

use async_graphql::{Value, value};

use super::compile::RunnableOperation;
use super::registration::PendingRegistration;
use crate::language::Language;

/// Name of the request extension that asks for the cost, and of the response extension with it.
pub(in crate::graphql) const COST: &str = "cost";

/// An admitted operation, ready for execution or subscription.
#[derive(Debug)]
pub struct Operation {
    pub(in crate::graphql) runnable: RunnableOperation,
    /// Cost and its maximum, where the client asked for them.
    pub(in crate::graphql) reported_cost: Option<ReportedCost>,
    /// Pending registration of a new document, carried out after a successful run.
    pub(in crate::graphql) registration: Option<PendingRegistration>,
    /// Language requested by `Accept-Language` or the socket's init.
    pub(in crate::graphql) requested_language: Option<Language>,
}

/// Cost of an operation, for its client.
#[derive(Debug, Clone, Copy)]
pub(in crate::graphql) struct ReportedCost {
    pub(in crate::graphql) cost: usize,
    pub(in crate::graphql) max: usize,
    pub(in crate::graphql) depth: usize,
}

impl ReportedCost {
    /// Returns the response extension.
    pub(in crate::graphql) fn extension(self) -> (String, Value) {
        let Self { cost, max, depth } = self;
        (COST.to_owned(), value!({ "cost": cost, "max": max, "depth": depth }))
    }
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

    /// Returns true for a subscription.
    pub fn is_subscription(&self) -> bool {
        self.runnable.compiled.is_subscription()
    }

    /// Returns true for a query.
    pub fn is_query(&self) -> bool {
        self.runnable.compiled.is_query()
    }

    /// Returns true for a mutation.
    pub fn is_mutation(&self) -> bool {
        self.runnable.compiled.is_mutation()
    }

    /// Returns true if the operation selects the place in the log as of its reading.
    pub(in crate::graphql) fn selects_event_cursor(&self) -> bool {
        self.runnable.compiled.selects_event_cursor()
    }
}
