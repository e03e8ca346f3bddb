//! The schema, thin: translate, call the service, translate back. No business rule, no SQL.

mod complete;
mod document;
mod error;
mod id;
mod loaders;
mod mutation;
mod nesting;
mod node;
mod prefetch;
mod query;
mod session;
mod types;

use std::sync::LazyLock;

use async_graphql::{EmptySubscription, Request, Response, Schema};

use complete::Shapes;
pub use session::Session;

use crate::service::Service;

/// The schema.
pub type ApiSchema = Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// The limits that every operation keeps.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How deep selections may nest.
    pub depth: usize,
    /// How much an operation may cost: a field is 1, and what a list or page selects counts as often as it may have entries.
    pub complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, complexity: 50_000 }
    }
}

/// The schema over a service.
pub fn schema(service: Service, limits: Limits) -> ApiSchema {
    builder(limits).data(service).finish()
}

/// The published schema's text.
pub fn sdl() -> String {
    builder(Limits::default()).finish().sdl()
}

/// Runs an operation for its session. Every error has a code, and every field that failed is null.
pub async fn execute(schema: &ApiSchema, operation: Request, session: Session) -> Response {
    let document = match document::parse(&operation.query) {
        Ok(document) => document,
        Err(error) => return coded(Response::from_errors(vec![error])),
    };
    let name = operation.operation_name.clone();
    let mut operation = operation.data(session);
    operation.set_parsed_query(document.clone());
    let mut response = schema.execute(operation).await;
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::of(&sdl()));
    complete::complete(&SHAPES, &document, name.as_deref(), &mut response);
    coded(response)
}

/// The answer with a code on every error: those of the library have none.
fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        // Before anything ran there is no path: the operation cannot be understood, or is not in the schema.
        let code = if error.path.is_empty() { "INVALID_OPERATION" } else { "INVALID_INPUT" };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code);
        }
    }
    response
}

fn builder(limits: Limits) -> async_graphql::SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription> {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
        .register_output_type::<types::Node>()
        .register_output_type::<types::Asset>()
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_directives(32)
}
