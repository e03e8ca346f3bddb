//! Obstacles to an act in the request itself, independent of the policy.

use entity::{asset, credential, request};
use uuid::Uuid;

use super::permission::Permission;
use crate::access::Action;
use crate::language::Text;
use crate::procedure::{Procedure, Step};
use crate::say;
use crate::store::CredentialState;
use crate::workflow::{self, Act, Refusal, Stage, State, Status};

/// An obstacle in a request to an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It has ended.
    Ended,
    /// Another step is under way.
    Elsewhere(String),
    /// No outcome of the step under way is open.
    NothingOpen,
    /// It is for the submitter.
    NotTheSubmitter,
    /// No document waits there to be signed.
    NothingToSign,
    /// Something has been provisioned.
    Provisioned,
    /// It has no asset in service.
    NotInService,
    /// Its asset has no credential.
    NoCredential,
    /// The credential is for another person.
    NotTheRecipient,
    /// The credential was read.
    Read,
}

impl Obstacle {
    /// The message about another person.
    pub(super) fn sentence(&self) -> Text {
        match self {
            Self::Ended => "The request has ended.".into(),
            Self::Elsewhere(step) => say!("The request stands at step {step}.", step),
            Self::NothingOpen => "No outcome of the step is open: its document waits for its signature.".into(),
            Self::NotTheSubmitter => {
                "It is for whoever submitted the request, while they may submit for its agency.".into()
            }
            Self::NothingToSign => "No document waits there to be signed.".into(),
            Self::Provisioned => "Something has been provisioned for the request.".into(),
            Self::NotInService => "The request has no asset in service.".into(),
            Self::NoCredential => "There is no credential.".into(),
            Self::NotTheRecipient => "Another person is the credential's recipient.".into(),
            Self::Read => "The credential was read already.".into(),
        }
    }
}

/// A request, reduced to the asker's visibility.
pub(super) struct VisibleRequest<'a> {
    /// Its row.
    pub(super) row: &'a request::Model,
    /// Its submitter may still submit for its agency.
    pub(super) submitter_active: bool,
    /// The step machine's state of it.
    pub(super) state: &'a State,
    /// Its asset.
    pub(super) asset: Option<&'a asset::Model>,
    /// The asset's credential.
    pub(super) credential: Option<&'a credential::Model>,
}

impl VisibleRequest<'_> {
    /// Returns the obstacles to a person's act.
    pub(super) fn obstacles(
        &self,
        procedure: &Procedure,
        person: Uuid,
        permission: Permission,
        step: Option<&Step>,
    ) -> Vec<Obstacle> {
        let state = self.state;
        let when = |holds: bool, obstacle: Obstacle| holds.then_some(obstacle);
        let ended = || when(state.at.is_none(), Obstacle::Ended);
        let elsewhere = || {
            let here = state.at.as_ref().filter(|at| step.is_some_and(|step| step.key != at.step));
            here.map(|at| Obstacle::Elsewhere(at.step.clone()))
        };
        let others = || when(self.row.submitted_by != person && self.submitter_active, Obstacle::NotTheSubmitter);
        let in_service = self.asset.is_some_and(|asset| asset.status == Stage::Active.word());
        let inactive = || when(!in_service, Obstacle::NotInService);
        let over = || ended().filter(|_| !in_service);
        let unsecured = || when(in_service && self.credential.is_none(), Obstacle::NoCredential);
        let found = match permission {
            Permission::AtStep(Action::Execute) => {
                let is_first = step.is_some_and(|step| procedure.first_step().is_some_and(|it| it.key == step.key));
                let closed = state.status == Status::InProgress
                    && step.is_some_and(|step| !workflow::has_open_outcome(procedure, state, step));
                let closed = when(closed, Obstacle::NothingOpen);
                vec![ended(), elsewhere().or(closed), others().filter(|_| is_first)]
            }
            Permission::AtStep(Action::Sign) => {
                let nothing = when(workflow::signable(procedure, state).is_none(), Obstacle::NothingToSign);
                vec![ended().or_else(elsewhere).or(nothing)]
            }
            Permission::Whole(Action::Withdraw) => {
                let refused = workflow::decide(procedure, state, &Act::Withdraw).err().unwrap_or_default();
                let late = when(refused.contains(&Refusal::Provisioned), Obstacle::Provisioned);
                vec![ended(), late, others()]
            }
            Permission::Whole(Action::Reveal) => {
                let other = self.credential.is_some_and(|held| held.recipient_id != person);
                let read = self.credential.is_some_and(|held| held.state == CredentialState::Revealed.word());
                let (other, read) = (when(other, Obstacle::NotTheRecipient), when(read, Obstacle::Read));
                vec![over(), inactive(), unsecured(), other, read]
            }
            Permission::Whole(Action::Reissue) => vec![over(), inactive(), unsecured()],
            Permission::Whole(_) => vec![over(), inactive()],
            Permission::See | Permission::Read(_) | Permission::AtStep(_) => Vec::new(),
        };
        found.into_iter().flatten().collect()
    }
}
