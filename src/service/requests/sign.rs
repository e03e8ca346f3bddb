//! A signer's decision on a document, outside the numbered steps.

use entity::signature;
use uuid::Uuid;

use crate::access::{Action, Pass, Side};
use crate::event::RequestEventKind;
use crate::policy::Object;
use crate::service::requests::execute::digest;
use crate::service::requests::transition::{describe, document_audience};
use crate::service::validation::Faults;
use crate::service::{Answer, Refused, Service, SignDocument};
use crate::store::{self, Append, Change};
use crate::workflow::{self, Act, Decision, Refusal};

impl Service {
    /// Signs or refuses the current document of its kind.
    pub(in crate::service) async fn sign_document_once(&self, pass: Pass, command: SignDocument) -> Answer<Uuid> {
        let (transaction, caller) = self.begin_act(pass).await?;
        let not_found = || Refused::not_found(&["documentId"]);
        let found = store::document_by_id(&transaction, command.document).await?.map(|row| row.request_id);
        let seen = self.see_holder(&transaction, &caller, found, &["documentId"]).await;
        // What was found first only told whose it is: another may have taken its place before the request was locked.
        let document = store::document_by_id(&transaction, command.document).await;
        let (seen, document) = (seen?, document?.ok_or_else(not_found)?);
        let entry = self.entry_of(&seen.row)?.clone();
        let office = self.office_of(&seen.row)?;
        let procedure = &entry.procedure;
        let shown = procedure.is_for_applicant(&document.kind) && seen.row.finished_at.is_some();
        if seen.side() == Side::Applicant && !shown {
            return Err(not_found());
        }
        let refused = "You hold no role that signs this document.";
        // The step under way, if it has this kind signed; else any that does: may they, before is it time.
        let mut signed_at = procedure.steps.iter().filter(|step| step.signs.as_deref() == Some(&document.kind));
        let under_way = signed_at.clone().find(|step| seen.row.step.as_ref() == Some(&step.key));
        let step = under_way.or_else(|| signed_at.next()).ok_or_else(|| Refused::Forbidden(refused.into()))?;
        let object = Object::Step(&procedure.key, &step.key);
        let allowed = self.authorize(&transaction, &caller, seen, (object, Action::Sign), refused).await?;
        let decision = if command.decision == Decision::Sign { "SIGN" } else { "REFUSE" };
        let identity = serde_json::json!([command.document, decision, command.note]);
        let key = self.key(pass, "signDocument", command.idempotency_key.as_deref(), &identity)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        let mut faults = Faults::default();
        let note = command.note.filter(|note| !note.trim().is_empty()).map(|note| faults.prose(&["note"], &note));
        if command.decision == Decision::Refuse && note.is_none() {
            faults.invalid(&["note"], "A refusal says why.");
        }
        faults.settle()?;
        let explain = |refusals| Refused::from_refusals(procedure, refusals);
        if !document.current {
            return Err(explain(vec![Refusal::NothingToSign(document.kind)]));
        }
        let mut change = Change::open(&self.store, &transaction, &allowed, self.now());
        let act = Act::Sign { record: document.kind.clone(), decision: command.decision };
        let after = workflow::decide(procedure, &change.state()?, &act).map_err(explain)?;
        let now = change.now();
        describe(&mut change.row, procedure, office, &after, now)?;
        let actor = change.actor().clone();
        change
            .add_signature(signature::Model {
                id: store::new_id(now),
                document_id: document.id,
                at: now,
                decision: decision.to_owned(),
                note,
                digest: digest(&document),
                actor_user: actor.user,
                actor_role: actor.role,
                actor_capacity: actor.capacity.word().to_owned(),
                actor_for: actor.on_behalf_of,
            })
            .await?;
        let kind = if command.decision == Decision::Sign {
            RequestEventKind::DocumentSigned
        } else {
            RequestEventKind::DocumentRefused
        };
        let audience = Some(document_audience(procedure, &document.kind));
        change
            .append(Append {
                step: Some(step.key.clone()),
                document: Some(document.id),
                record: Some(document.kind),
                audience,
                ..Append::new(kind)
            })
            .await?;
        let saved = change.save().await?;
        self.conclude(transaction, &caller, saved, &key, document.id).await
    }
}
