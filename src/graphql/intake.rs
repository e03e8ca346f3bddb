//! What operations are taken: within the limits, and, where the server is told so, known by their ids, named, and about data alone.

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response, ServerError, Value};

use super::documents::{self, Documents};
use super::limits::Limits;
use super::registry::Registry;
use super::{Code, Operation, coded, document};
use crate::service::Pass;

/// The request's extension that holds the id of its document: what is sent as `documentId` is put there.
pub const DOCUMENT_ID: &str = "documentId";

/// The extension by which Apollo Client and urql send ids (automatic persisted queries): they wait for words of their own.
pub const PERSISTED_QUERY: &str = "persistedQuery";

/// What operations are taken.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The limits that every operation keeps.
    pub limits: Limits,
    /// The documents that are known by their ids.
    pub documents: Documents,
    /// Nothing else is run.
    pub documents_only: bool,
    /// The documents that clients registered, where they may.
    pub registry: Option<Registry>,
    /// Every operation must have a name.
    pub operation_names: bool,
    /// The schema may be asked for.
    pub introspection: bool,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            documents: Documents::default(),
            documents_only: false,
            registry: None,
            operation_names: false,
            introspection: true,
        }
    }
}

impl Intake {
    /// Reads an operation that somebody sent, or nobody. The error is the whole answer.
    pub async fn read(&self, mut request: Request, pass: Option<Pass>) -> Result<Operation, Box<Response>> {
        match self.document(&mut request, pass).await {
            Ok(document) => Ok(Operation { document, request, wanted: None }),
            Err(error) => Err(Box::new(coded(Response::from_errors(vec![error])))),
        }
    }

    async fn document(&self, request: &mut Request, pass: Option<Pass>) -> Result<ExecutableDocument, ServerError> {
        let digest = self.digest(request)?;
        let is_sent = !request.query.is_empty();
        let document = match &digest {
            Some(digest) => self.known(digest, request).await?,
            None => None,
        };
        let document = match document {
            Some(document) => document,
            None => document::read(&request.query, &self.limits)?,
        };
        self.permit(&document, request)?;
        if let (true, Some(registry), Some(digest), Some(pass)) = (is_sent, &self.registry, &digest, pass)
            && self.documents.find(digest).is_none()
        {
            registry.register(digest, &request.query, &document, (pass, &self.limits)).await;
        }
        document::has_variables(&document, request)?;
        document::leave_out(&document, request);
        Ok(document)
    }

    /// The digest of the document that is meant; none when nothing but a text was sent.
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
        if !request.query.is_empty() && documents::digest(&request.query) != digest {
            let message = "`query` is not the document of this `documentId`: send either of them, or both as they belong together.";
            return Err(Code::InvalidOperation.whole(message));
        }
        Ok(Some(digest))
    }

    /// The document of a digest, where it is read already; none when the request's text is to be read.
    async fn known(&self, digest: &str, request: &mut Request) -> Result<Option<ExecutableDocument>, ServerError> {
        if let Some(known) = self.documents.find(digest) {
            request.query = known.text.to_string();
            return Ok(Some((*known.document).clone()));
        }
        if !request.query.is_empty() && !self.documents_only {
            return Ok(None);
        }
        let registered = match &self.registry {
            Some(registry) => registry.find(digest).await?,
            None => None,
        };
        request.query = registered.ok_or_else(|| self.not_found(request))?;
        Ok(None)
    }

    /// That there is no document of the id that was sent, in the words that its sender acts on.
    fn not_found(&self, request: &Request) -> ServerError {
        let asks_by_apollo = request.extensions.contains_key(PERSISTED_QUERY) && !self.documents_only;
        let message = match (&self.registry, asks_by_apollo) {
            (Some(_), true) => "PersistedQueryNotFound",
            (None, true) => "PersistedQueryNotSupported",
            (Some(_), false) => {
                "No document of this id is known here: send it once with its `query`, signed in, and its id will do from then on."
            }
            (None, false) => {
                "No document of this id is known here: is it in the manifest that this server was started with?"
            }
        };
        Code::DocumentNotFound.whole(message)
    }

    /// Whether an operation is such as this server takes.
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
