//! Admission of operations: limits, persisted documents, and the settings for operation names and introspection.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response, ServerError, Value};

use super::admitted::Operation;
use super::limits::Limits;
use super::persisted_documents::{self as documents, Documents};
use super::registration::Registers;
use super::{document, parse};
use crate::graphql::error;
use crate::graphql::error_code::{self as code, Code, coded};
use crate::graphql::schema_index::SchemaIndex;
use crate::service::{RegisteredDocuments, document_digest, is_document_digest};

/// Request extension that carries the document's id; `documentId` of the body is moved there.
pub const DOCUMENT_ID: &str = "documentId";

/// Request extension of automatic persisted queries (APQ), sent by Apollo Client and urql. Both expect APQ's own error messages.
pub const PERSISTED_QUERY: &str = "persistedQuery";

/// Admission rules for operations.
#[derive(Debug, Clone)]
pub struct Intake {
    /// Limits of every operation.
    pub limits: Limits,
    /// Persisted documents of the manifest.
    pub documents: Documents,
    /// Refuse operations without a persisted document.
    pub documents_only: bool,
    /// Client-registered documents, where registration is enabled.
    pub registered: Option<Arc<RegisteredDocuments>>,
    /// Refuse anonymous operations.
    pub operation_names: bool,
    /// Allow introspection.
    pub introspection: bool,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            documents: Documents::default(),
            documents_only: false,
            registered: None,
            operation_names: false,
            introspection: true,
        }
    }
}

impl Intake {
    /// Parses and admits an operation. The error is the complete response.
    pub async fn read(&self, mut request: Request, index: &SchemaIndex) -> Result<Operation, Box<Response>> {
        let refused = |error| Box::new(coded(Response::from_errors(vec![error])));
        let digest = self.digest(&request).map_err(refused)?;
        let registers = self.registers(digest.as_deref(), &request);
        let document = self.document(digest, &mut request, index).await.map_err(refused)?;
        Ok(Operation { document, request, registers, wanted: None })
    }

    async fn document(
        &self,
        digest: Option<String>,
        request: &mut Request,
        index: &SchemaIndex,
    ) -> Result<ExecutableDocument, ServerError> {
        let known = match digest {
            Some(digest) => self.known(&digest, request).await?,
            None => None,
        };
        let document = match known {
            Some(document) => document,
            None => parse::read(&request.query, &self.limits, index)?,
        };
        self.permit(&document, request)?;
        document::has_variables(&document, request)?;
        document::leave_out(&document, request);
        Ok(document)
    }

    /// Returns the pending registration of a text sent together with its digest.
    fn registers(&self, digest: Option<&str>, request: &Request) -> Option<Registers> {
        let (registered, digest) = (self.registered.as_ref()?, digest?);
        let is_new = !request.query.is_empty() && self.documents.find(digest).is_none();
        is_new.then(|| Registers { registered: registered.clone(), digest: digest.to_owned() })
    }

    /// Returns the digest of the requested document, none for a plain text.
    fn digest(&self, request: &Request) -> Result<Option<String>, ServerError> {
        let Some(id) = request.extensions.get(DOCUMENT_ID) else {
            return if self.documents_only {
                let message =
                    "This server runs documents that it knows, and nothing else: send `documentId` instead of `query`.";
                Err(Code::DocumentIdRequired.whole(message))
            } else {
                Ok(None)
            };
        };
        let Value::String(id) = id else {
            return Err(Code::InvalidOperation.whole("`documentId` is a text: `sha256:` and the document's digest."));
        };
        let digest = documents::digest_of(id);
        if !request.query.is_empty() && document_digest(&request.query) != digest {
            let message = "`query` is not the document of this `documentId`: send either of them, or both as they belong together.";
            return Err(Code::InvalidOperation.whole(message));
        }
        Ok(Some(digest))
    }

    /// Looks a document up by digest. None: the request's text (sent, or filled in from the registered documents) is still to be parsed.
    async fn known(&self, digest: &str, request: &mut Request) -> Result<Option<ExecutableDocument>, ServerError> {
        if let Some(known) = self.documents.find(digest) {
            request.query = known.text.to_string();
            return Ok(Some((*known.document).clone()));
        }
        if !request.query.is_empty() && !self.documents_only {
            return Ok(None);
        }
        let registered = match &self.registered {
            Some(registered) => registered.find(digest).await.map_err(|refused| code::nowhere(error::of(refused)))?,
            None => None,
        };
        request.query = registered.ok_or_else(|| self.not_found(digest, request))?.to_string();
        Ok(None)
    }

    /// Returns the error for an unknown document id, in the wording of the protocol that the client speaks.
    fn not_found(&self, digest: &str, request: &Request) -> ServerError {
        let asks_by_apollo = request.extensions.contains_key(PERSISTED_QUERY) && !self.documents_only;
        let message = match (&self.registered, asks_by_apollo) {
            (Some(_), true) => "PersistedQueryNotFound",
            (None, true) => "PersistedQueryNotSupported",
            _ if !is_document_digest(digest) => {
                "This is no id of a document: write `sha256:` and the text's digest, 64 hexadecimal digits."
            }
            (Some(_), false) => {
                "No document of this id is known here: send it once with its `query`, signed in, and its id will do from then on."
            }
            (None, false) => {
                "No document of this id is known here: is it in the manifest that this server was started with?"
            }
        };
        Code::DocumentNotFound.whole(message)
    }

    /// Refuses anonymous operations and introspection where the settings forbid them.
    fn permit(&self, document: &ExecutableDocument, request: &Request) -> Result<(), ServerError> {
        if self.operation_names && document.operations.iter().any(|(name, _)| name.is_none()) {
            let message = "This server runs operations that have a name: write `query Name { … }`.";
            return Err(Code::OperationNameRequired.whole(message));
        }
        let asks = || document::operation(document, request.operation_name.as_deref());
        let Some(operation) = (!self.introspection).then(asks).flatten() else { return Ok(()) };
        let mut about_the_schema = false;
        document::flatten(document, &operation.selection_set.node, &mut Vec::new(), &mut |selected| {
            about_the_schema |= matches!(selected.field.name.node.as_str(), "__schema" | "__type");
        });
        if operation.ty == OperationType::Query && about_the_schema {
            let message = "This server does not describe its schema: read `schema.graphql` of the version in use.";
            return Err(Code::IntrospectionDisabled.whole(message));
        }
        Ok(())
    }
}
