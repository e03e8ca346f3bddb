//! The executable schema, built once at start: roots, and the compiler of operations.

use std::sync::Arc;

use async_graphql::{
    InputType, InputValueResult, Pos, SDLExportOptions, ScalarType, Schema, SchemaBuilder, ValidationMode,
};

use super::operation::compile::Compiler;
use super::operation::compile::target::ScalarChecks;
use super::operation::limits::{MAX_NESTING, OperationLimits};
use super::schema::asset::Asset;
use super::schema::node::Node;
use super::schema::roots::{Mutation, Query};
use super::schema::scalars::date::Date;
use super::schema::scalars::date_time::DateTime;
use super::schema::subscription::Subscription;
use crate::service::Service;

/// Checks of the schema's own scalars.
pub(super) const SCALARS: ScalarChecks = &[
    ("Date", |value| advice(<Date as ScalarType>::parse(value.clone()))),
    ("DateTime", |value| advice(<DateTime as ScalarType>::parse(value.clone()))),
];

/// Returns the advice of a scalar about a wrong value.
fn advice<T: InputType>(parsed: InputValueResult<T>) -> Option<String> {
    let message = parsed.err()?.into_server_error(Pos::default()).message;
    // The library puts the scalar's name first. Of a value of another kind it repeats the value, which may be a secret.
    let advice = message.strip_prefix("Failed to parse").and_then(|rest| rest.split_once(": "));
    Some(advice.map_or_else(|| "write it as a text".to_owned(), |(_, advice)| advice.to_owned()))
}

/// The executable schema over a service, with its compiler.
#[derive(Clone)]
pub struct ApiSchema {
    executable: Schema<Query, Mutation, Subscription>,
    compiler: Arc<Compiler>,
    service: Service,
}

impl ApiSchema {
    /// Builds the schema. Without `introspection`, errors suggest no names of fields either, since those describe the schema too.
    /// `memory`: maximum size in bytes of remembered documents.
    ///
    /// # Errors
    ///
    /// The published schema is invalid: a fault of the program.
    pub fn new(service: Service, limits: OperationLimits, introspection: bool, memory: usize) -> Result<Self, String> {
        let executable = builder().data(service.clone()).finish();
        let compiler = Arc::new(Compiler::new(&sdl_of(&executable), SCALARS, limits, introspection, memory)?);
        Ok(Self { executable, compiler, service })
    }

    /// Returns the compiler of operations.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// Returns the schema without its compiler, to execute requests.
    pub(crate) fn executable(&self) -> &Schema<Query, Mutation, Subscription> {
        &self.executable
    }

    /// Returns the service behind the schema.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }
}

/// Returns the published schema in the schema definition language (SDL).
pub fn sdl() -> String {
    sdl_of(&builder().finish())
}

fn sdl_of(schema: &Schema<Query, Mutation, Subscription>) -> String {
    schema.sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// Returns the published schema for tests of its tables.
#[cfg(test)]
pub(super) fn target_schema() -> super::operation::compile::target::TargetSchema {
    super::operation::compile::target::TargetSchema::read(&sdl(), SCALARS).unwrap()
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .register_output_type::<Node>()
        .register_output_type::<Asset>()
        // Operations arrive validated and within the limits.
        .validation_mode(ValidationMode::Fast)
        .limit_recursive_depth(MAX_NESTING)
}
