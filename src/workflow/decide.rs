//! Decisions of the step machine: from a state and an act to the next state, or the reasons against it.

use crate::procedure::{Arrow, Effect, Ending, Outcome, Procedure, Requirement, Step};

use super::{
    Act, ActInput, CurrentVisit, Decision, Execution, Refusal, SignatureStatus, Stage, State, Status, WhenNeeded,
};

/// Returns the state after the submission: the first step done, the next begun. `None` only for a procedure without a
/// first step or outcome, refused by `check`.
pub fn submit(procedure: &Procedure) -> Option<State> {
    let first = procedure.first_step()?;
    let outcome = first.outcomes.first()?;
    let mut state = State {
        version: 0,
        status: Status::InProgress,
        at: Some(CurrentVisit { step: first.key.clone(), visit: 1, came_by: None }),
        visits: [(first.key.clone(), 1)].into(),
        last: Default::default(),
        documents: Default::default(),
        dispositions: Default::default(),
        asset: None,
    };
    state.take_outcome(procedure, first, outcome, &Execution::default());
    Some(state)
}

/// Returns the state after the act, or every reason against it, at least one.
pub fn decide(procedure: &Procedure, state: &State, act: &Act) -> Result<State, Vec<Refusal>> {
    let mut next = state.clone();
    match act {
        Act::Resubmit => {
            let (step, _) = current(procedure, state)?;
            if state.status != Status::Returned {
                return Err(vec![Refusal::NotReturned]);
            }
            let outcome = step.outcomes.first().ok_or_else(|| vec![Refusal::NotReturned])?;
            next.take_outcome(procedure, step, outcome, &Execution::default());
        }
        Act::Execute(execution) => {
            let (step, outcome) = permitted_outcome(procedure, state, execution)?;
            next.take_outcome(procedure, step, outcome, execution);
        }
        Act::Sign { record, decision } => {
            let (step, _) = current(procedure, state)?;
            match (step.signs.as_deref() == Some(record), state.signature_status(record)) {
                (true, Some(SignatureStatus::Unsigned)) => {}
                (true, Some(mark)) => return Err(vec![Refusal::AlreadySigned(mark)]),
                _ => return Err(vec![Refusal::NothingToSign(record.clone())]),
            }
            let mark = match decision {
                Decision::Sign => SignatureStatus::Signed,
                Decision::Refuse => SignatureStatus::Refused,
            };
            next.documents.insert(record.clone(), mark);
            next.version += 1;
        }
        Act::Withdraw => {
            current(procedure, state)?;
            if !withdrawable(state) {
                return Err(vec![Refusal::Provisioned]);
            }
            next.end(Status::Withdrawn);
            next.version += 1;
        }
        Act::Revoke => {
            if state.asset != Some(Stage::Active) {
                return Err(vec![Refusal::AssetNotActive]);
            }
            next.asset = Some(Stage::Revoked);
        }
    }
    Ok(next)
}

/// Returns the state after a history: the submission and the acts after it.
pub fn replay<'a>(procedure: &Procedure, acts: impl IntoIterator<Item = &'a Act>) -> Result<State, Vec<Refusal>> {
    let first = submit(procedure).ok_or_else(Vec::new)?;
    acts.into_iter().try_fold(first, |state, act| decide(procedure, &state, act))
}

/// The status of an outcome in the current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// An act with the right inputs is accepted.
    Open,
    /// The reasons against any act of it.
    Closed(Vec<Refusal>),
}

/// Returns the status of an outcome in this state, for acts with the right inputs. The first step's outcome is taken by
/// resubmitting.
pub fn opening(procedure: &Procedure, state: &State, step: &Step, outcome: &Outcome) -> Opening {
    let closed = match &state.at {
        None => vec![Refusal::Ended(state.status)],
        Some(current) if current.step != step.key => {
            vec![Refusal::StepNotCurrent { asked: step.key.clone(), current: current.step.clone() }]
        }
        Some(_) => closed_because(procedure, state, step, outcome),
    };
    if closed.is_empty() { Opening::Open } else { Opening::Closed(closed) }
}

/// Whether any outcome of a step can be taken in this state.
pub fn has_open_outcome(procedure: &Procedure, state: &State, step: &Step) -> bool {
    step.outcomes.iter().any(|outcome| opening(procedure, state, step, outcome) == Opening::Open)
}

/// Returns missing requirements shared by every open way to end a step, current or later: records, and the decision on
/// its document. Ways shut for the whole of the current visit do not count.
pub fn missing_requirements(procedure: &Procedure, state: &State, step: &Step) -> Vec<Refusal> {
    let lasts = |refusal: &Refusal| matches!(refusal, Refusal::CameOtherwise(_) | Refusal::EndedOtherwise(_));
    let here = state.at.as_ref().is_some_and(|current| current.step == step.key);
    let shut = |outcome: &Outcome| here && closed_because(procedure, state, step, outcome).iter().any(lasts);
    let ways: Vec<&Outcome> = step.outcomes.iter().filter(|outcome| !shut(outcome)).collect();
    let Some(first) = ways.first() else { return Vec::new() };
    let required = step.requires(first).iter().filter(|record| {
        ways.iter().all(|outcome| step.requires(outcome).contains(record)) && !state.has(procedure, record)
    });
    let missing = |record: &String| Refusal::Missing { record: record.clone(), needed: WhenNeeded::Before };
    let undecided = step.signs.iter().filter(|record| {
        let waits =
            |outcome: &&Outcome| [&outcome.signed, &outcome.refused].into_iter().flatten().any(|it| it == *record);
        ways.iter().all(waits)
            && !matches!(state.signature_status(record), Some(SignatureStatus::Signed | SignatureStatus::Refused))
    });
    required.map(missing).chain(undecided.cloned().map(Refusal::NotSigned)).collect()
}

/// Returns the requirement of the asset's attributes in an act of this outcome, by the stage of the asset.
pub fn asset_wanted(state: &State, outcome: &Outcome) -> Requirement {
    match (outcome.effect, state.asset) {
        // Only a reserved asset can be provisioned without attributes.
        (Some(Effect::Provision), Some(Stage::Reserved)) => outcome.asset,
        (Some(Effect::Provision), _) | (Some(Effect::Reserve), None) => Requirement::Required,
        // Without an asset there are no attributes to change.
        (None, None | Some(Stage::Revoked)) if outcome.asset == Requirement::Optional => Requirement::None,
        _ => outcome.asset,
    }
}

/// Returns the document waiting for a signer's decision now.
pub fn signable<'a>(procedure: &'a Procedure, state: &State) -> Option<&'a str> {
    let step = procedure.step(&state.at.as_ref()?.step)?;
    let record = step.signs.as_deref()?;
    (state.signature_status(record) == Some(SignatureStatus::Unsigned)).then_some(record)
}

/// Whether the request can still be withdrawn: it runs, and nothing is provisioned.
pub fn withdrawable(state: &State) -> bool {
    !state.status.is_end() && matches!(state.asset, None | Some(Stage::Reserved))
}

/// The step under way.
fn current<'a>(procedure: &'a Procedure, state: &'a State) -> Result<(&'a Step, &'a CurrentVisit), Vec<Refusal>> {
    let current = state.at.as_ref().ok_or_else(|| vec![Refusal::Ended(state.status)])?;
    let step = procedure.step(&current.step).ok_or_else(|| vec![Refusal::UnknownStep(current.step.clone())])?;
    Ok((step, current))
}

/// Returns the step and outcome of an execution, or the reasons against it.
fn permitted_outcome<'a>(
    procedure: &'a Procedure,
    state: &State,
    execution: &Execution,
) -> Result<(&'a Step, &'a Outcome), Vec<Refusal>> {
    let step = procedure.step(&execution.step).ok_or_else(|| vec![Refusal::UnknownStep(execution.step.clone())])?;
    if procedure.first_step().is_some_and(|first| first.key == step.key) {
        return Err(vec![Refusal::FirstStep(step.key.clone())]);
    }
    let current = state.at.as_ref().ok_or_else(|| vec![Refusal::Ended(state.status)])?;
    if current.step != step.key {
        return Err(vec![Refusal::StepNotCurrent { asked: step.key.clone(), current: current.step.clone() }]);
    }
    let outcome = step.outcome(&execution.outcome).ok_or_else(|| {
        let known = step.outcomes.iter().map(|outcome| outcome.key.clone()).collect();
        vec![Refusal::UnknownOutcome { asked: execution.outcome.clone(), known }]
    })?;
    let closed = closed_because(procedure, state, step, outcome);
    if !closed.is_empty() {
        return Err(closed);
    }
    let input_refusals = input_refusals(procedure, state, step, outcome, execution);
    if input_refusals.is_empty() { Ok((step, outcome)) } else { Err(input_refusals) }
}

/// Returns the reasons against any act of an outcome.
fn closed_because(procedure: &Procedure, state: &State, step: &Step, outcome: &Outcome) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if let Some(arrow) = &outcome.came_by
        && state.at.as_ref().and_then(|current| current.came_by.as_ref()) != Some(arrow)
    {
        refusals.push(Refusal::CameOtherwise(arrow.clone()));
    }
    if let Some(arrow) = &outcome.last
        && !state.ended_last(arrow)
    {
        refusals.push(Refusal::EndedOtherwise(arrow.clone()));
    }
    if let Some(record) = &outcome.refused
        && state.signature_status(record) != Some(SignatureStatus::Refused)
    {
        refusals.push(Refusal::NotRefused(record.clone()));
    }
    if let Some(record) = &outcome.signed
        && state.signature_status(record) != Some(SignatureStatus::Signed)
    {
        refusals.push(Refusal::NotSigned(record.clone()));
    }
    // An outcome shut by a condition reports no missing records: those may still come.
    if !refusals.is_empty() {
        return refusals;
    }
    for record in step.requires(outcome) {
        if !state.has(procedure, record) {
            refusals.push(Refusal::Missing { record: record.clone(), needed: WhenNeeded::Before });
        }
    }
    if !effect_is_possible(state, outcome) {
        refusals.push(Refusal::AssetNotReady);
    }
    refusals
}

/// Whether an outcome's effect is possible at the asset's stage, with the allowed inputs.
fn effect_is_possible(state: &State, outcome: &Outcome) -> bool {
    match outcome.effect {
        None => outcome.asset != Requirement::Required || !matches!(state.asset, None | Some(Stage::Revoked)),
        Some(Effect::Reserve) => match state.asset {
            None => outcome.asset != Requirement::None,
            held => held == Some(Stage::Reserved),
        },
        Some(Effect::Provision) => match state.asset {
            Some(Stage::Reserved) => true,
            None | Some(Stage::Provisioned | Stage::Verified) => outcome.asset != Requirement::None,
            Some(Stage::Active | Stage::Revoked) => false,
        },
        Some(Effect::Verify) => state.asset == Some(Stage::Provisioned),
        Some(Effect::Deliver) => matches!(state.asset, Some(Stage::Provisioned | Stage::Verified)),
    }
}

/// Returns the missing and the unexpected inputs of an execution.
fn input_refusals(
    procedure: &Procedure,
    state: &State,
    step: &Step,
    outcome: &Outcome,
    execution: &Execution,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let wanted = step.documents_wanted(procedure, outcome);
    for record in &wanted {
        if !execution.documents.contains(*record) {
            refusals.push(Refusal::Missing { record: (*record).to_owned(), needed: WhenNeeded::WithAct });
        }
    }
    for record in &execution.documents {
        if !wanted.contains(&record.as_str()) && !outcome.may_add.contains(record) {
            refusals.push(Refusal::UnwantedDocument(record.clone()));
        }
    }
    let given = [
        (ActInput::Note, outcome.note, execution.note),
        (ActInput::Disposition, outcome.disposition, execution.disposition),
        (ActInput::Asset, asset_wanted(state, outcome), execution.asset),
        (ActInput::Secret, outcome.secret, execution.secret),
        (ActInput::Recipient, outcome.recipient, execution.recipient),
    ];
    for (what, requirement, is_given) in given {
        match (requirement, is_given) {
            (Requirement::Required, false) => refusals.push(Refusal::Wanted(what)),
            (Requirement::None, true) => refusals.push(Refusal::Unwanted(what)),
            _ => {}
        }
    }
    refusals
}

impl State {
    /// Ends the current visit by an outcome: leaves its records, has its effect, follows its arrow.
    fn take_outcome(&mut self, procedure: &Procedure, step: &Step, outcome: &Outcome, execution: &Execution) {
        self.version += 1;
        self.last.insert(step.key.clone(), outcome.key.clone());
        for record in step.documents_wanted(procedure, outcome) {
            self.documents.insert(record.to_owned(), SignatureStatus::Unsigned);
        }
        for record in &execution.documents {
            self.documents.insert(record.clone(), SignatureStatus::Unsigned);
        }
        for record in &outcome.signs {
            self.documents.insert(record.clone(), SignatureStatus::Signed);
        }
        if let Some(carry) = &outcome.carries
            && let Some(mark) = self.signature_status(&carry.from)
        {
            self.documents.insert(carry.to.clone(), mark);
        }
        if execution.disposition {
            let made = step.produces(outcome).iter();
            let made = made.filter(|record| procedure.origin(record) == Some(crate::procedure::Origin::Disposition));
            self.dispositions.extend(made.cloned());
        }
        match outcome.effect {
            None => {}
            Some(Effect::Reserve) => self.asset = Some(Stage::Reserved),
            Some(Effect::Provision) => self.asset = Some(Stage::Provisioned),
            Some(Effect::Verify) => self.asset = Some(Stage::Verified),
            Some(Effect::Deliver) => self.asset = Some(Stage::Active),
        }
        match (&outcome.to, outcome.ends) {
            (_, Some(Ending::Completed)) => self.end(Status::Completed),
            (_, Some(Ending::Rejected)) => self.end(Status::Rejected),
            (Some(to), None) => {
                self.status = if procedure.returns(outcome) { Status::Returned } else { Status::InProgress };
                let visit = self.visits.entry(to.clone()).or_insert(0);
                *visit += 1;
                let came_by = Arrow { step: step.key.clone(), outcome: outcome.key.clone() };
                self.at = Some(CurrentVisit { step: to.clone(), visit: *visit, came_by: Some(came_by) });
            }
            // `check` refuses an outcome without a target.
            (None, None) => self.at = None,
        }
    }

    /// Ends the request; an end without success revokes the asset.
    fn end(&mut self, status: Status) {
        self.status = status;
        self.at = None;
        if status != Status::Completed && self.asset.is_some() {
            self.asset = Some(Stage::Revoked);
        }
    }
}
