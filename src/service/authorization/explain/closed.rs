//! Closed actions: a caller's later actions on a request with the reasons against them now, within the caller's visibility.

use std::collections::BTreeSet;

use entity::{asset, credential};
use uuid::Uuid;

use super::obstacles::{Obstacle, VisibleRequest};
use super::permission::Permission;
use crate::access::{Action, Condition, Performed, Seen, Side};
use crate::language::Text;
use crate::policy::{GrantDecision, Object, Policy};
use crate::procedure::{Procedure, Step};
use crate::service::AvailableActKind;
use crate::service::{AvailableAct, CallerWithPolicy, Service, ServiceResult};
use crate::store::SeenRequest;
use crate::workflow::reach::UpcomingWait;
use crate::workflow::{self, Refusal, State, Status};

/// An action open to the caller later, and closed now.
#[derive(Debug, Clone)]
pub struct ClosedAct {
    /// The kind.
    pub kind: AvailableActKind,
    /// The step it is done at.
    pub step: Option<String>,
    /// The reasons, the weightiest first; at least one.
    pub reasons: Vec<ClosedReason>,
    /// The first of them, for people.
    pub message: Text,
    /// The people or roles waited for; none for a final reason.
    pub awaited: Option<Awaited>,
    /// Missing prerequisites.
    pub needs: Prerequisites,
}

/// A reason against an action now, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the published schema describes each, once")]
pub enum ClosedReason {
    Ended,
    SeparationOfDuties,
    ActingCapacity,
    NotTheSubmitter,
    NotTheRecipient,
    Returned,
    NotReturned,
    NotItsTurn,
    SignatureMissing,
    RecordMissing,
    AlreadySigned,
    Provisioned,
    NotInService,
    NoCredential,
    AlreadyRevealed,
}

/// The people or roles waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awaited {
    /// The step; none for an action on the request as a whole.
    pub step: Option<String>,
    /// The roles, any of them.
    pub roles: Vec<String>,
    /// The people, if it is for certain ones.
    pub people: Vec<Uuid>,
}

/// The prerequisites of an act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prerequisites {
    /// Records, by key.
    pub records: Vec<String>,
    /// Documents awaiting a signer's decision, each with its signers' roles.
    pub signatures: Vec<(String, Vec<String>)>,
}

impl ClosedReason {
    /// The message for people.
    fn sentence(self) -> &'static str {
        match self {
            Self::Ended => "The request has ended.",
            Self::SeparationOfDuties => {
                "You ended another step of this request yourself: the office's policy leaves this to another person."
            }
            Self::ActingCapacity => "The office's policy leaves this to a definitive official.",
            Self::NotTheSubmitter => "This is for whoever submitted the request.",
            Self::NotTheRecipient => "The credential is for another person.",
            Self::Returned => "The request was returned, and waits for its submitter to complete it.",
            Self::NotReturned => "The request was not returned to its submitter.",
            Self::NotItsTurn => "Another step is under way.",
            Self::SignatureMissing => "A document waits for its signer.",
            Self::RecordMissing => "A record that this needs is not there yet.",
            Self::AlreadySigned => "The document was decided on: a new draft needs a new decision.",
            Self::Provisioned => "Something was provisioned: the request can no longer be withdrawn.",
            Self::NotInService => "Nothing that was provisioned for this request is in service.",
            Self::NoCredential => "The asset has no credential.",
            Self::AlreadyRevealed => "The credential was read. If it was lost, it can be reissued.",
        }
    }
}

/// The actions on a request as a whole.
const WHOLE: [AvailableActKind; 4] = [
    AvailableActKind::Withdraw,
    AvailableActKind::RevealCredential,
    AvailableActKind::ReissueCredential,
    AvailableActKind::RevokeAsset,
];

/// The closed actions of one caller on one request.
struct ClosedActs<'a> {
    caller: &'a CallerWithPolicy,
    seen: &'a Seen<SeenRequest>,
    procedure: &'a Procedure,
    visible: VisibleRequest<'a>,
    performed: Option<&'a Performed>,
}

impl Service {
    /// Closed actions of a caller on a request. `available`: the open ones; `held` and `performed`: as for
    /// [`Service::available`]. For the agency's side they reveal one office fact only: a request with something
    /// provisioned can no longer be withdrawn.
    pub fn closed(
        &self,
        caller: &CallerWithPolicy,
        seen: &Seen<SeenRequest>,
        available: &[AvailableAct],
        held: Option<(&asset::Model, Option<&credential::Model>)>,
        performed: Option<&Performed>,
    ) -> ServiceResult<Vec<ClosedAct>> {
        let entry = self.entry_of(&seen.row)?;
        let (procedure, state) = (&entry.procedure, self.state_of(&seen.row)?);
        let shown = held.filter(|(asset, _)| self.sees_asset(seen, asset));
        let visible = VisibleRequest {
            row: &seen.row,
            submitter_active: seen.submitter_active,
            state: &state,
            asset: shown.map(|(asset, _)| asset),
            credential: shown.and_then(|(_, credential)| credential),
        };
        let closed_acts = ClosedActs { caller, seen, procedure, visible, performed };
        let coming = match (seen.side(), &state.at) {
            (Side::Office, _) => entry.upcoming.from_state(procedure, &state),
            (Side::Applicant, Some(at)) => entry.upcoming.from_step(&at.step),
            (Side::Applicant, None) => BTreeSet::new(),
        };
        let first = procedure.first_step().map(|step| &step.key);
        let mut actions: Vec<(AvailableActKind, Option<&Step>)> = Vec::new();
        for step in &procedure.steps {
            let ends =
                if first == Some(&step.key) { AvailableActKind::Resubmit } else { AvailableActKind::ExecuteStep };
            let ends = coming.contains(&UpcomingWait::Step(step.key.clone())).then_some(ends);
            let signs =
                coming.contains(&UpcomingWait::Signature(step.key.clone())).then_some(AvailableActKind::SignDocument);
            actions.extend(ends.into_iter().chain(signs).map(|kind| (kind, Some(step))));
        }
        actions.extend(WHOLE.map(|kind| (kind, None)));
        let now = |kind: AvailableActKind, step: Option<&Step>| {
            let here = |it: &&AvailableAct| it.kind == kind && it.step.as_ref() == step.map(|step| &step.key);
            available.iter().any(|it| here(&it))
        };
        Ok(actions
            .into_iter()
            .filter(|(kind, step)| !now(*kind, *step))
            .filter_map(|it| closed_acts.closed_act(it.0, it.1))
            .collect())
    }

    /// The people or roles of the current step, as visible to that side of the request; none after its end.
    pub(in crate::service) fn whose_turn(
        &self,
        policy: &Policy,
        seen: &Seen<SeenRequest>,
    ) -> ServiceResult<Option<Awaited>> {
        Ok(whose_turn(policy, seen, &self.entry_of(&seen.row)?.procedure))
    }
}

impl ClosedActs<'_> {
    fn state(&self) -> &State {
        self.visible.state
    }

    /// Returns the reasons against an action; none if no grant of the caller has a line for it.
    fn closed_act(&self, kind: AvailableActKind, step: Option<&Step>) -> Option<ClosedAct> {
        let (row, action) = (&self.seen.row, kind.action());
        let object = match step {
            Some(step) => Object::Step(&self.procedure.key, &step.key),
            None => Object::Procedure(&self.procedure.key),
        };
        let (mut allowed, mut unmet) = (false, Vec::new());
        for grant in self.caller.grants_in(&row.office) {
            match self.caller.policy().decide(self.caller, grant, (&**self.seen, object, action), self.performed) {
                GrantDecision::Allowed(_) => allowed = true,
                GrantDecision::Unmet(_, condition) => unmet.push(condition),
                _ => {}
            }
        }
        if !allowed && unmet.is_empty() {
            return None;
        }
        let mut reasons = BTreeSet::new();
        if !allowed {
            reasons.extend(unmet.into_iter().map(|condition| match condition {
                Condition::OtherThan(_) => ClosedReason::SeparationOfDuties,
                Condition::Definitive => ClosedReason::ActingCapacity,
            }));
        }
        let permission = if step.is_some() { Permission::AtStep(action) } else { Permission::Whole(action) };
        let found = self.visible.obstacles(self.procedure, self.caller.pass.user, permission, step);
        let needs = step.map(|step| self.needs(kind, step)).unwrap_or_default();
        reasons.extend(found.iter().filter_map(|obstacle| self.reason(kind, obstacle)));
        reasons.extend((!needs.signatures.is_empty()).then_some(ClosedReason::SignatureMissing));
        reasons.extend((!needs.records.is_empty()).then_some(ClosedReason::RecordMissing));
        let reasons: Vec<ClosedReason> = reasons.into_iter().collect();
        let foremost = *reasons.first()?;
        Some(ClosedAct {
            kind,
            step: step.map(|step| step.key.clone()),
            message: foremost.sentence().into(),
            awaited: self.awaited(foremost, object, action),
            reasons,
            needs,
        })
    }

    /// Returns the reason of an obstacle; none if the prerequisites already say it.
    fn reason(&self, kind: AvailableActKind, obstacle: &Obstacle) -> Option<ClosedReason> {
        Some(match obstacle {
            Obstacle::Ended => ClosedReason::Ended,
            Obstacle::Elsewhere(_) if kind == AvailableActKind::Resubmit => ClosedReason::NotReturned,
            Obstacle::Elsewhere(_) if self.state().status == Status::Returned => ClosedReason::Returned,
            Obstacle::Elsewhere(_) => ClosedReason::NotItsTurn,
            // Signatures are visible to the office only.
            Obstacle::NothingOpen | Obstacle::NothingToSign if self.seen.side() == Side::Applicant => {
                ClosedReason::NotItsTurn
            }
            Obstacle::NothingOpen => ClosedReason::SignatureMissing,
            Obstacle::NothingToSign => {
                let at = self.state().at.as_ref().and_then(|at| self.procedure.step(&at.step));
                at?.signs
                    .as_ref()
                    .and_then(|record| self.state().signature_status(record))
                    .map(|_| ClosedReason::AlreadySigned)?
            }
            Obstacle::NotTheSubmitter => ClosedReason::NotTheSubmitter,
            Obstacle::Provisioned => ClosedReason::Provisioned,
            Obstacle::NotInService => ClosedReason::NotInService,
            Obstacle::NoCredential => ClosedReason::NoCredential,
            Obstacle::NotTheRecipient => ClosedReason::NotTheRecipient,
            Obstacle::Read => ClosedReason::AlreadyRevealed,
        })
    }

    /// Returns missing prerequisites. Records and signatures are visible to the office only.
    fn needs(&self, kind: AvailableActKind, step: &Step) -> Prerequisites {
        let mut needs = Prerequisites::default();
        if self.seen.side() == Side::Applicant || self.state().at.is_none() {
            return needs;
        }
        match kind {
            AvailableActKind::SignDocument => {
                needs
                    .records
                    .extend(step.signs.iter().filter(|it| self.state().signature_status(it).is_none()).cloned());
            }
            AvailableActKind::ExecuteStep => {
                for refusal in workflow::missing_requirements(self.procedure, self.state(), step) {
                    match refusal {
                        Refusal::Missing { record, .. } => needs.records.push(record),
                        Refusal::NotSigned(record) => needs.signatures.push((record, self.roles(step, Action::Sign))),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        needs
    }

    fn roles(&self, step: &Step, action: Action) -> Vec<String> {
        self.caller.policy().roles(&self.seen.row.office, &self.procedure.key, &step.key, action).to_vec()
    }

    /// Returns the people or roles able to remove a reason.
    fn awaited(&self, reason: ClosedReason, object: Object<'_>, action: Action) -> Option<Awaited> {
        let policy = self.caller.policy();
        let may = |object: Object<'_>, action| {
            let office = &self.seen.row.office;
            let lines = policy.lines().iter().filter(|line| line.office == *office && line.action == action);
            lines.filter(|line| line.object() == object).map(|line| line.role.clone()).collect::<Vec<_>>()
        };
        let people = |people: Option<Uuid>| people.into_iter().collect::<Vec<_>>();
        match reason {
            ClosedReason::Ended | ClosedReason::Provisioned | ClosedReason::NoCredential => None,
            ClosedReason::SeparationOfDuties | ClosedReason::ActingCapacity => {
                let step = match object {
                    Object::Step(_, step) => Some(step.to_owned()),
                    _ => None,
                };
                Some(Awaited { step, roles: may(object, action), people: Vec::new() })
            }
            ClosedReason::NotTheSubmitter => {
                Some(Awaited { people: people(Some(self.seen.row.submitted_by)), ..Awaited::default() })
            }
            ClosedReason::NotTheRecipient => {
                let recipient = self.visible.credential.map(|held| held.recipient_id);
                Some(Awaited { people: people(recipient), ..Awaited::default() })
            }
            ClosedReason::AlreadyRevealed => {
                let whole = Object::Procedure(&self.procedure.key);
                Some(Awaited { roles: may(whole, Action::Reissue), ..Awaited::default() })
            }
            ClosedReason::Returned
            | ClosedReason::NotReturned
            | ClosedReason::NotItsTurn
            | ClosedReason::SignatureMissing
            | ClosedReason::RecordMissing
            | ClosedReason::AlreadySigned
            | ClosedReason::NotInService => whose_turn(policy, self.seen, self.procedure),
        }
    }
}

fn whose_turn(policy: &Policy, seen: &Seen<SeenRequest>, procedure: &Procedure) -> Option<Awaited> {
    let row = &seen.row;
    let step = row.step.clone()?;
    let roles = |action| policy.roles(&row.office, &procedure.key, &step, action).iter().cloned();
    let returned = row.status == Status::Returned.word();
    // Signatures are visible to the office only.
    let within = seen.side() == Side::Office;
    let mut found: Vec<String> = Vec::new();
    if returned || row.executable || !within {
        found.extend(roles(Action::Execute));
    }
    if row.signable && within {
        let signers: Vec<String> = roles(Action::Sign).filter(|role| !found.contains(role)).collect();
        found.extend(signers);
    }
    let people = if returned && seen.submitter_active { vec![row.submitted_by] } else { Vec::new() };
    Some(Awaited { step: Some(step), roles: found, people })
}
