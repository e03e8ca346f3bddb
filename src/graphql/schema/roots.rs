//! The roots of the schema: `Query`, `Mutation` and `Subscription`. The order of the merged objects is the order of fields in `schema.graphql`.

use async_graphql::{MergedObject, SDLExportOptions, Schema};

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
use super::subscription::Following;
use super::totp::TotpMutation;
use super::viewer::ViewerQuery;
use crate::graphql::operation::limits::{self, Limits};
use crate::service::Service;

/// What can be asked.
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

/// What can be done.
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

/// The schema.
pub type ApiSchema = Schema<Query, Mutation, Following>;

/// The schema over a service. Where it is not described, slips are not told what may have been meant: that would describe it too.
pub fn schema(service: Service, limits: Limits, introspection: bool) -> ApiSchema {
    let builder = builder(limits).data(service);
    if introspection { builder } else { builder.disable_suggestions() }.finish()
}

/// The published schema's text.
pub fn sdl() -> String {
    builder(Limits::default()).finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

fn builder(limits: Limits) -> async_graphql::SchemaBuilder<Query, Mutation, Following> {
    Schema::build(Query::default(), Mutation::default(), Following)
        .register_output_type::<Node>()
        .register_output_type::<Asset>()
        // Fragments are levels too here; they were counted when the document was read.
        .limit_recursive_depth(limits::DEEPEST)
        .extension(limits::Cost { max: limits.complexity })
}
