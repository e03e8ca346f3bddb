//! Registration of documents that clients send with their ids.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;

use super::persisted_documents;
use crate::service::Registered;

/// A document to be registered once it has run, and where.
#[derive(Debug)]
pub(in crate::graphql) struct Registers {
    pub(in crate::graphql) registered: Arc<Registered>,
    pub(in crate::graphql) digest: String,
}

impl Registers {
    /// Registers it, where it is one to keep.
    pub(in crate::graphql) fn register(&self, text: &str, document: &ExecutableDocument) {
        if persisted_documents::may_be_kept(text, document) {
            self.registered.register(&self.digest, text);
        }
    }
}
