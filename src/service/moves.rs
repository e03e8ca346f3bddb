//! What every act on a request shares: idempotency, the version, and bringing the row to where the step machine says.

use chrono::{DateTime, Utc};
use entity::{request, visit};
use serde::Serialize;
use uuid::Uuid;

use super::{Answer, OfficeEntry, Refused, Service, UserErrorCode};
use crate::access::Pass;
use crate::procedure::{Outcome, Procedure, Step};
use crate::say;
use crate::store::{self, Append, Audience, Change, Remembered, Transaction};
use crate::workflow::{self, Opening, State, Status};

/// A caller's key for a mutation, with what identifies its input.
pub(super) struct Key {
    mutation: &'static str,
    key: Option<String>,
    input: [u8; 32],
}

impl Service {
    /// The key of an input. What identifies the input is a MAC, so that a secret in it is not kept.
    pub(super) fn key(
        &self,
        pass: Pass,
        mutation: &'static str,
        key: Option<&str>,
        input: &impl Serialize,
    ) -> Answer<Key> {
        let key = key.map(str::trim).map(str::to_owned);
        // A blank key would be no key, and what its sender believes to be safe would act twice.
        if key.as_ref().is_some_and(|key| !(1..=200).contains(&key.chars().count())) {
            let message = "An idempotency key has 1 to 200 characters; leave it out to send none.";
            return Err(Refused::user(UserErrorCode::InvalidInput, &["idempotencyKey"], message));
        }
        let input = serde_json::to_vec(input).map_err(|error| Refused::Internal(error.to_string()))?;
        let acting_as = pass.acting_as.map(Uuid::into_bytes);
        let parts = [b"input", &*input].into_iter().chain(acting_as.as_ref().map(<[u8; 16]>::as_slice));
        Ok(Key { mutation, key, input: self.store.mac(&parts.collect::<Vec<_>>()) })
    }

    /// What an earlier call with this key did, if there was one. What is only tried asks for none.
    pub(super) async fn recall(&self, transaction: &Transaction, user: Uuid, key: &Key) -> Answer<Option<Uuid>> {
        let Some(text) = key.key.as_ref().filter(|_| !self.is_trial()) else { return Ok(None) };
        match store::recall(transaction, user, key.mutation, text, &key.input, self.now()).await? {
            Remembered::New => Ok(None),
            Remembered::Done(result) => Ok(Some(result)),
            Remembered::Other => Err(Refused::user(
                UserErrorCode::IdempotencyKeyReused,
                &["idempotencyKey"],
                "This key was sent before with another input. Use a new key for a new act.",
            )),
        }
    }

    /// Remembers what this call did.
    pub(super) async fn remember(&self, transaction: &Transaction, user: Uuid, key: &Key, result: Uuid) -> Answer<()> {
        let Some(text) = &key.key else { return Ok(()) };
        Ok(store::remember(transaction, user, key.mutation, text, &key.input, (result, self.now())).await?)
    }
}

/// Refuses when the request has moved on since the client read it.
pub(super) fn expect_version(row: &request::Model, expected: i32) -> Answer<()> {
    if row.version == expected {
        return Ok(());
    }
    let message = say!(
        "The request is at version {version}, not {expected}. Read it again and decide anew.",
        version = row.version,
        expected
    );
    Err(Refused::user(UserErrorCode::StaleVersion, &["expectedVersion"], message))
}

/// A phase's stored word.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::InProgress => "IN_PROGRESS",
        Status::Returned => "RETURNED",
        Status::Completed => "COMPLETED",
        Status::Rejected => "REJECTED",
        Status::Withdrawn => "WITHDRAWN",
    }
}

/// When a visit that begins now should end.
pub(super) fn due(office: &OfficeEntry, step: &Step, arrived: DateTime<Utc>) -> Option<DateTime<Utc>> {
    step.time.as_ref().and_then(|time| office.calendar.due(arrived, time))
}

/// Sets what the row says of the state, without writing.
pub(super) fn describe(
    row: &mut request::Model,
    procedure: &Procedure,
    office: &OfficeEntry,
    state: &State,
    now: DateTime<Utc>,
) -> Answer<()> {
    let step = state.at.as_ref().and_then(|standing| procedure.step(&standing.step));
    let moved = row.step.as_ref() != step.map(|step| &step.key) || state.visits != visits_of(&row.state);
    row.version = state.version;
    row.status = status_word(state.status).to_owned();
    row.step = step.map(|step| step.key.clone());
    row.executable = state.status == Status::InProgress && step.is_some_and(|step| any_open(procedure, state, step));
    row.signable = workflow::signable(procedure, state).is_some();
    if moved || row.waiting_since.is_none() {
        row.waiting_since = step.map(|_| now);
        row.due_at = step.and_then(|step| due(office, step, now));
    }
    if state.status.is_end() && row.finished_at.is_none() {
        row.finished_at = Some(now);
    }
    row.state = serde_json::to_string(state).map_err(|error| Refused::Internal(error.to_string()))?;
    Ok(())
}

fn visits_of(state: &str) -> std::collections::BTreeMap<String, i32> {
    serde_json::from_str::<State>(state).map(|state| state.visits).unwrap_or_default()
}

fn any_open(procedure: &Procedure, state: &State, step: &Step) -> bool {
    step.outcomes.iter().any(|outcome| workflow::opening(procedure, state, step, outcome) == Opening::Open)
}

/// For whom a document's events are.
pub(super) fn document_audience(procedure: &Procedure, kind: &str) -> Audience {
    if procedure.is_for_applicant(kind) { Audience::ApplicantAtEnd } else { Audience::Office }
}

/// Ends the visit under way by an outcome: its row and its event.
pub(super) async fn leave(
    change: &mut Change<'_>,
    procedure: &Procedure,
    step: &Step,
    (pass, outcome): (i32, &Outcome),
    note: Option<String>,
) -> Answer<()> {
    change.leave(&step.key, pass, &outcome.key, note).await?;
    // The applicant hears of the outcomes that are about them: their own, and those that return or end.
    let first = procedure.first_step().is_some_and(|first| first.key == step.key);
    let told = first || outcome.ends.is_some() || procedure.returns(outcome);
    let audience = if told { Audience::Applicant } else { Audience::Office };
    change
        .append(Append {
            kind: "STEP_COMPLETED",
            step: Some(step.key.clone()),
            outcome: Some(outcome.key.clone()),
            audience: Some(audience),
            ..Default::default()
        })
        .await?;
    Ok(())
}

/// Begins the visit that the state stands at, or tells how the request ended.
pub(super) async fn arrive(
    change: &mut Change<'_>,
    procedure: &Procedure,
    office: &OfficeEntry,
    state: &State,
) -> Answer<()> {
    let now = change.now();
    let Some(standing) = &state.at else {
        let kind = status_word(state.status);
        change.append(Append { kind, audience: Some(Audience::Applicant), ..Default::default() }).await?;
        return Ok(());
    };
    let step = procedure
        .step(&standing.step)
        .ok_or_else(|| Refused::Internal(format!("the procedure has no step {}", standing.step)))?;
    change
        .arrive(visit::Model {
            id: store::new_id(now),
            request_id: change.row.id,
            position: state.visits.values().sum(),
            step: step.key.clone(),
            visit: standing.visit,
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
    let step_key = Some(step.key.clone());
    if state.status == Status::Returned {
        let append = Append {
            kind: "RETURNED",
            step: step_key.clone(),
            audience: Some(Audience::Applicant),
            ..Default::default()
        };
        change.append(append).await?;
    }
    let append =
        Append { kind: "STEP_STARTED", step: step_key, audience: Some(Audience::Applicant), ..Default::default() };
    change.append(append).await?;
    Ok(())
}
