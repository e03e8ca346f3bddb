//! The executable schema, built once at start: roots, cost limit and the index of its fields.

use std::sync::Arc;

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder};

use super::operation::limits::cost::CostLimit;
use super::operation::limits::{MAX_NESTING, OperationLimits};
use super::schema::asset::Asset;
use super::schema::node::Node;
use super::schema::roots::{Mutation, Query};
use super::schema::subscription::Subscription;
use super::schema_index::SchemaIndex;
use crate::service::Service;

/// The executable schema over a service, with its index.
#[derive(Clone)]
pub struct ApiSchema {
    executable: Schema<Query, Mutation, Subscription>,
    index: Arc<SchemaIndex>,
    service: Service,
}

impl ApiSchema {
    /// Builds the schema. Without `introspection`, errors suggest no names of fields either, since those describe the schema too.
    pub fn new(service: Service, limits: OperationLimits, introspection: bool) -> Self {
        let builder = builder(limits).data(service.clone());
        let executable = if introspection { builder } else { builder.disable_suggestions() }.finish();
        let index = Arc::new(SchemaIndex::from_sdl(&executable.sdl()));
        Self { executable, index, service }
    }

    /// Returns the index of the schema's fields.
    pub fn index(&self) -> &SchemaIndex {
        &self.index
    }

    /// Returns the schema without its index, to execute requests.
    pub fn executable(&self) -> &Schema<Query, Mutation, Subscription> {
        &self.executable
    }

    /// Returns the service behind the schema.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }
}

/// Returns the published schema in the schema definition language (SDL).
pub fn sdl() -> String {
    builder(OperationLimits::default()).finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

fn builder(limits: OperationLimits) -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .register_output_type::<Node>()
        .register_output_type::<Asset>()
        // Fragments are levels too here; they were counted when the document was read.
        .limit_recursive_depth(MAX_NESTING)
        .extension(CostLimit { max: limits.complexity })
}
