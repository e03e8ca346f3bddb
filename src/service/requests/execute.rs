//! Execution of a step: ends it by an outcome.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::{disposition, document, signature};

use crate::access::{Action, Pass};
use crate::event::{Audience, RequestEventKind, RequestEventSubject};
use crate::policy::Object;
use crate::procedure::{Outcome, Procedure, Step, canonical};
use crate::say;
use crate::service::requests::act::{ActMode, ActResult, OrderedAct, Recalled};
use crate::service::requests::asset::Provisioning;
use crate::service::requests::sign::digest;
use crate::service::requests::transition::{apply_state, begin_next_visit, complete_visit, document_audience};
use crate::service::retry::with_retry;
use crate::service::validation::InputErrors;
use crate::service::{ExecuteStep, NewDocument, Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{self, RequestChange, with_actor};
use crate::workflow::{self, Act, Decision, Execution};

impl Service {
    /// Ends the step under way.
    pub async fn execute_step(&self, pass: Pass, command: ExecuteStep, mode: ActMode) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_execute_step(pass, &command, mode)).await
    }

    async fn try_execute_step(&self, pass: Pass, command: &ExecuteStep, mode: ActMode) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let act = act.see_request(command.request, &["requestId"]).await?;
        let entry = self.entry_of(&act.seen().row)?.clone();
        let office = self.office_of(&act.seen().row)?;
        let procedure = &entry.procedure;
        if procedure.step(&command.step).is_none() {
            let unknown = workflow::Refusal::UnknownStep(command.step.clone());
            return Err(ServiceError::from_refusals(procedure, vec![unknown]));
        }
        let object = Object::Step(&procedure.key, &command.step);
        let refused = say!("You hold no role that may execute step {step}.", step = &command.step);
        let act = act.authorize((object, Action::Execute), refused).await?;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.expect_version(command.expected_version)?,
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        let today = office.today(self.now());
        let command = validate(command.clone(), today)?;

        let mut change = act.change();
        let before = change.state()?;
        let execution = Execution {
            step: command.step.clone(),
            outcome: command.outcome.clone(),
            documents: command.documents.iter().map(|document| document.kind.clone()).collect(),
            note: command.note.is_some(),
            disposition: command.disposition.is_some(),
            asset: command.asset.is_some(),
            secret: command.asset.as_ref().is_some_and(|asset| asset.secret.is_some()),
            recipient: command.recipient.is_some(),
        };
        let after = workflow::decide(procedure, &before, &Act::Execute(execution))
            .map_err(|refusals| ServiceError::from_refusals(procedure, refusals))?;
        let (step, outcome) = procedure
            .step(&command.step)
            .and_then(|step| step.outcome(&command.outcome).map(|outcome| (step, outcome)))
            .ok_or_else(|| ServiceError::Internal("the step machine took an unknown outcome".to_owned()))?;
        let visit = before.at.as_ref().map_or(1, |current| current.visit);

        if procedure.gives_reason(outcome) {
            change.row.reason.clone_from(&command.note);
        }
        let now = change.now();
        apply_state(&mut change.row, procedure, office, &after, now)?;
        complete_visit(&mut change, procedure, step, (visit, outcome), command.note.clone()).await?;
        bring_documents(&mut change, procedure, step, (visit, outcome), &command.documents).await?;
        if let Some(given) = &command.disposition {
            let to_role = outcome.to.as_ref().and_then(|to| {
                act.caller().policy().roles(&change.row.office, &procedure.key, to, Action::Execute).first().cloned()
            });
            let to_role = to_role.ok_or_else(|| ServiceError::Internal("a disposition towards no role".to_owned()))?;
            let row = with_actor!(
                change.actor(),
                disposition::Model {
                    id: change.new_id(),
                    request_id: change.row.id,
                    office: change.row.office.clone(),
                    step: step.key.clone(),
                    visit,
                    to_role,
                    instruction: given.instruction.clone(),
                    urgency: given.urgency.word().to_owned(),
                    created_at: now,
                }
            );
            let id = row.id;
            change.dispose(row).await?;
            let step = Some(step.key.clone());
            let subject = RequestEventSubject { step, disposition: Some(id), ..Default::default() };
            change.append(RequestEventKind::Disposed, Audience::Office, subject).await?;
        }
        let provisioning = Provisioning {
            entry: &entry,
            step,
            outcome,
            stages: (before.asset, after.asset),
            given: command.asset.as_ref(),
            documents: &command.documents,
            recipient: command.recipient,
            receivers: act.caller().policy().roles(&change.row.office, &procedure.key, &step.key, Action::Receive),
        };
        self.provision(&mut change, provisioning).await?;
        begin_next_visit(&mut change, procedure, office, &after).await?;
        let (id, saved) = (change.row.id, change.save().await?);
        act.conclude(saved, id).await
    }
}

/// Validates the input, and collects every error.
fn validate(mut command: ExecuteStep, today: NaiveDate) -> ServiceResult<ExecuteStep> {
    let mut errors = InputErrors::default();
    command.note = errors.optional_prose(&["note"], command.note.as_deref());
    if let Some(given) = &mut command.disposition {
        given.instruction = errors.prose(&["disposition", "instruction"], &given.instruction);
    }
    let mut kinds = BTreeSet::new();
    for (index, document) in command.documents.iter_mut().enumerate() {
        let index = index.to_string();
        if !kinds.insert(document.kind.clone()) {
            errors.invalid(&["documents", &index, "kind"], "Each kind of document comes once.");
        }
        document.title = errors.line(&["documents", &index, "title"], &document.title);
        document.number = errors.optional_line(&["documents", &index, "number"], document.number.as_deref());
        if let Some(date) = document.date {
            errors.day(&["documents", &index, "date"], date, today);
        }
    }
    if let Some(asset) = &mut command.asset {
        asset.attributes = canonical(std::mem::take(&mut asset.attributes));
        let mut path = vec!["asset".to_owned(), "attributes".to_owned()];
        errors.texts(UserErrorCode::InvalidInput, &mut path, &asset.attributes);
        if let Some(secret) = &asset.secret {
            errors.secret(&["asset", "secret"], secret);
        }
    }
    errors.into_result()?;
    Ok(command)
}

/// Adds the documents of an act, with its signatures: given by the act or carried over.
async fn bring_documents(
    change: &mut RequestChange<'_>,
    procedure: &Procedure,
    step: &Step,
    (visit, outcome): (i32, &Outcome),
    documents: &[NewDocument],
) -> ServiceResult<()> {
    let carried = match &outcome.carries {
        None => None,
        Some(carry) => {
            let all = store::documents_of(change.transaction(), &[change.row.id]).await?;
            all.into_iter().find(|document| document.current && document.kind == carry.from)
        }
    };
    for (index, given) in documents.iter().enumerate() {
        let takes_over = outcome.carries.as_ref().filter(|carry| carry.to == given.kind).and(carried.as_ref());
        if let Some(signed) = takes_over
            && signed.title != given.title
        {
            let message = say!("What was signed is what is sent: its title is “{title}”.", title = &signed.title);
            let path = ["documents", &index.to_string(), "title"];
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &path, message));
        }
        let row = with_actor!(
            change.actor(),
            document::Model {
                id: change.new_id(),
                request_id: change.row.id,
                kind: given.kind.clone(),
                title: given.title.clone(),
                number: given.number.clone(),
                date: given.date,
                step: step.key.clone(),
                visit,
                current: true,
                added_at: change.now(),
            }
        );
        let id = row.id;
        let digest = digest(&row);
        change.add_document(row).await?;
        let audience = document_audience(procedure, &given.kind);
        let subject = RequestEventSubject {
            step: Some(step.key.clone()),
            document: Some(id),
            record: Some(given.kind.clone()),
            ..Default::default()
        };
        change.append(RequestEventKind::DocumentAdded, audience, subject.clone()).await?;
        if outcome.signs.contains(&given.kind) {
            change
                .add_signature(with_actor!(
                    change.actor(),
                    signature::Model {
                        id: change.new_id(),
                        document_id: id,
                        at: change.now(),
                        decision: Decision::Sign.word().to_owned(),
                        note: None,
                        digest,
                    }
                ))
                .await?;
            change.append(RequestEventKind::DocumentSigned, audience, subject).await?;
        }
        if let Some(signed) = takes_over {
            for signature in store::signatures_of(change.transaction(), &[signed.id]).await? {
                let copy = signature::Model { id: change.new_id(), document_id: id, ..signature };
                change.add_signature(copy).await?;
            }
        }
    }
    Ok(())
}
