//! Transitions: rows and events of a request's next state.

use chrono::{DateTime, Utc};
use entity::{request, visit};

use crate::event::{Audience, RequestEventKind, RequestEventSubject};
use crate::procedure::{Outcome, Procedure, Step};
use crate::service::{OfficeEntry, ServiceError, ServiceResult};
use crate::store::RequestChange;
use crate::workflow::{self, State, Status};

/// Returns the due time of a visit.
pub(in crate::service) fn due(office: &OfficeEntry, step: &Step, arrived: DateTime<Utc>) -> Option<DateTime<Utc>> {
    step.time.as_ref().and_then(|time| office.calendar.due(arrived, time))
}

/// Sets the row's columns by a state, without writing.
pub(in crate::service) fn apply_state(
    row: &mut request::Model,
    procedure: &Procedure,
    office: &OfficeEntry,
    state: &State,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let step = state.at.as_ref().and_then(|current| procedure.step(&current.step));
    let moved = row.step.as_ref() != step.map(|step| &step.key) || state.visits != visits_of(&row.state);
    row.version = state.version;
    row.status = state.status.word().to_owned();
    row.step = step.map(|step| step.key.clone());
    row.executable = state.status == Status::InProgress
        && step.is_some_and(|step| workflow::has_open_outcome(procedure, state, step));
    row.signable = workflow::signable(procedure, state).is_some();
    if moved || row.waiting_since.is_none() {
        row.waiting_since = step.map(|_| now);
        row.due_at = step.and_then(|step| due(office, step, now));
    }
    if state.status.is_end() && row.finished_at.is_none() {
        row.finished_at = Some(now);
    }
    row.state = serde_json::to_string(state)?;
    Ok(())
}

fn visits_of(state: &str) -> std::collections::BTreeMap<String, i32> {
    serde_json::from_str::<State>(state).map(|state| state.visits).unwrap_or_default()
}

/// Whether the applicant sees an outcome: their own, and those that return or end the request.
pub(in crate::service) fn is_outcome_for_applicant(procedure: &Procedure, step: &Step, outcome: &Outcome) -> bool {
    let is_first = procedure.first_step().is_some_and(|first| first.key == step.key);
    is_first || outcome.ends.is_some() || procedure.returns(outcome)
}

/// Returns the audience of a document's events.
pub(in crate::service) fn document_audience(procedure: &Procedure, kind: &str) -> Audience {
    if procedure.is_for_applicant(kind) { Audience::ApplicantAtEnd } else { Audience::Office }
}

/// Completes the current visit by an outcome: its row and its event.
pub(in crate::service) async fn complete_visit(
    change: &mut RequestChange<'_>,
    procedure: &Procedure,
    step: &Step,
    (pass, outcome): (i32, &Outcome),
    note: Option<String>,
) -> ServiceResult<()> {
    change.leave(&step.key, pass, &outcome.key, note).await?;
    let for_applicant = is_outcome_for_applicant(procedure, step, outcome);
    let audience = if for_applicant { Audience::Applicant } else { Audience::Office };
    let subject =
        RequestEventSubject { step: Some(step.key.clone()), outcome: Some(outcome.key.clone()), ..Default::default() };
    change.append(RequestEventKind::StepCompleted, audience, subject).await?;
    Ok(())
}

/// Begins the visit of the next state, or records the end of the request.
pub(in crate::service) async fn begin_next_visit(
    change: &mut RequestChange<'_>,
    procedure: &Procedure,
    office: &OfficeEntry,
    state: &State,
) -> ServiceResult<()> {
    let now = change.now();
    let Some(current) = &state.at else {
        let kind = match state.status {
            Status::Completed => RequestEventKind::Completed,
            Status::Rejected => RequestEventKind::Rejected,
            Status::Withdrawn => RequestEventKind::Withdrawn,
            Status::InProgress | Status::Returned => {
                return Err(ServiceError::Internal("a request without a step under way has not ended".to_owned()));
            }
        };
        change.append(kind, Audience::Applicant, RequestEventSubject::default()).await?;
        return Ok(());
    };
    let step = procedure
        .step(&current.step)
        .ok_or_else(|| ServiceError::Internal(format!("the procedure has no step {}", current.step)))?;
    change
        .arrive(visit::Model {
            id: change.new_id(),
            request_id: change.row.id,
            position: state.visits.values().sum(),
            step: step.key.clone(),
            visit: current.visit,
            arrived_at: now,
            due_at: due(office, step, now),
            completed_at: None,
            actor_user: None,
            actor_role: None,
            actor_capacity: None,
            actor_for: None,
            outcome: None,
            note: None,
        })
        .await?;
    let subject = RequestEventSubject { step: Some(step.key.clone()), ..Default::default() };
    if state.status == Status::Returned {
        change.append(RequestEventKind::Returned, Audience::Applicant, subject.clone()).await?;
    }
    change.append(RequestEventKind::StepStarted, Audience::Applicant, subject).await?;
    Ok(())
}
