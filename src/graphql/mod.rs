//! The schema, thin: translate, call the service, translate back. No business rule, no SQL.

mod account;
mod api_key;
mod code;
mod complete;
mod document;
mod documents;
mod error;
mod explain;
mod follow;
mod id;
mod intake;
mod limits;
mod loaders;
mod mutation;
mod node;
mod opened;
mod people;
mod prefetch;
mod query;
mod request_id;
mod session;
mod shape;
mod subscription;
mod totp;
mod types;
mod unknown;

use std::sync::LazyLock;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{MergedObject, Request, Response, SDLExportOptions, Schema, Value};

pub use code::{Code, Details};
use complete::Shapes;
pub use documents::Documents;
pub use follow::{Ended, Told, follow};
pub use intake::{DOCUMENT_ID, Intake, PERSISTED_QUERY};
pub use limits::Limits;
pub use request_id::RequestId;
pub use session::{Asked, Session};
pub use shape::Followed;

use crate::language::Language;
use crate::service::Service;

/// What can be asked.
#[derive(MergedObject, Default)]
pub struct Query(query::RequestQuery, explain::PolicyQuery);

/// What can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(
    account::AccountMutation,
    api_key::ApiKeyMutation,
    totp::TotpMutation,
    mutation::RequestMutation,
    people::PeopleMutation,
);

/// The schema.
pub type ApiSchema = Schema<Query, Mutation, subscription::Following>;

/// The schema over a service. Where it is not described, slips are not told what may have been meant: that would describe it too.
pub fn schema(service: Service, limits: Limits, introspection: bool) -> ApiSchema {
    let builder = builder(limits).data(service);
    if introspection { builder } else { builder.disable_suggestions() }.finish()
}

/// The published schema's text.
pub fn sdl() -> String {
    builder(Limits::default()).finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// An operation that was read, and is within the bounds of what is looked at further.
#[derive(Debug)]
pub struct Operation {
    document: ExecutableDocument,
    request: Request,
    /// Its document is new, and may be run by its digest from then on.
    registers: Option<intake::Registers>,
    /// The language that it wants to be answered in.
    wanted: Option<Language>,
}

impl Operation {
    /// Answered in that language, where whoever sends it has chosen none for themselves.
    pub fn wanting(self, wanted: Option<Language>) -> Self {
        Self { wanted, ..self }
    }

    /// The same, to be run and not registered.
    pub fn unregistered(self) -> Self {
        Self { registers: None, ..self }
    }

    /// The language that it wants to be answered in.
    pub fn wanted(&self) -> Option<Language> {
        self.wanted
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.request.query
    }

    /// Whether it is a subscription: something to [`follow`].
    pub fn is_subscription(&self) -> bool {
        self.is(OperationType::Subscription)
    }

    /// Whether it only reads.
    pub fn is_query(&self) -> bool {
        self.is(OperationType::Query)
    }

    /// Whether it changes something.
    pub fn is_mutation(&self) -> bool {
        self.is(OperationType::Mutation)
    }

    /// What runs it: anew each time.
    fn request(&self) -> Request {
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

/// The types of the schema.
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::of(&sdl()));

/// Runs a query or a mutation for its session. Every error has a code, and every field that failed is null.
pub async fn execute(schema: &ApiSchema, operation: Operation, session: Session) -> Response {
    let Operation { document, request, registers, wanted } = operation;
    let session = session.wanting(wanted);
    let language = session.language();
    let registers = registers.filter(|_| session.pass().is_some());
    if let Err(error) = opened::judge(&SHAPES, &document, session.pass()) {
        return told(coded(Response::from_errors(vec![error])), language);
    }
    let name = request.operation_name.clone();
    let text = registers.is_some().then(|| request.query.clone());
    let mut request = request.data(session);
    request.set_parsed_query(document.clone());
    let response = schema.execute(request).await;
    if let (Some(registers), Some(text)) = (registers, text)
        && has_run(&response)
    {
        registers.register(&text, &document);
    }
    finish(&document, name.as_deref(), response, language)
}

/// Whether an operation ran: if it did not, it was refused as a whole, and no error says where in it that was.
pub fn has_run(response: &Response) -> bool {
    response.data != Value::Null
        || response.errors.is_empty()
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// The answer to an operation as the specification wants it.
fn finish(
    document: &ExecutableDocument,
    name: Option<&str>,
    mut response: Response,
    language: Option<Language>,
) -> Response {
    complete::complete(&SHAPES, document, name, &mut response);
    told(coded(response), language)
}

/// The answer with its errors in a language.
pub fn told(mut response: Response, language: Option<Language>) -> Response {
    response.errors.iter_mut().for_each(|error| error::tell(error, language));
    response
}

/// So many errors are told of an operation that never ran, each in so many bytes: they say again what was sent.
const TOLD: (usize, usize) = (20, 1_000);

/// The answer with a code on every error: those of the library have none.
fn coded(mut response: Response) -> Response {
    if response.errors.iter().all(|error| error.path.is_empty()) {
        response.errors.truncate(TOLD.0);
        for error in &mut response.errors {
            let end = error.message.floor_char_boundary(TOLD.1);
            if end < error.message.len() {
                error.message.replace_range(end.., "…");
            }
        }
    }
    for error in &mut response.errors {
        // Before anything ran there is no path: the operation cannot be understood, or is not in the schema.
        let code = if error.path.is_empty() { Code::InvalidOperation } else { Code::InvalidInput };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code.word());
        }
    }
    response
}

fn builder(limits: Limits) -> async_graphql::SchemaBuilder<Query, Mutation, subscription::Following> {
    Schema::build(Query::default(), Mutation::default(), subscription::Following)
        .register_output_type::<types::Node>()
        .register_output_type::<types::Asset>()
        // Fragments are levels too here; they were counted when the document was read.
        .limit_recursive_depth(limits::DEEPEST)
        .extension(limits::Cost { max: limits.complexity })
}
