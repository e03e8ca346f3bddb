//! `ClosedAction`: an act on a request open to the caller later, with the reasons why not now.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use uuid::Uuid;

use super::grant::{Role, role};
use super::procedure::{RecordKind, Step};
use super::request::Request;
use super::request::action::ActionKind;
use super::user::User;
use crate::graphql::context::session::{language, service};
use crate::graphql::error;
use crate::service::{self, ClosedReason};

/// Why something is not possible now.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ClosedReason")]
pub(crate) enum ClosedActionReason {
    /// The request has ended.
    Ended,
    /// You ended a step of this request, and the office's policy separates it from this: another person does it.
    SeparationOfDuties,
    /// The office's policy leaves this to a definitive official, and you stand in for one.
    ActingCapacity,
    /// It is for the submitter of the request, while they may submit for its agency.
    NotTheSubmitter,
    /// The credential is for another person.
    NotTheRecipient,
    /// The request was returned, and waits for its submitter.
    Returned,
    /// The request was not returned: there is nothing to complete.
    NotReturned,
    /// Another step is under way.
    NotItsTurn,
    /// A document waits for its signer: see `needs.signatures`.
    SignatureMissing,
    /// A record is not there yet: see `needs.records`.
    RecordMissing,
    /// The document was signed or refused: only a new draft can be decided on.
    AlreadySigned,
    /// Something was provisioned: it is too late to withdraw.
    Provisioned,
    /// No asset of the request is in service, not yet or no more.
    NotInService,
    /// The asset has no credential.
    NoCredential,
    /// The credential has been read: it is shown once.
    AlreadyRevealed,
}

/// The people or roles waited for.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct Awaited {
    /// The step; null where it is about none.
    step: Option<Step>,
    #[graphql(skip)]
    office: String,
    #[graphql(skip)]
    roles: Vec<String>,
    #[graphql(skip)]
    people: Vec<Uuid>,
}

impl Awaited {
    /// Translates the value of the service.
    pub(crate) fn from_service(
        context: &Context<'_>,
        row: &entity::request::Model,
        awaited: service::Awaited,
    ) -> Result<Self> {
        let entry = service(context)?.entry_of(row).map_err(error::from_refused)?;
        let step = awaited.step.as_ref().and_then(|key| Step::find(entry, key));
        let office = row.office.clone();
        Ok(Self { step, office, roles: awaited.roles, people: awaited.people })
    }
}

#[ComplexObject]
impl Awaited {
    /// The roles, one of them to act; empty where it is for certain people.
    async fn roles(&self, context: &Context<'_>) -> Result<Vec<Role>> {
        self.roles.iter().map(|key| role(context, &self.office, key)).collect()
    }

    /// The people, where it is for certain ones: a returned request's submitter, a credential's recipient.
    async fn people(&self, context: &Context<'_>) -> Result<Vec<User>> {
        let mut people = Vec::new();
        for id in &self.people {
            people.push(User::load(context, *id, Some(&self.office)).await?);
        }
        Ok(people)
    }
}

/// A document with a decision of a signer missing.
#[derive(SimpleObject)]
pub(crate) struct NeededSignature {
    /// The document's kind.
    document: RecordKind,
    /// The signers.
    roles: Vec<Role>,
}

/// Prerequisites of every outcome of the step. Empty for an agency.
#[derive(SimpleObject)]
pub(crate) struct ActionNeeds {
    /// Missing records.
    records: Vec<RecordKind>,
    /// Documents waiting for a decision, now or later.
    signatures: Vec<NeededSignature>,
}

/// An act open to you later, with the reasons why not now.
#[derive(SimpleObject)]
pub(crate) struct ClosedAction {
    /// The kind of act.
    kind: ActionKind,
    /// The step; null where it is about none.
    step: Option<Step>,
    /// The reasons: never empty, the weightiest first. Once none of them holds, it is one of `availableActions`.
    reasons: Vec<ClosedActionReason>,
    /// The first of the reasons, for people.
    message: String,
    /// The people or roles to act first, by the first of the reasons; null where waiting does not help.
    awaited: Option<Awaited>,
    /// Its prerequisites.
    needs: ActionNeeds,
}

impl ClosedAction {
    /// Translates the value of the service.
    pub(crate) fn from_service(context: &Context<'_>, request: &Request, closed: service::ClosedAct) -> Result<Self> {
        let entry = request.entry(context)?;
        let record = |key: &String| RecordKind::from_key(&entry.procedure, key);
        let mut signatures = Vec::new();
        for (document, keys) in &closed.needs.signatures {
            let roles: Result<Vec<Role>> = keys.iter().map(|key| role(context, &request.0.row.office, key)).collect();
            signatures.push(NeededSignature { document: record(document), roles: roles? });
        }
        Ok(Self {
            kind: closed.kind.into(),
            step: closed.step.as_ref().and_then(|key| Step::find(entry, key)),
            reasons: closed.reasons.into_iter().map(ClosedActionReason::from).collect(),
            message: closed.message.in_language(language(context)?),
            awaited: closed
                .awaited
                .map(|awaited| Awaited::from_service(context, &request.0.row, awaited))
                .transpose()?,
            needs: ActionNeeds { records: closed.needs.records.iter().map(record).collect(), signatures },
        })
    }
}
