//! Submission of a request, and resubmission of a returned one.

use chrono::Datelike;
use entity::{request, submission};
use uuid::Uuid;

use crate::access::{Action, Grant, Pass};
use crate::event::{Audience, RequestEventKind, RequestEventSubject};
use crate::policy::Object;
use crate::procedure::{Outcome, Step};
use crate::say;
use crate::service::requests::act::{ActMode, ActResult, OrderedAct, Proposed, Recalled};
use crate::service::requests::submission::{ValidatedSubmission, validate_submission};
use crate::service::requests::transition::{apply_state, begin_next_visit, complete_visit};
use crate::service::retry::with_retry;
use crate::service::{
    CallerWithPolicy, ProcedureEntry, ResubmitRequest, Service, ServiceError, ServiceResult, SubmitRequest,
    SubmittedLetter, UserErrorCode,
};
use crate::store::{self, NewRequest, RequestChange, Transaction, with_actor};
use crate::workflow::{self, Act};

/// The message for a caller without a role to submit.
const MAY_NOT_SUBMIT: &str = "You hold no role that may submit this request.";

impl Service {
    /// Submits a request.
    pub async fn submit_request(&self, pass: Pass, command: SubmitRequest, mode: ActMode) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_submit_request(pass, &command, mode)).await
    }

    async fn try_submit_request(&self, pass: Pass, command: &SubmitRequest, mode: ActMode) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let office = self.catalog.office(&command.office).ok_or_else(|| ServiceError::not_found(&["office"]))?;
        let today = office.today(self.now());
        let entry = self
            .catalog
            .in_force(&command.office, &command.procedure, today)
            .ok_or_else(|| ServiceError::not_found(&["procedure"]))?
            .clone();
        let procedure = &entry.procedure;
        let (step, outcome) = first(&entry)?;
        let agency = self.agency_for(act.transaction(), act.caller(), command, &step.key).await?;
        let proposed = Proposed { office: &command.office, procedure: &command.procedure, agency };
        let object = Object::Step(&procedure.key, &step.key);
        let act = act.propose(proposed, (object, Action::Execute), MAY_NOT_SUBMIT)?;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.without_version(),
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        if command.procedure_version.is_some_and(|version| u32::try_from(version) != Ok(procedure.version)) {
            let message = say!("Version {version} is in force now. Read the form again.", version = procedure.version);
            return Err(ServiceError::user(UserErrorCode::ProcedureChanged, &["procedureVersion"], message));
        }
        let papers = validate_submission(&entry, &command.letter, &command.contact, &command.details, today)?;

        let now = self.now();
        let year = now.with_timezone(&office.office.time_zone).year();
        let number = store::next_number(act.transaction(), &command.office, &command.procedure, year).await?;
        let state = workflow::submit(procedure).ok_or_else(|| ServiceError::Internal("no first step".to_owned()))?;
        let number = office.office.request_number(&procedure.code, year, number);
        let mut row = request::Model {
            id: self.store.new_id(now),
            number,
            office: command.office.clone(),
            procedure: procedure.key.clone(),
            procedure_version: i32::try_from(procedure.version).unwrap_or(i32::MAX),
            agency_id: agency,
            submitted_by: pass.user,
            letter_number: String::new(),
            letter_date: papers.letter.date,
            confidentiality: String::new(),
            search: String::new(),
            status: String::new(),
            reason: None,
            step: None,
            executable: false,
            signable: false,
            waiting_since: None,
            due_at: None,
            version: 0,
            submitted_at: now,
            updated_at: now,
            finished_at: None,
            state: String::new(),
            last_sequence: 0,
            last_mac: Vec::new(),
            row_mac: Vec::new(),
        };
        take_letter(&mut row, &papers.letter);
        apply_state(&mut row, procedure, office, &state, now)?;
        let id = row.id;
        let mut change = act.begin_request(NewRequest { row });
        let submission = submission_row(&change, 1, papers);
        change.submit(submission).await?;
        let subject = RequestEventSubject { step: Some(step.key.clone()), ..Default::default() };
        change.append(RequestEventKind::Submitted, Audience::Applicant, subject).await?;
        // The first visit is over as it begins.
        change.arrive(first_visit(&change, &step.key, outcome, now)).await?;
        complete_visit(&mut change, procedure, step, (1, outcome), None).await?;
        begin_next_visit(&mut change, procedure, office, &state).await?;
        let saved = change.save().await?;
        act.conclude(saved, id).await
    }

    /// Completes a returned request.
    pub async fn resubmit_request(
        &self,
        pass: Pass,
        command: ResubmitRequest,
        mode: ActMode,
    ) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_resubmit_request(pass, &command, mode)).await
    }

    async fn try_resubmit_request(
        &self,
        pass: Pass,
        command: &ResubmitRequest,
        mode: ActMode,
    ) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let act = act.see_request(command.request, &["requestId"]).await?;
        let entry = self.entry_of(&act.seen().row)?.clone();
        let office = self.office_of(&act.seen().row)?;
        let procedure = &entry.procedure;
        let (step, outcome) = first(&entry)?;
        let act = act.authorize_submitter((Object::Step(&procedure.key, &step.key), Action::Execute)).await?;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.expect_version(command.expected_version)?,
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        let mut change = act.change();
        let before = change.state()?;
        let after = workflow::decide(procedure, &before, &Act::Resubmit)
            .map_err(|refusals| ServiceError::from_refusals(procedure, refusals))?;
        let today = office.today(self.now());
        let papers = validate_submission(&entry, &command.letter, &command.contact, &command.details, today)?;
        if change.row.submitted_by != pass.user && papers.letter.confidentiality.is_closed() {
            let message = "You complete a colleague's request: as a secret one it would be hidden from you. Only its \
                 submitter may make it secret.";
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &["letter", "confidentiality"], message));
        }

        let now = change.now();
        let visit = before.at.as_ref().map_or(1, |current| current.visit);
        take_letter(&mut change.row, &papers.letter);
        change.row.reason = None;
        apply_state(&mut change.row, procedure, office, &after, now)?;
        let submission = submission_row(&change, visit, papers);
        change.submit(submission).await?;
        let subject = RequestEventSubject { step: Some(step.key.clone()), ..Default::default() };
        change.append(RequestEventKind::Resubmitted, Audience::Applicant, subject).await?;
        complete_visit(&mut change, procedure, step, (visit, outcome), None).await?;
        begin_next_visit(&mut change, procedure, office, &after).await?;
        let (id, saved) = (change.row.id, change.save().await?);
        act.conclude(saved, id).await
    }

    /// Returns the agency of the caller's submission.
    async fn agency_for(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        command: &SubmitRequest,
        step: &str,
    ) -> ServiceResult<Uuid> {
        let may = |grant: &&Grant| {
            let object = Object::Step(&command.procedure, step);
            let chosen = caller.pass.acting_as.is_none_or(|chosen| chosen == grant.id);
            chosen && caller.policy().allows(&grant.role, &command.office, object, Action::Execute)
        };
        let mut agencies: Vec<Uuid> =
            caller.grants_in(&command.office).filter(may).filter_map(|grant| grant.agency).collect();
        agencies.sort();
        agencies.dedup();
        if agencies.is_empty() {
            return Err(ServiceError::Forbidden(MAY_NOT_SUBMIT.into()));
        }
        // A deactivated agency submits nothing.
        let in_service = store::agencies(transaction, &agencies).await?;
        agencies.retain(|id| in_service.iter().any(|row| row.id == *id && row.deactivated_at.is_none()));
        if agencies.is_empty() {
            return Err(ServiceError::Forbidden("Your agency was put out of service: it submits nothing more.".into()));
        }
        let Some(wanted) = &command.agency else {
            return match agencies[..] {
                [only] => Ok(only),
                _ => {
                    let message = "You may submit for several agencies: say for which.";
                    Err(ServiceError::user(UserErrorCode::InvalidInput, &["agency"], message))
                }
            };
        };
        let rows = store::agencies(transaction, &agencies).await?;
        let found = rows.into_iter().find(|row| row.key == *wanted).map(|row| row.id);
        found.ok_or_else(|| ServiceError::not_found(&["agency"]))
    }
}

fn first(entry: &ProcedureEntry) -> ServiceResult<(&Step, &Outcome)> {
    let step = entry.procedure.first_step();
    step.and_then(|step| step.outcomes.first().map(|outcome| (step, outcome)))
        .ok_or_else(|| ServiceError::Internal("the procedure has no first step".to_owned()))
}

fn take_letter(row: &mut request::Model, letter: &SubmittedLetter) {
    row.letter_number.clone_from(&letter.number);
    row.letter_date = letter.date;
    letter.confidentiality.word().clone_into(&mut row.confidentiality);
    row.search = format!("{} {} {}", row.number, letter.number, letter.subject).to_lowercase();
}

fn submission_row(change: &RequestChange<'_>, sequence: i32, papers: ValidatedSubmission) -> submission::Model {
    with_actor!(
        change.actor(),
        submission::Model {
            request_id: change.row.id,
            sequence,
            at: change.now(),
            letter_number: papers.letter.number,
            letter_date: papers.letter.date,
            subject: papers.letter.subject,
            srikandi_reference: papers.letter.srikandi_reference,
            confidentiality: papers.letter.confidentiality.word().to_owned(),
            contact: papers.contact,
            details: papers.details,
        }
    )
}

fn first_visit(
    change: &RequestChange<'_>,
    step: &str,
    outcome: &Outcome,
    now: chrono::DateTime<chrono::Utc>,
) -> entity::visit::Model {
    with_actor!(
        change.actor(),
        entity::visit::Model {
            id: change.new_id(),
            request_id: change.row.id,
            position: 1,
            step: step.to_owned(),
            visit: 1,
            arrived_at: now,
            due_at: None,
            completed_at: Some(now),
            outcome: Some(outcome.key.clone()),
            note: None,
        }
    )
}
