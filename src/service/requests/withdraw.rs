//! Taking a request back, while nothing has been provisioned.

use uuid::Uuid;

use crate::access::{Action, Pass};
use crate::event::Audience;
use crate::policy::Object;
use crate::service::requests::asset::free;
use crate::service::requests::transition::{arrive, describe, expect_version};
use crate::service::validation::Faults;
use crate::service::{Answer, Refused, Service, WithdrawRequest};
use crate::store::{self, Change};
use crate::workflow::{self, Act};

impl Service {
    /// Takes a request back; a reservation is freed.
    pub(in crate::service) async fn withdraw_request_once(&self, pass: Pass, command: WithdrawRequest) -> Answer<Uuid> {
        let (transaction, caller) = self.begin_act(pass).await?;
        let seen = self.see(&transaction, &caller, command.request, &["requestId"]).await?;
        let entry = self.entry_of(&seen.row)?.clone();
        let office = self.office_of(&seen.row)?;
        let procedure = &entry.procedure;
        let allowed =
            self.as_submitter(&transaction, &caller, seen, Object::Procedure(&procedure.key), Action::Withdraw).await?;
        let identity = serde_json::json!([command.request, command.reason, command.expected_version]);
        let key = self.key(pass, "withdrawRequest", command.idempotency_key.as_deref(), &identity)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        expect_version(&allowed.row, command.expected_version)?;
        let mut faults = Faults::default();
        let reason = faults.prose(&["reason"], &command.reason);
        faults.settle()?;
        let mut change = Change::open(&self.store, &transaction, &allowed, self.now());
        let after = workflow::decide(procedure, &change.state()?, &Act::Withdraw)
            .map_err(|refusals| Refused::from_refusals(procedure, refusals))?;
        let now = change.now();
        change.row.reason = Some(reason.clone());
        describe(&mut change.row, procedure, office, &after, now)?;
        if let Some(held) = store::assets_of(&transaction, &[change.row.id]).await?.pop() {
            free(&mut change, held, Some(reason), Audience::Office).await?;
        }
        arrive(&mut change, procedure, office, &after).await?;
        let (id, saved) = (change.row.id, change.save().await?);
        self.conclude(transaction, &caller, saved, &key, id).await
    }
}
