//! Admission of operations: limits, persisted documents, and the settings for operation names and introspection.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response, ServerError, Value};

use super::admitted::Operation;
use super::limits::OperationLimits;
use super::persisted_documents::{PersistedDocuments, digest_of};
use super::registration::PendingRegistration;
use super::{document, parse};
use crate::graphql::error;
use crate::graphql::error_code::{self, ErrorCode, with_codes};
use crate::graphql::schema_index::SchemaIndex;
use crate::service::{RegisteredDocuments, document_digest, is_document_digest};

/// Request extension that carries the document's id; `documentId` of the body is moved there.
pub const DOCUMENT_ID: &str = "documentId";

/// Request extension of automatic persisted queries (APQ), sent by Apollo Client and urql. Both expect APQ's own error messages.
pub const PERSISTED_QUERY: &str = "persistedQuery";

/// Admission rules for operations.
#[derive(Debug, Clone)]
pub struct AdmissionRules {
    /// Limits of every operation.
    pub limits: OperationLimits,
    /// Persisted documents of the manifest.
    pub documents: PersistedDocuments,
    /// Refuse operations without a persisted document.
    pub documents_only: bool,
    /// Client-registered documents, where registration is enabled.
    pub registered: Option<Arc<RegisteredDocuments>>,
    /// Refuse anonymous operations.
    pub operation_names: bool,
    /// Allow introspection.
    pub introspection: bool,
}

impl Default for AdmissionRules {
    fn default() -> Self {
        Self {
            limits: OperationLimits::default(),
            documents: PersistedDocuments::default(),
            documents_only: false,
            registered: None,
            operation_names: false,
            introspection: true,
        }
    }
}

impl AdmissionRules {
    /// Parses and admits an operation. The error is the complete response.
    pub async fn admit(&self, mut request: Request, index: &SchemaIndex) -> Result<Operation, Box<Response>> {
        let refused = |error| Box::new(with_codes(Response::from_errors(vec![error])));
        let digest = self.digest(&request).map_err(refused)?;
        let registration = self.pending_registration(digest.as_deref(), &request);
        let document = self.document(digest, &mut request, index).await.map_err(refused)?;
        Ok(Operation { document, request, registration, requested_language: None })
    }

    async fn document(
        &self,
        digest: Option<String>,
        request: &mut Request,
        index: &SchemaIndex,
    ) -> Result<ExecutableDocument, ServerError> {
        let found = match digest {
            Some(digest) => self.find_document(&digest, request).await?,
            None => None,
        };
        let document = match found {
            Some(document) => document,
            None => parse::read(&request.query, &self.limits, index)?,
        };
        self.check_settings(&document, request)?;
        document::check_variables(&document, request)?;
        document::null_omitted_integers(&document, request);
        Ok(document)
    }

    /// Returns the pending registration of a text sent together with its digest.
    fn pending_registration(&self, digest: Option<&str>, request: &Request) -> Option<PendingRegistration> {
        let (registered, digest) = (self.registered.as_ref()?, digest?);
        let is_new = !request.query.is_empty() && self.documents.find(digest).is_none();
        is_new.then(|| PendingRegistration { registered: registered.clone(), digest: digest.to_owned() })
    }

    /// Returns the digest of the requested document, none for a plain text.
    fn digest(&self, request: &Request) -> Result<Option<String>, ServerError> {
        let Some(id) = request.extensions.get(DOCUMENT_ID) else {
            return if self.documents_only {
                let message = "This server runs persisted documents only: send `documentId` instead of `query`.";
                Err(ErrorCode::DocumentIdRequired.operation_error(message))
            } else {
                Ok(None)
            };
        };
        let Value::String(id) = id else {
            return Err(ErrorCode::InvalidOperation
                .operation_error("`documentId` is a string: `sha256:` and the document's digest."));
        };
        let digest = digest_of(id);
        if !request.query.is_empty() && document_digest(&request.query) != digest {
            let message = "`query` does not match `documentId`: send either, or a matching pair.";
            return Err(ErrorCode::InvalidOperation.operation_error(message));
        }
        Ok(Some(digest))
    }

    /// Looks a document up by digest. None: the request's text (sent, or filled in from the registered documents) is still to be parsed.
    async fn find_document(
        &self,
        digest: &str,
        request: &mut Request,
    ) -> Result<Option<ExecutableDocument>, ServerError> {
        if let Some(persisted) = self.documents.find(digest) {
            request.query = persisted.text.to_string();
            return Ok(Some((*persisted.document).clone()));
        }
        if !request.query.is_empty() && !self.documents_only {
            return Ok(None);
        }
        let registered = match &self.registered {
            Some(registered) => registered
                .find(digest)
                .await
                .map_err(|refused| error_code::without_location(error::from_refused(refused)))?,
            None => None,
        };
        request.query = registered.ok_or_else(|| self.not_found(digest, request))?.to_string();
        Ok(None)
    }

    /// Returns the error for an unknown document id, in the wording of the protocol that the client speaks.
    fn not_found(&self, digest: &str, request: &Request) -> ServerError {
        let uses_apq = request.extensions.contains_key(PERSISTED_QUERY) && !self.documents_only;
        let message = match (&self.registered, uses_apq) {
            (Some(_), true) => "PersistedQueryNotFound",
            (None, true) => "PersistedQueryNotSupported",
            _ if !is_document_digest(digest) => {
                "This is not a document id: write `sha256:` and the text's digest, 64 hexadecimal digits."
            }
            (Some(_), false) => {
                "Unknown document: send it once with its `query`, signed in; from then on its id is enough."
            }
            (None, false) => "Unknown document: it is not in the manifest of this server.",
        };
        ErrorCode::DocumentNotFound.operation_error(message)
    }

    /// Refuses anonymous operations and introspection where the settings forbid them.
    fn check_settings(&self, document: &ExecutableDocument, request: &Request) -> Result<(), ServerError> {
        if self.operation_names && document.operations.iter().any(|(name, _)| name.is_none()) {
            let message = "This server runs named operations only: write `query Name { … }`.";
            return Err(ErrorCode::OperationNameRequired.operation_error(message));
        }
        let selected = || document::operation(document, request.operation_name.as_deref());
        let Some(operation) = (!self.introspection).then(selected).flatten() else { return Ok(()) };
        let mut is_introspection = false;
        document::visit_fields(document, &operation.selection_set.node, &mut Vec::new(), &mut |selected| {
            is_introspection |= matches!(selected.field.name.node.as_str(), "__schema" | "__type");
        });
        if operation.ty == OperationType::Query && is_introspection {
            let message = "Introspection is disabled: read `schema.graphql` of the version in use.";
            return Err(ErrorCode::IntrospectionDisabled.operation_error(message));
        }
        Ok(())
    }
}
