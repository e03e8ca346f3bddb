//! Read receipts of dispositions.

use entity::disposition_read;
use uuid::Uuid;

use crate::access::{Action, Pass, Side};
use crate::event::{Audience, RequestEventKind, RequestEventSubject};
use crate::policy::Object;
use crate::procedure::Requirement;
use crate::service::requests::act::{ActMode, OrderedAct};
use crate::service::retry::with_retry;
use crate::service::{Service, ServiceError, ServiceResult};
use crate::store::{self, with_actor};

impl Service {
    /// Records the caller's reading of a disposition for their role; a second time changes nothing.
    pub async fn read_disposition(&self, pass: Pass, disposition: Uuid) -> ServiceResult<Uuid> {
        with_retry(&self.store, || self.try_read_disposition(pass, disposition)).await
    }

    async fn try_read_disposition(&self, pass: Pass, disposition: Uuid) -> ServiceResult<Uuid> {
        let act = OrderedAct::begin(self, pass, ActMode::Commit).await?;
        let not_found = || ServiceError::not_found(&["dispositionId"]);
        let row = store::disposition_by_id(act.transaction(), disposition).await?;
        let found = row.as_ref().map(|row| row.request_id);
        let act = act.see_holder(found, &["dispositionId"]).await?;
        let row = row.ok_or_else(not_found)?;
        if act.seen().side() == Side::Applicant {
            return Err(not_found());
        }
        let entry = self.entry_of(&act.seen().row)?.clone();
        let procedure = &entry.procedure;
        let refused = "This disposition is for another role.";
        // A disposition is for the performers of the next step.
        let given_at = procedure.step(&row.step).into_iter().flat_map(|step| &step.outcomes);
        let led_to = given_at.filter(|outcome| outcome.disposition != Requirement::None);
        let target = led_to.filter_map(|outcome| outcome.to.as_deref()).find(|step| {
            act.caller().policy().roles(&row.office, &procedure.key, step, Action::Execute).contains(&row.to_role)
        });
        let object = Object::Step(&procedure.key, target.ok_or_else(|| ServiceError::Forbidden(refused.into()))?);
        let act = act.authorize((object, Action::Execute), refused).await?.without_key().without_version();
        let mut change = act.change();
        let read = with_actor!(change.actor(), disposition_read::Model { disposition_id: row.id, at: change.now() });
        if change.read_disposition(read).await? {
            let step = Some(row.step);
            let subject = RequestEventSubject { step, disposition: Some(row.id), ..Default::default() };
            change.append(RequestEventKind::DispositionRead, Audience::Office, subject).await?;
            let saved = change.save().await?;
            act.conclude(saved, row.id).await?;
        }
        Ok(row.id)
    }
}
