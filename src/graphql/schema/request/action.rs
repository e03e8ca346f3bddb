//! `Action`: what the caller may do to a request now.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use entity::document;

use super::Request;
use crate::access::Performed;
use crate::graphql::context::loaders::PeopleOf;
use crate::graphql::context::session::{service, session};
use crate::graphql::error;
use crate::graphql::schema::asset::Asset;
use crate::graphql::schema::document::Document;
use crate::graphql::schema::grant::RoleGrant;
use crate::graphql::schema::procedure::{Outcome, Step};
use crate::graphql::schema::user::User;
use crate::service::AvailableActKind;

/// What may be done to a request or its asset.
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

/// What is decided on when it is asked what somebody may do to a request.
pub(crate) struct Basis {
    pub(crate) documents: Vec<document::Model>,
    pub(crate) asset: Option<entity::asset::Model>,
    pub(crate) credential: Option<entity::credential::Model>,
    pub(crate) performed: Option<Performed>,
}

impl Basis {
    pub(crate) fn held(&self) -> Option<(&entity::asset::Model, Option<&entity::credential::Model>)> {
        self.asset.as_ref().map(|asset| (asset, self.credential.as_ref()))
    }
}

/// Something that you may do now: its outcomes are accepted now.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct Action {
    /// What.
    pub(crate) kind: ActionKind,
    /// At which step; null where it is about none.
    pub(crate) step: Option<Step>,
    /// The outcomes that are open.
    #[graphql(complexity = "3 * child_complexity + 1")]
    pub(crate) outcomes: Vec<Outcome>,
    /// The document that it is about; null where it is about none.
    pub(crate) document: Option<Document>,
    /// The asset that it is about; null where it is about none.
    pub(crate) asset: Option<Asset>,
    /// Your grants that allow it: with several that differ, name one in `actingAs`.
    #[graphql(complexity = "2 * child_complexity + 1")]
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
    /// Who may be named for a credential; empty where nobody may.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn recipients(&self, context: &Context<'_>) -> Result<Vec<User>> {
        let of = &self.recipients;
        let row = of.request.row();
        let (service, policy) = (service(context)?, session(context)?.policy());
        let roles = service.recipient_roles(policy, row, of.kind, of.step.as_deref()).map_err(error::of)?;
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let key = PeopleOf { agency: row.agency_id, office: row.office.clone(), roles };
        let people = session(context)?.loader().load_one(key).await.map_err(error::load)?;
        Ok(people.unwrap_or_default().into_iter().map(|person| User::met(person, Some(&row.office))).collect())
    }
}
