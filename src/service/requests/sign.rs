//! Signature or refusal of a document, outside the numbered steps.

use entity::{document, signature};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::{Action, Pass, Seen};
use crate::event::{RequestEventKind, RequestEventSubject};
use crate::policy::Object;
use crate::service::requests::act::{ActMode, ActResult, OrderedAct, Recalled};
use crate::service::requests::transition::{apply_state, document_audience};
use crate::service::retry::with_retry;
use crate::service::validation::InputErrors;
use crate::service::{CallerWithPolicy, Service, ServiceError, ServiceResult, SignDocument};
use crate::store::{self, SeenRequest, Transaction, with_actor};
use crate::workflow::{self, Act, Decision, Refusal};

impl Service {
    /// Signs or refuses the current document of its kind.
    pub async fn sign_document(&self, pass: Pass, command: SignDocument, mode: ActMode) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_sign_document(pass, &command, mode)).await
    }

    async fn try_sign_document(&self, pass: Pass, command: &SignDocument, mode: ActMode) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let (act, document) = act.see_document(command.document).await?;
        let entry = self.entry_of(&act.seen().row)?.clone();
        let office = self.office_of(&act.seen().row)?;
        let procedure = &entry.procedure;
        let refused = "You hold no role that signs this document.";
        // The current step, if it signs this kind; else any such step: refusals for lack of a role come before those of
        // time.
        let mut signed_at = procedure.steps.iter().filter(|step| step.signs.as_deref() == Some(&document.kind));
        let under_way = signed_at.clone().find(|step| act.seen().row.step.as_ref() == Some(&step.key));
        let step = under_way.or_else(|| signed_at.next()).ok_or_else(|| ServiceError::Forbidden(refused.into()))?;
        let object = Object::Step(&procedure.key, &step.key);
        let act = act.authorize((object, Action::Sign), refused).await?;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.without_version(),
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        let mut errors = InputErrors::default();
        let note = errors.optional_prose(&["note"], command.note.as_deref());
        if command.decision == Decision::Refuse && note.is_none() {
            errors.invalid(&["note"], "A refusal says why.");
        }
        errors.into_result()?;
        let explain = |refusals| ServiceError::from_refusals(procedure, refusals);
        if !document.current {
            return Err(explain(vec![Refusal::NothingToSign(document.kind)]));
        }
        let mut change = act.change();
        let signing = Act::Sign { record: document.kind.clone(), decision: command.decision };
        let after = workflow::decide(procedure, &change.state()?, &signing).map_err(explain)?;
        let now = change.now();
        apply_state(&mut change.row, procedure, office, &after, now)?;
        change
            .add_signature(with_actor!(
                change.actor(),
                signature::Model {
                    id: change.new_id(),
                    document_id: document.id,
                    at: now,
                    decision: command.decision.word().to_owned(),
                    note,
                    digest: digest(&document),
                }
            ))
            .await?;
        let kind = if command.decision == Decision::Sign {
            RequestEventKind::DocumentSigned
        } else {
            RequestEventKind::DocumentRefused
        };
        let audience = document_audience(procedure, &document.kind);
        change
            .append(
                kind,
                audience,
                RequestEventSubject {
                    step: Some(step.key.clone()),
                    document: Some(document.id),
                    record: Some(document.kind),
                    ..Default::default()
                },
            )
            .await?;
        let saved = change.save().await?;
        act.conclude(saved, document.id).await
    }

    /// Locks and reads the request of a document visible to the caller, with the document.
    pub(super) async fn see_document(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        id: Uuid,
    ) -> ServiceResult<(Seen<SeenRequest>, document::Model)> {
        let not_found = || ServiceError::not_found(&["documentId"]);
        let found = store::document_by_id(transaction, id).await?.map(|row| row.request_id);
        let seen = self.see_holder(transaction, caller, found, &["documentId"]).await;
        // The first read found the request only: another act may have replaced the document before the lock.
        let document = store::document_by_id(transaction, id).await;
        let (seen, document) = (seen?, document?.ok_or_else(not_found)?);
        if !self.sees_document(&seen, &document) {
            return Err(not_found());
        }
        Ok((seen, document))
    }
}

/// Returns the digest of the signed content: the content's version, and SHA-256 in hex (`v2:…`).
///
/// Other content, as with files, takes another version. Digests without a version are older; theirs is the SHA-256 of
/// the same content.
pub(super) fn digest(document: &document::Model) -> String {
    let content = json!({
        "request": document.request_id,
        "kind": document.kind,
        "title": document.title,
        "number": document.number,
        "date": document.date,
        "step": document.step,
        "visit": document.visit,
    });
    let hex: String = Sha256::digest(content.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v2:{hex}")
}
