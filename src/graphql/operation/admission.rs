//! Admission of operations: limits, persisted documents, and the settings for operation names and introspection.

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError, Value};

use super::admitted::{COST, Operation, ReportedCost};
use super::compile::Compiler;
use super::compile::document::CompiledDocument;
use super::limits::Limit;
use super::persisted_documents::{PersistedDocuments, digest_of};
use super::registration::PendingRegistration;
use crate::graphql::error;
use crate::graphql::error_code::{self, ErrorCode, with_codes};
use crate::service::{RegisteredDocuments, document_digest, is_document_digest};

/// Request extension that carries the document's id; `documentId` of the body is moved there.
pub const DOCUMENT_ID: &str = "documentId";

/// Request extension of automatic persisted queries (APQ), sent by Apollo Client and urql. Both expect APQ's own error messages.
pub const PERSISTED_QUERY: &str = "persistedQuery";

/// Admission rules for operations.
#[derive(Debug, Clone)]
pub struct AdmissionRules {
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
            documents: PersistedDocuments::default(),
            documents_only: false,
            registered: None,
            operation_names: false,
            introspection: true,
        }
    }
}

impl AdmissionRules {
    /// Compiles and admits an operation. The error is the complete response.
    pub async fn admit(&self, request: Request, compiler: &Compiler) -> Result<Operation, Box<Response>> {
        let refused = |errors| Box::new(with_codes(Response::from_errors(errors)));
        let one = |error| refused(vec![error]);
        let digest = self.digest(&request).map_err(one)?;
        let registration = self.pending_registration(digest.as_deref(), &request);
        let document = self.document(digest, &request, compiler).await.map_err(refused)?;
        self.check_names(&document).map_err(one)?;
        let name = request.operation_name.as_deref();
        let runnable = compiler.operation(&document, name, &request.variables).map_err(refused)?;
        if !self.introspection && runnable.compiled.selects_introspection() {
            let message = "Introspection is disabled: read `schema.graphql` of the version in use.";
            return Err(one(ErrorCode::IntrospectionDisabled.operation_error(message)));
        }
        let (max, cost) = (compiler.limits().complexity, runnable.compiled.cost(&runnable.variables));
        let is_asked = request.extensions.get(COST) == Some(&Value::Boolean(true));
        let reported_cost = is_asked.then(|| ReportedCost { cost, max, depth: runnable.compiled.depth() });
        if let Err(error) = Limit::Cost.check(max, cost) {
            let mut response = one(error);
            response.extensions.extend(reported_cost.map(ReportedCost::extension));
            return Err(response);
        }
        Ok(Operation { runnable, reported_cost, registration, requested_language: None })
    }

    /// Returns the compiled document of a request.
    async fn document(
        &self,
        digest: Option<String>,
        request: &Request,
        compiler: &Compiler,
    ) -> Result<Arc<CompiledDocument>, Vec<ServerError>> {
        let Some(digest) = digest else { return compiler.document(&request.query) };
        if let Some(document) = self.documents.find(&digest) {
            return Ok(document.clone());
        }
        if !request.query.is_empty() && !self.documents_only {
            return compiler.document(&request.query);
        }
        let registered = match &self.registered {
            Some(registered) => registered
                .find(&digest)
                .await
                .map_err(|refused| vec![error_code::without_location(error::from_refused(refused))])?,
            None => None,
        };
        compiler.document(&registered.ok_or_else(|| vec![self.not_found(&digest, request)])?)
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

    /// Refuses anonymous operations where the settings forbid them.
    fn check_names(&self, document: &CompiledDocument) -> Result<(), ServerError> {
        if self.operation_names && document.executable().operations.anonymous.is_some() {
            let message = "This server runs named operations only: write `query Name { … }`.";
            return Err(ErrorCode::OperationNameRequired.operation_error(message));
        }
        Ok(())
    }
}
