//! Registration of client documents sent together with their digest.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;

use super::persisted_documents;
use crate::service::RegisteredDocuments;

/// A pending registration, carried out after a successful run.
#[derive(Debug)]
pub(in crate::graphql) struct Registers {
    pub(in crate::graphql) registered: Arc<RegisteredDocuments>,
    pub(in crate::graphql) digest: String,
}

impl Registers {
    /// Registers the document unless it may contain personal input.
    pub(in crate::graphql) fn register(&self, text: &str, document: &ExecutableDocument) {
        if persisted_documents::may_be_kept(text, document) {
            self.registered.register(&self.digest, text);
        }
    }
}
