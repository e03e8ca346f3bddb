//! The schema, thin: translate, call the service, translate back. No business rule, no SQL.

mod error;
mod id;
mod loaders;
mod mutation;
mod node;
mod query;
mod session;
mod types;

use async_graphql::{EmptySubscription, Schema};

pub use session::Session;

use crate::service::Service;

/// The schema.
pub type ApiSchema = Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// The limits that every operation keeps.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How deep selections may nest.
    pub depth: usize,
    /// How many fields an operation may select.
    pub complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, complexity: 2_000 }
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

fn builder(limits: Limits) -> async_graphql::SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription> {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
        .register_output_type::<types::Node>()
        .register_output_type::<types::Asset>()
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_directives(32)
}
