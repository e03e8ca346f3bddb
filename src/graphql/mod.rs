//! The schema, thin: translate, call the service, translate back. No business rule, no SQL.

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

use async_graphql::{EmptySubscription, Request, Response, Schema, ServerError};

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

/// Runs an operation for its session. Every error has a code.
pub async fn execute(schema: &ApiSchema, operation: Request, session: Session) -> Response {
    if nesting::is_too_deep(&operation.query) {
        let message = format!("Brackets nest more than {} deep.", nesting::DEEPEST);
        return coded(Response::from_errors(vec![ServerError::new(message, None)]));
    }
    coded(schema.execute(operation.data(session)).await)
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
