//! Available actions of a caller on a request, without another database query.

use std::collections::BTreeSet;

use entity::{asset, credential, document, request};

use crate::access::{Action, Field, Grant, Performed, Seen, Side, Subject, WholeOffice};
use crate::policy::Object;
use crate::procedure::{Outcome, Step};
use crate::service::{Answer, CallerWithPolicy, PolicySnapshot, ProcedureEntry, Refused, Service};
use crate::store::{CredentialState, SeenRequest};
use crate::workflow::{self, Opening, Stage, State, Status};

/// Something that the caller may do now.
#[derive(Debug, Clone)]
pub struct AvailableAct {
    /// What.
    pub kind: AvailableActKind,
    /// The step it is done at.
    pub step: Option<String>,
    /// The outcomes that are open, for a step.
    pub outcomes: Vec<String>,
    /// The document it is about.
    pub document: Option<document::Model>,
    /// The asset it is about.
    pub asset: Option<asset::Model>,
    /// The grants by which it may be done.
    pub grants: Vec<Grant>,
}

/// What may be done.
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
    /// What a policy line must let somebody do for it.
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
    pub fn state_of(&self, row: &request::Model) -> Answer<State> {
        serde_json::from_str(&row.state).map_err(|error| Refused::Internal(error.to_string()))
    }

    /// What the caller may do to a request now: what is not here is refused. `documents`, `asset` and `credential` are
    /// the request's, `performed` who ended which of its steps, where the office's policy asks.
    pub fn available(
        &self,
        caller: &CallerWithPolicy,
        seen: &Seen<SeenRequest>,
        documents: &[document::Model],
        held: Option<(&asset::Model, Option<&credential::Model>)>,
        performed: Option<&Performed>,
    ) -> Answer<Vec<AvailableAct>> {
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
        let step = state.at.as_ref().and_then(|standing| procedure.step(&standing.step));
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

    /// Whether the caller reads a field that needs a line of its own, of something that they see.
    pub fn reads(&self, caller: &CallerWithPolicy, subject: &impl Subject, field: Field) -> bool {
        caller.policy().grants(caller, subject, Object::Field(field), Action::Read, None).is_ok()
    }

    /// Whether the caller manages an office's people.
    pub fn manages_people(&self, caller: &CallerWithPolicy, office: &str) -> bool {
        let office = WholeOffice(office.to_owned());
        caller.policy().grants(caller, &office, Object::People, Action::Manage, None).is_ok()
    }

    /// Whether the caller sees what happens to an office itself.
    pub fn sees_office_events(&self, caller: &CallerWithPolicy, office: &str) -> bool {
        let subject = WholeOffice(office.to_owned());
        caller.policy().grants(caller, &subject, Object::Office, Action::SeeEvents, None).is_ok()
    }

    /// The attributes of an asset that its office names as addresses.
    pub fn addresses_of(&self, asset: &asset::Model) -> &[String] {
        let office = self.catalog.office(&asset.office);
        office.and_then(|entry| entry.office.addresses.get(&asset.kind)).map_or(&[], Vec::as_slice)
    }

    /// Whether the caller sees this document of a request.
    pub fn sees_document(&self, seen: &Seen<SeenRequest>, document: &document::Model) -> bool {
        let for_applicant =
            || self.entry_of(&seen.row).is_ok_and(|entry| entry.procedure.is_for_applicant(&document.kind));
        seen.side() == Side::Office || (seen.row.finished_at.is_some() && for_applicant())
    }

    /// Whether the caller sees this asset of a request.
    pub fn sees_asset(&self, seen: &Seen<SeenRequest>, asset: &asset::Model) -> bool {
        seen.side() == Side::Office || asset.delivered_at.is_some()
    }

    /// Whether the caller sees how a visit ended.
    pub fn sees_outcome(
        &self,
        seen: &Seen<SeenRequest>,
        entry: &ProcedureEntry,
        step: &Step,
        outcome: &Outcome,
    ) -> bool {
        let procedure = &entry.procedure;
        let own = procedure.first_step().is_some_and(|first| first.key == step.key);
        seen.side() == Side::Office || own || outcome.ends.is_some() || procedure.returns(outcome)
    }
}

fn open_outcomes(entry: &ProcedureEntry, state: &State, step: &Step) -> Vec<String> {
    let open = |outcome: &&Outcome| workflow::opening(&entry.procedure, state, step, outcome) == Opening::Open;
    step.outcomes.iter().filter(open).map(|outcome| outcome.key.clone()).collect()
}

impl Service {
    /// The roles of those who may be named as a credential's recipient by that act; none where nobody may.
    pub fn recipient_roles(
        &self,
        policy: &PolicySnapshot,
        row: &request::Model,
        kind: AvailableActKind,
        step: Option<&str>,
    ) -> Answer<Vec<String>> {
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
