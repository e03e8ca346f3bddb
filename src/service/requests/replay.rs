//! Replay of a request's events through the step machine, compared with its row.

use entity::{event, request};

use crate::event::{Body, RequestEventBody, RequestEventKind};
use crate::procedure::{Procedure, Requirement};
use crate::workflow::{self, Act, Decision, Execution, Stage, State};

/// Compares a request's row with the state that its events lead to by its procedure.
pub fn follows(procedure: &Procedure, row: &request::Model, events: &[event::Model]) -> Result<(), String> {
    let stored: State = serde_json::from_str(&row.state).map_err(|error| error.to_string())?;
    let state = replay(procedure, events)?;
    if state == stored { Ok(()) } else { Err(format!("they lead to {state:?}, and it says {stored:?}")) }
}

/// Runs a request's events, in order, through the step machine. Fails at an impossible event.
fn replay(procedure: &Procedure, events: &[event::Model]) -> Result<State, String> {
    let read = |event: &event::Model| RequestEventBody::read(&event.body).map_err(|error| error.to_string());
    let bodies: Vec<RequestEventBody> = events.iter().map(read).collect::<Result<_, _>>()?;
    let mut state: Option<State> = None;
    // All events of one act bear the version after it.
    for group in bodies.chunk_by(|one, next| one.version == next.version) {
        let mut after = match (state, act(procedure, group)) {
            (None, None) => workflow::submit(procedure).ok_or("the procedure has no first step")?,
            (Some(before), Some(act)) => follow(procedure, &before, &act)?,
            _ => return Err(format!("version {}: no act leads here", group.first().map_or(0, |body| body.version))),
        };
        if group.first().is_none_or(|body| body.version != after.version) {
            return Err(format!("version {} does not follow", after.version));
        }
        // The revocation of a delivered asset leaves the version.
        if after.asset == Some(Stage::Active) && group.iter().any(|body| body.kind == RequestEventKind::AssetRevoked) {
            after = follow(procedure, &after, &Act::Revoke)?;
        }
        state = Some(after);
    }
    state.ok_or_else(|| "there are no events".to_owned())
}

fn follow(procedure: &Procedure, before: &State, act: &Act) -> Result<State, String> {
    workflow::decide(procedure, before, act).map_err(|refusals| format!("{act:?} was not possible: {refusals:?}"))
}

/// Returns the act behind a group of events; none for a submission.
fn act(procedure: &Procedure, group: &[RequestEventBody]) -> Option<Act> {
    let find = |kind: RequestEventKind| group.iter().find(|body| body.kind == kind);
    if find(RequestEventKind::Submitted).is_some() {
        return None;
    }
    if find(RequestEventKind::Resubmitted).is_some() {
        return Some(Act::Resubmit);
    }
    if find(RequestEventKind::Withdrawn).is_some() {
        return Some(Act::Withdraw);
    }
    if let Some(ended) = find(RequestEventKind::StepCompleted) {
        let step = procedure.step(ended.subject.step.as_ref()?)?;
        let outcome = step.outcome(ended.subject.outcome.as_ref()?)?;
        let needed = |requirement| requirement == Requirement::Required;
        let documents = group
            .iter()
            .filter(|body| body.kind == RequestEventKind::DocumentAdded)
            .filter_map(|body| body.subject.record.clone());
        // Events hold no note and no secret: these were required, or absent.
        return Some(Act::Execute(Execution {
            step: step.key.clone(),
            outcome: outcome.key.clone(),
            documents: documents.collect(),
            note: needed(outcome.note),
            disposition: find(RequestEventKind::Disposed).is_some(),
            asset: needed(outcome.asset),
            secret: needed(outcome.secret),
            recipient: needed(outcome.recipient),
        }));
    }
    let sign = |body: &RequestEventBody, decision| Some(Act::Sign { record: body.subject.record.clone()?, decision });
    match (find(RequestEventKind::DocumentSigned), find(RequestEventKind::DocumentRefused)) {
        (Some(body), _) => sign(body, Decision::Sign),
        (_, Some(body)) => sign(body, Decision::Refuse),
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

    fn events(bodies: &[Value]) -> Vec<event::Model> {
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
        bodies.iter().enumerate().map(event).collect()
    }

    #[test]
    fn events_lead_to_their_state_and_to_no_other() {
        let shelf = crate::procedure::read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("procedures")).unwrap();
        let find = |key: &str| shelf.procedures.iter().find(|located| located.procedure.key == key).unwrap();
        let procedure = &find("permohonan-subdomain").procedure;
        let submitted = json!({ "kind": "SUBMITTED", "version": 1, "step": "1" });
        let completed = json!({ "kind": "STEP_COMPLETED", "version": 2, "step": "2", "outcome": "forward" });
        let added = json!({ "kind": "DOCUMENT_ADDED", "version": 2, "step": "2", "record": "lembar-disposisi" });
        let state = replay(procedure, &events(&[submitted.clone(), completed.clone(), added])).unwrap();
        assert_eq!(state.at.unwrap().step, "3");
        assert!(state.documents.contains_key("lembar-disposisi"));
        for (bodies, why) in [
            (vec![], "no events"),
            (vec![completed.clone()], "no act leads here"),
            (vec![submitted.clone(), completed], "was not possible"),
            (vec![submitted.clone(), json!({ "kind": "WITHDRAWN", "version": 3 })], "version 2 does not follow"),
            (vec![submitted.clone(), json!({ "kind": "DISPOSITION_READ", "version": 2 })], "no act leads here"),
            (vec![submitted, json!({ "kind": "RESUBMITTED", "version": 2 })], "was not possible"),
        ] {
            let error = replay(procedure, &events(&bodies)).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
