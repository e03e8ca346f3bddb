//! `Action`: an act open to the caller on a request now.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use entity::document;

use super::Request;
use crate::access::Performed;
use crate::graphql::context::loaders::AgencyPeople;
use crate::graphql::context::session::{load, service, session};
use crate::graphql::error;
use crate::graphql::schema::asset::Asset;
use crate::graphql::schema::document::Document;
use crate::graphql::schema::grant::RoleGrant;
use crate::graphql::schema::procedure::{Outcome, Step};
use crate::graphql::schema::user::User;
use crate::service::AvailableActKind;

/// The kind of an act on a request or its asset.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "AvailableActKind")]
pub(crate) enum ActionKind {
    /// `executeStep`.
    ExecuteStep,
    /// `resubmitRequest`.
    Resubmit,
    /// `signDocument`.
    SignDocument,
    /// `withdrawRequest`.
    Withdraw,
    /// `revealCredential`.
    RevealCredential,
    /// `reissueCredential`.
    ReissueCredential,
    /// `revokeAsset`.
    RevokeAsset,
}

/// The rows behind the decision on available and closed actions.
pub(crate) struct DecisionInputs {
    pub(crate) documents: Vec<document::Model>,
    pub(crate) asset: Option<entity::asset::Model>,
    pub(crate) credential: Option<entity::credential::Model>,
    pub(crate) performed: Option<Performed>,
}

impl DecisionInputs {
    pub(crate) fn asset_and_credential(&self) -> Option<(&entity::asset::Model, Option<&entity::credential::Model>)> {
        self.asset.as_ref().map(|asset| (asset, self.credential.as_ref()))
    }
}

/// An act open to you now: its outcomes are accepted now.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct Action {
    /// The kind of act.
    pub(crate) kind: ActionKind,
    /// The step; null where it is about none.
    pub(crate) step: Option<Step>,
    /// The open outcomes.
    pub(crate) outcomes: Vec<Outcome>,
    /// The document it is about; null where it is about none.
    pub(crate) document: Option<Document>,
    /// The asset it is about; null where it is about none.
    pub(crate) asset: Option<Asset>,
    /// Your grants for it: where several differ, name one in `actingAs`.
    pub(crate) acting_as: Vec<RoleGrant>,
    #[graphql(skip)]
    pub(crate) recipients: Recipients,
}

pub(crate) struct Recipients {
    pub(crate) request: Request,
    pub(crate) kind: AvailableActKind,
    pub(crate) step: Option<String>,
}

#[ComplexObject]
impl Action {
    /// The possible recipients of a credential; empty where there are none.
    async fn recipients(&self, context: &Context<'_>) -> Result<Vec<User>> {
        let of = &self.recipients;
        let row = of.request.row();
        let (service, policy) = (service(context)?, session(context)?.policy());
        let roles = service.recipient_roles(policy, row, of.kind, of.step.as_deref()).map_err(error::from_refused)?;
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let key = AgencyPeople { agency: row.agency_id, office: row.office.clone(), roles };
        let people = load(context, key).await?.unwrap_or_default();
        Ok(people.into_iter().map(|person| User::new(person, Some(&row.office))).collect())
    }
}
