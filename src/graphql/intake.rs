//! What operations are taken: within the limits, and, where the server is told so, known by their ids, named, and about data alone.

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response, ServerError, Value};

use super::documents::{self, Documents};
use super::limits::Limits;
use super::{Code, Operation, coded, document};

/// The request's extension that holds the id of its document: what is sent as `documentId` is put there.
pub const DOCUMENT_ID: &str = "documentId";

/// What operations are taken.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The limits that every operation keeps.
    pub limits: Limits,
    /// The documents that are known by their ids.
    pub documents: Documents,
    /// Nothing else is run.
    pub documents_only: bool,
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
            operation_names: false,
            introspection: true,
        }
    }
}

impl Intake {
    /// Reads an operation. The error is the whole answer.
    pub fn read(&self, mut request: Request) -> Result<Operation, Box<Response>> {
        match self.document(&mut request) {
            Ok(document) => Ok(Operation { document, request, wanted: None }),
            Err(error) => Err(Box::new(coded(Response::from_errors(vec![error])))),
        }
    }

    fn document(&self, request: &mut Request) -> Result<ExecutableDocument, ServerError> {
        let document = match self.known(request)? {
            Some(document) => document,
            None => document::read(&request.query, &self.limits)?,
        };
        self.permit(&document, request)?;
        document::has_variables(&document, request)?;
        document::leave_out(&document, request);
        Ok(document)
    }

    /// The document of an id; none when the text itself is to be read.
    fn known(&self, request: &mut Request) -> Result<Option<ExecutableDocument>, ServerError> {
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
        if !request.query.is_empty() && !documents::is_of(id, &request.query) {
            let message = "`query` is not the document of this `documentId`: send either of them, or both as they belong together.";
            return Err(Code::InvalidOperation.whole(message));
        }
        match self.documents.find(id) {
            Some(known) => {
                request.query = known.text.to_string();
                Ok(Some((*known.document).clone()))
            }
            None if request.query.is_empty() || self.documents_only => {
                let message =
                    "No document of this id is known here: is it in the manifest that this server was started with?";
                Err(Code::DocumentNotFound.whole(message))
            }
            None => Ok(None),
        }
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
