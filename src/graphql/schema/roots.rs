//! The roots of the schema: `Query`, `Mutation` and `Subscription`. The order of the merged objects is the order of fields in `schema.graphql`.

use std::sync::Arc;

use async_graphql::{MergedObject, SDLExportOptions, Schema, SchemaBuilder};

use super::account::AccountMutation;
use super::api_key::ApiKeyMutation;
use super::asset::{Asset, AssetMutation, AssetQuery};
use super::disposition::{DispositionMutation, DispositionQuery};
use super::document::DocumentMutation;
use super::node::{Node, NodeQuery};
use super::office::OfficeQuery;
use super::office_people::PeopleMutation;
use super::policy_explanation::PolicyQuery;
use super::procedure::ProcedureQuery;
use super::request::mutation::{RequestMutation, WithdrawalMutation};
use super::request::query::RequestQuery;
use super::subscription::Subscription;
use super::totp::TotpMutation;
use super::viewer::ViewerQuery;
use crate::graphql::operation::limits::cost::Cost;
use crate::graphql::operation::limits::{DEEPEST, Limits};
use crate::graphql::schema_index::SchemaIndex;
use crate::service::Service;

/// All queries.
#[derive(MergedObject, Default)]
pub struct Query(
    ViewerQuery,
    NodeQuery,
    OfficeQuery,
    ProcedureQuery,
    RequestQuery,
    DispositionQuery,
    AssetQuery,
    PolicyQuery,
);

/// All mutations.
#[derive(MergedObject, Default)]
pub struct Mutation(
    AccountMutation,
    ApiKeyMutation,
    TotpMutation,
    RequestMutation,
    DocumentMutation,
    WithdrawalMutation,
    DispositionMutation,
    AssetMutation,
    PeopleMutation,
);

/// The executable schema over a service, with its index.
#[derive(Clone)]
pub struct ApiSchema {
    executable: Schema<Query, Mutation, Subscription>,
    index: Arc<SchemaIndex>,
    service: Service,
}

impl ApiSchema {
    /// Builds the schema. Without `introspection`, errors suggest no names of fields either, since those describe the schema too.
    pub fn new(service: Service, limits: Limits, introspection: bool) -> Self {
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
    builder(Limits::default()).finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

fn builder(limits: Limits) -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .register_output_type::<Node>()
        .register_output_type::<Asset>()
        // Fragments are levels too here; they were counted when the document was read.
        .limit_recursive_depth(DEEPEST)
        .extension(Cost { max: limits.complexity })
}
