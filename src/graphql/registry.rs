//! Documents that clients register themselves: whoever is signed in sends one with its id, and from then on the id alone will do, for
//! everybody.

use async_graphql::ServerError;
use async_graphql::parser::types::{ExecutableDocument, OperationType};

use super::limits::Limits;
use super::{ApiSchema, code, documents, error};
use crate::service::{Answer, Pass, Service};

/// The documents that clients registered.
#[derive(Clone)]
pub struct Registry {
    service: Service,
    schema: ApiSchema,
    most: u64,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("most", &self.most).finish_non_exhaustive()
    }
}

impl Registry {
    /// A registry of at most so many documents.
    pub fn new(service: Service, schema: ApiSchema, most: u64) -> Self {
        Self { service, schema, most }
    }

    /// The text that was registered by a digest.
    pub(super) async fn find(&self, digest: &str) -> Result<Option<String>, ServerError> {
        let found = self.service.registered_document(digest).await;
        let text = found.map_err(|refused| code::nowhere(error::of(refused)))?;
        // It is run by the right of whoever sends the id: nobody puts another text in its place.
        Ok(text.filter(|text| documents::digest(text) == digest))
    }

    /// Registers a document, where it is one to keep. The operation that it came with runs whatever comes of this.
    pub(super) async fn register(
        &self,
        digest: &str,
        text: &str,
        document: &ExecutableDocument,
        sent: (Pass, &Limits),
    ) {
        let (pass, limits) = sent;
        if may_hold_a_secret(text, document) {
            return;
        }
        let registered: Answer<bool> = async {
            if self.service.registered_document(digest).await?.is_some_and(|known| known == text) {
                return Ok(false);
            }
            if documents::judged(text, &self.schema, limits).await.is_err() {
                return Ok(false);
            }
            self.service.register_document(pass, digest, text, self.most).await.map(|()| true)
        }
        .await;
        match registered {
            Ok(true) => tracing::info!(digest, bytes = text.len(), "a document was registered"),
            Ok(false) => {}
            Err(why) => tracing::warn!(?why, digest, "a document was not registered"),
        }
    }
}

/// Whether a secret may stand in a text: what people type in goes into mutations, and belongs into variables.
fn may_hold_a_secret(text: &str, document: &ExecutableDocument) -> bool {
    let acts = document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation);
    acts && text.contains('"')
}
