//! That a person has read a disposition.

use entity::disposition_read;
use uuid::Uuid;

use crate::access::{Action, Pass, Side};
use crate::event::RequestEventKind;
use crate::policy::Object;
use crate::procedure::Requirement;
use crate::service::{Answer, Refused, Service};
use crate::store::{self, Append, Change};

impl Service {
    /// Notes that the caller, as the role it is for, has read a disposition; a second time changes nothing.
    pub(in crate::service) async fn read_disposition_once(&self, pass: Pass, disposition: Uuid) -> Answer<Uuid> {
        let (transaction, caller) = self.begin_act(pass).await?;
        let not_found = || Refused::not_found(&["dispositionId"]);
        let row = store::disposition_by_id(&transaction, disposition).await?;
        let found = row.as_ref().map(|row| row.request_id);
        let seen = self.see_holder(&transaction, &caller, found, &["dispositionId"]).await?;
        let row = row.ok_or_else(not_found)?;
        if seen.side() == Side::Applicant {
            return Err(not_found());
        }
        let entry = self.entry_of(&seen.row)?.clone();
        let procedure = &entry.procedure;
        let refused = "This disposition is for another role.";
        // A disposition is for whoever executes the step that an outcome with one led to.
        let given_at = procedure.step(&row.step).into_iter().flat_map(|step| &step.outcomes);
        let led_to = given_at.filter(|outcome| outcome.disposition != Requirement::None);
        let target = led_to.filter_map(|outcome| outcome.to.as_deref()).find(|step| {
            caller.policy().roles(&row.office, &procedure.key, step, Action::Execute).contains(&row.to_role)
        });
        let object = Object::Step(&procedure.key, target.ok_or_else(|| Refused::Forbidden(refused.into()))?);
        let allowed = self.authorize(&transaction, &caller, seen, (object, Action::Execute), refused).await?;
        let mut change = Change::open(&self.store, &transaction, &allowed, self.now());
        let actor = change.actor().clone();
        let read = disposition_read::Model {
            disposition_id: row.id,
            at: change.now(),
            actor_user: actor.user,
            actor_role: actor.role,
            actor_capacity: actor.capacity.word().to_owned(),
            actor_for: actor.on_behalf_of,
        };
        if change.read_disposition(read).await? {
            let step = Some(row.step);
            change
                .append(Append { step, disposition: Some(row.id), ..Append::new(RequestEventKind::DispositionRead) })
                .await?;
            change.save().await?;
            self.commit(transaction).await?;
        }
        Ok(row.id)
    }
}
