//! Replay of a request's events through the step machine, compared with its row.

use entity::{event, request};

use crate::event::{Body, RequestEventBody, RequestEventKind};
use crate::procedure::{Procedure, Requirement};
use crate::workflow::{self, Act, Decision, Execution, Stage, State};

/// Whether a request's row says what its events lead to by the procedure that it runs by.
pub fn follows(procedure: &Procedure, row: &request::Model, events: &[event::Model]) -> Result<(), String> {
    let stored: State = serde_json::from_str(&row.state).map_err(|error| error.to_string())?;
    let state = replay(procedure, events)?;
    if state == stored { Ok(()) } else { Err(format!("they lead to {state:?}, and it says {stored:?}")) }
}

/// The state that a request's events lead to, in order of their sequence. Fails with what does not follow.
fn replay(procedure: &Procedure, events: &[event::Model]) -> Result<State, String> {
    let read = |event: &event::Model| RequestEventBody::read(&event.body).map_err(|error| error.to_string());
    let told: Vec<RequestEventBody> = events.iter().map(read).collect::<Result<_, _>>()?;
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
        if after.asset == Some(Stage::Active) && group.iter().any(|told| told.kind == RequestEventKind::AssetRevoked) {
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
fn act(procedure: &Procedure, group: &[RequestEventBody]) -> Option<Act> {
    let of = |kind: RequestEventKind| group.iter().find(|told| told.kind == kind);
    if of(RequestEventKind::Submitted).is_some() {
        return None;
    }
    if of(RequestEventKind::Resubmitted).is_some() {
        return Some(Act::Resubmit);
    }
    if of(RequestEventKind::Withdrawn).is_some() {
        return Some(Act::Withdraw);
    }
    if let Some(ended) = of(RequestEventKind::StepCompleted) {
        let step = procedure.step(ended.subject.step.as_ref()?)?;
        let outcome = step.outcome(ended.subject.outcome.as_ref()?)?;
        let needed = |requirement| requirement == Requirement::Required;
        let documents = group
            .iter()
            .filter(|told| told.kind == RequestEventKind::DocumentAdded)
            .filter_map(|told| told.subject.record.clone());
        // Events tell no note and no secret, and need not: these were wanted or were not there.
        return Some(Act::Execute(Execution {
            step: step.key.clone(),
            outcome: outcome.key.clone(),
            documents: documents.collect(),
            note: needed(outcome.note),
            disposition: of(RequestEventKind::Disposed).is_some(),
            asset: needed(outcome.asset),
            secret: needed(outcome.secret),
            recipient: needed(outcome.recipient),
        }));
    }
    let sign = |told: &RequestEventBody, decision| Some(Act::Sign { record: told.subject.record.clone()?, decision });
    match (of(RequestEventKind::DocumentSigned), of(RequestEventKind::DocumentRefused)) {
        (Some(told), _) => sign(told, Decision::Sign),
        (_, Some(told)) => sign(told, Decision::Refuse),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    /// A stored body with these fields, and nothing in the others.
    fn whole(fields: &Value) -> Value {
        let nil = Uuid::nil();
        let mut body = json!({ "id": nil, "request": nil, "sequence": 1, "at": "2026-01-01T00:00:00Z", "audience": 0 });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    }

    fn events(told: &[Value]) -> Vec<event::Model> {
        let event = |(index, body): (usize, &Value)| event::Model {
            id: Uuid::nil(),
            request_id: Uuid::nil(),
            sequence: i64::try_from(index).unwrap() + 1,
            kind: body["kind"].as_str().unwrap().to_owned(),
            at: chrono::DateTime::UNIX_EPOCH,
            version: 0,
            audience: 0,
            body: whole(body).to_string(),
            mac: Vec::new(),
        };
        told.iter().enumerate().map(event).collect()
    }

    #[test]
    fn events_lead_to_their_state_and_to_no_other() {
        let shelf = crate::procedure::read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("procedures")).unwrap();
        let of = |key: &str| shelf.procedures.iter().find(|located| located.procedure.key == key).unwrap();
        let procedure = &of("permohonan-subdomain").procedure;
        let submitted = json!({ "kind": "SUBMITTED", "version": 1, "step": "1" });
        let completed = json!({ "kind": "STEP_COMPLETED", "version": 2, "step": "2", "outcome": "forward" });
        let added = json!({ "kind": "DOCUMENT_ADDED", "version": 2, "step": "2", "record": "lembar-disposisi" });
        let state = replay(procedure, &events(&[submitted.clone(), completed.clone(), added])).unwrap();
        assert_eq!(state.at.unwrap().step, "3");
        assert!(state.documents.contains_key("lembar-disposisi"));
        for (told, why) in [
            (vec![], "no events"),
            (vec![completed.clone()], "no act leads here"),
            (vec![submitted.clone(), completed], "was not possible"),
            (vec![submitted.clone(), json!({ "kind": "WITHDRAWN", "version": 3 })], "version 2 does not follow"),
            (vec![submitted.clone(), json!({ "kind": "DISPOSITION_READ", "version": 2 })], "no act leads here"),
            (vec![submitted, json!({ "kind": "RESUBMITTED", "version": 2 })], "was not possible"),
        ] {
            let error = replay(procedure, &events(&told)).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
