//! The roots of the schema, `Query` and `Mutation`. The order of the merged objects is the order of fields in `schema.graphql`.

use async_graphql::MergedObject;

use super::account::AccountMutation;
use super::api_key::ApiKeyMutation;
use super::asset::mutation::AssetMutation;
use super::asset::query::AssetQuery;
use super::disposition::{DispositionMutation, DispositionQuery};
use super::document::DocumentMutation;
use super::node::NodeQuery;
use super::office::OfficeQuery;
use super::office_people::PeopleMutation;
use super::policy_explanation::PolicyQuery;
use super::procedure::ProcedureQuery;
use super::request::mutation::{RequestMutation, WithdrawalMutation};
use super::request::query::RequestQuery;
use super::totp::TotpMutation;
use super::viewer::ViewerQuery;

/// All queries.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
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
pub(crate) struct Mutation(
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
