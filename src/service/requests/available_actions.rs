//! Available actions of a caller on a request, without another database query.

use std::collections::BTreeSet;

use entity::{asset, credential, document, request};

use crate::access::{Action, Grant, Performed, Seen};
use crate::policy::Object;
use crate::procedure::{Outcome, Step};
use crate::service::{CallerWithPolicy, PolicySnapshot, ProcedureEntry, Service, ServiceResult};
use crate::store::{CredentialState, SeenRequest};
use crate::workflow::{self, Opening, Stage, State, Status};

/// An action open to the caller now.
#[derive(Debug, Clone)]
pub struct AvailableAct {
    /// The kind.
    pub kind: AvailableActKind,
    /// Its step.
    pub step: Option<String>,
    /// The open outcomes, for a step.
    pub outcomes: Vec<String>,
    /// Its document.
    pub document: Option<document::Model>,
    /// Its asset.
    pub asset: Option<asset::Model>,
    /// The grants with a line for it.
    pub grants: Vec<Grant>,
}

/// The kind of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the published schema describes each, once")]
pub enum AvailableActKind {
    ExecuteStep,
    Resubmit,
    SignDocument,
    Withdraw,
    RevealCredential,
    ReissueCredential,
    RevokeAsset,
}

impl AvailableActKind {
    /// The policy's action.
    pub(in crate::service) fn action(self) -> Action {
        match self {
            Self::ExecuteStep | Self::Resubmit => Action::Execute,
            Self::SignDocument => Action::Sign,
            Self::Withdraw => Action::Withdraw,
            Self::RevealCredential => Action::Reveal,
            Self::ReissueCredential => Action::Reissue,
            Self::RevokeAsset => Action::Revoke,
        }
    }
}

impl Service {
    /// The step machine's state of a request.
    pub fn state_of(&self, row: &request::Model) -> ServiceResult<State> {
        Ok(serde_json::from_str(&row.state)?)
    }

    /// Returns the caller's open actions on a request; any other is refused. `documents`, `asset` and `credential` are
    /// the request's; `performed`: the performers of its steps, for a policy with separation of duties.
    pub fn available(
        &self,
        caller: &CallerWithPolicy,
        seen: &Seen<SeenRequest>,
        documents: &[document::Model],
        held: Option<(&asset::Model, Option<&credential::Model>)>,
        performed: Option<&Performed>,
    ) -> ServiceResult<Vec<AvailableAct>> {
        let row = &seen.row;
        let entry = self.entry_of(row)?;
        let state = self.state_of(row)?;
        let mut available = Vec::new();
        let plain = |kind, step: Option<&Step>, grants: Vec<Grant>| AvailableAct {
            kind,
            step: step.map(|step| step.key.clone()),
            outcomes: Vec::new(),
            document: None,
            asset: None,
            grants,
        };
        let may = |object, action| {
            let grants = caller.policy().grants(caller, &**seen, object, action, performed).ok()?;
            Some(grants.into_iter().cloned().collect::<Vec<_>>())
        };
        let submits = row.submitted_by == caller.pass.user || !seen.submitter_active;
        let procedure = &entry.procedure;
        let step = state.at.as_ref().and_then(|current| procedure.step(&current.step));
        if let Some(step) = step {
            let object = Object::Step(&procedure.key, &step.key);
            let open = open_outcomes(entry, &state, step);
            let kind = match state.status {
                Status::Returned if submits => Some(AvailableActKind::Resubmit),
                Status::InProgress if !open.is_empty() => Some(AvailableActKind::ExecuteStep),
                _ => None,
            };
            if let Some((kind, grants)) = kind.zip(may(object, Action::Execute)) {
                available.push(AvailableAct { outcomes: open, ..plain(kind, Some(step), grants) });
            }
            if let Some((kind, grants)) = workflow::signable(procedure, &state).zip(may(object, Action::Sign)) {
                let document = documents.iter().find(|document| document.current && document.kind == kind).cloned();
                available.push(AvailableAct { document, ..plain(AvailableActKind::SignDocument, Some(step), grants) });
            }
        }
        let whole = Object::Procedure(&procedure.key);
        if let Some(grants) = may(whole, Action::Withdraw).filter(|_| workflow::withdrawable(&state) && submits) {
            available.push(plain(AvailableActKind::Withdraw, None, grants));
        }
        if let Some((asset, credential)) = held.filter(|(asset, _)| asset.status == Stage::Active.word()) {
            let about = |kind, grants| AvailableAct { asset: Some(asset.clone()), ..plain(kind, None, grants) };
            let is_available = |held: &credential::Model| held.state == CredentialState::Available.word();
            let mine = credential.filter(|held| held.recipient_id == caller.pass.user && is_available(held));
            let kinds = [
                mine.map(|_| (AvailableActKind::RevealCredential, Action::Reveal)),
                credential.map(|_| (AvailableActKind::ReissueCredential, Action::Reissue)),
                Some((AvailableActKind::RevokeAsset, Action::Revoke)),
            ];
            for (kind, action) in kinds.into_iter().flatten() {
                available.extend(may(whole, action).map(|grants| about(kind, grants)));
            }
        }
        Ok(available)
    }

    /// The roles of possible recipients of a credential in that act.
    pub fn recipient_roles(
        &self,
        policy: &PolicySnapshot,
        row: &request::Model,
        kind: AvailableActKind,
        step: Option<&str>,
    ) -> ServiceResult<Vec<String>> {
        let procedure = &self.entry_of(row)?.procedure;
        let names = |step: &&Step| match kind {
            AvailableActKind::ReissueCredential => true,
            AvailableActKind::ExecuteStep => {
                step.outcomes.iter().any(|outcome| outcome.recipient != crate::procedure::Requirement::None)
            }
            _ => false,
        };
        let steps = procedure.steps.iter().filter(|found| step.is_none_or(|key| found.key == key)).filter(names);
        let roles: BTreeSet<&String> =
            steps.flat_map(|found| policy.roles(&row.office, &procedure.key, &found.key, Action::Receive)).collect();
        Ok(roles.into_iter().cloned().collect())
    }
}

fn open_outcomes(entry: &ProcedureEntry, state: &State, step: &Step) -> Vec<String> {
    let open = |outcome: &&Outcome| workflow::opening(&entry.procedure, state, step, outcome) == Opening::Open;
    step.outcomes.iter().filter(open).map(|outcome| outcome.key.clone()).collect()
}
