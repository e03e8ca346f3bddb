//! Obstacles to an act in the request itself, independent of the policy.

use entity::{asset, credential, request};
use uuid::Uuid;

use super::Permission;
use crate::access::Action;
use crate::language::Text;
use crate::procedure::{Procedure, Step};
use crate::say;
use crate::store::CredentialState;
use crate::workflow::{self, Act, Opening, Refusal, Stage, State, Status};

/// Something in a request that stands in the way of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It has ended.
    Ended,
    /// Another step is under way.
    Elsewhere(String),
    /// No outcome of the step under way is open.
    NothingOpen,
    /// It is for whoever submitted the request.
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
    /// As it is told of somebody else.
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

/// A request, as far as whoever asks may know it.
pub(super) struct Known<'a> {
    /// Its row.
    pub(super) row: &'a request::Model,
    /// Its submitter may submit it for its agency now.
    pub(super) submitter_active: bool,
    /// The step machine's state of it.
    pub(super) state: &'a State,
    /// What was provisioned.
    pub(super) asset: Option<&'a asset::Model>,
    /// The secret part of that.
    pub(super) credential: Option<&'a credential::Model>,
}

impl Known<'_> {
    /// What stands in the way of an act that a person asks about.
    pub(super) fn in_the_way(
        &self,
        procedure: &Procedure,
        person: Uuid,
        asked: Permission,
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
        let found = match asked {
            Permission::AtStep(Action::Execute) => {
                let is_first = step.is_some_and(|step| procedure.first_step().is_some_and(|it| it.key == step.key));
                let closed =
                    state.status == Status::InProgress && step.is_some_and(|step| !is_open(procedure, state, step));
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

/// Whether an act of some outcome is accepted at a step that is under way.
fn is_open(procedure: &Procedure, state: &State, step: &Step) -> bool {
    step.outcomes.iter().any(|outcome| workflow::opening(procedure, state, step, outcome) == Opening::Open)
}
