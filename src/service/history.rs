//! A request's events, read back as acts: what they lead to by the step machine is what its row must say.

use entity::event;
use serde::Deserialize;

use crate::procedure::{Procedure, Requirement};
use crate::workflow::{self, Act, Decision, Execution, Stage, State};

/// What an event tells of an act.
#[derive(Deserialize)]
struct Told {
    kind: String,
    version: i32,
    step: Option<String>,
    outcome: Option<String>,
    record: Option<String>,
}

/// The state that a request's events lead to, in order of their sequence. Fails with what does not follow.
pub fn replay(procedure: &Procedure, events: &[event::Model]) -> Result<State, String> {
    let read = |event: &event::Model| serde_json::from_str::<Told>(&event.body).map_err(|error| error.to_string());
    let told: Vec<Told> = events.iter().map(read).collect::<Result<_, _>>()?;
    let mut state: Option<State> = None;
    // All that one act appended bears the version that it led to.
    for group in told.chunk_by(|one, next| one.version == next.version) {
        let mut after = match (state, act(procedure, group)) {
            (None, None) => workflow::submit(procedure).ok_or("the procedure has no first step")?,
            (Some(before), Some(act)) => follow(procedure, &before, &act)?,
            _ => return Err(format!("version {}: no act leads here", group.first().map_or(0, |told| told.version))),
        };
        if group.first().is_none_or(|told| told.version != after.version) {
            return Err(format!("version {} does not follow", after.version));
        }
        // Taking a delivered asset out of service leaves the version.
        if after.asset == Some(Stage::Active) && group.iter().any(|told| told.kind == "ASSET_REVOKED") {
            after = follow(procedure, &after, &Act::Revoke)?;
        }
        state = Some(after);
    }
    state.ok_or_else(|| "there are no events".to_owned())
}

fn follow(procedure: &Procedure, before: &State, act: &Act) -> Result<State, String> {
    workflow::decide(procedure, before, act).map_err(|refusals| format!("{act:?} was not possible: {refusals:?}"))
}

/// The act that appended these events; none for a submission.
fn act(procedure: &Procedure, group: &[Told]) -> Option<Act> {
    let of = |kind: &str| group.iter().find(|told| told.kind == kind);
    if of("SUBMITTED").is_some() {
        return None;
    }
    if of("RESUBMITTED").is_some() {
        return Some(Act::Resubmit);
    }
    if of("WITHDRAWN").is_some() {
        return Some(Act::Withdraw);
    }
    if let Some(ended) = of("STEP_COMPLETED") {
        let step = procedure.step(ended.step.as_ref()?)?;
        let outcome = step.outcome(ended.outcome.as_ref()?)?;
        let needed = |requirement| requirement == Requirement::Required;
        let documents =
            group.iter().filter(|told| told.kind == "DOCUMENT_ADDED").filter_map(|told| told.record.clone());
        // Events tell no note and no secret, and need not: these were wanted or were not there.
        return Some(Act::Execute(Execution {
            step: step.key.clone(),
            outcome: outcome.key.clone(),
            documents: documents.collect(),
            note: needed(outcome.note),
            disposition: of("DISPOSED").is_some(),
            asset: needed(outcome.asset),
            secret: needed(outcome.secret),
            recipient: needed(outcome.recipient),
        }));
    }
    let sign = |told: &Told, decision| Some(Act::Sign { record: told.record.clone()?, decision });
    match (of("DOCUMENT_SIGNED"), of("DOCUMENT_REFUSED")) {
        (Some(told), _) => sign(told, Decision::Sign),
        (_, Some(told)) => sign(told, Decision::Refuse),
        _ => None,
    }
}
