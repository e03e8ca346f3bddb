//! Withdrawal of a request before anything has been provisioned.

use crate::access::{Action, Pass};
use crate::event::Audience;
use crate::policy::Object;
use crate::service::requests::act::{ActMode, ActResult, OrderedAct, Recalled};
use crate::service::requests::asset::revoke;
use crate::service::requests::transition::{apply_state, begin_next_visit};
use crate::service::retry::with_retry;
use crate::service::validation::InputErrors;
use crate::service::{Service, ServiceError, ServiceResult, WithdrawRequest};
use crate::store;
use crate::workflow::{self, Act};

impl Service {
    /// Takes a request back; a reservation is freed.
    pub async fn withdraw_request(
        &self,
        pass: Pass,
        command: WithdrawRequest,
        mode: ActMode,
    ) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_withdraw_request(pass, &command, mode)).await
    }

    async fn try_withdraw_request(
        &self,
        pass: Pass,
        command: &WithdrawRequest,
        mode: ActMode,
    ) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let act = act.see_request(command.request, &["requestId"]).await?;
        let entry = self.entry_of(&act.seen().row)?.clone();
        let office = self.office_of(&act.seen().row)?;
        let procedure = &entry.procedure;
        let act = act.authorize_submitter((Object::Procedure(&procedure.key), Action::Withdraw)).await?;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.expect_version(command.expected_version)?,
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        let mut errors = InputErrors::default();
        let reason = errors.prose(&["reason"], &command.reason);
        errors.into_result()?;
        let mut change = act.change();
        let after = workflow::decide(procedure, &change.state()?, &Act::Withdraw)
            .map_err(|refusals| ServiceError::from_refusals(procedure, refusals))?;
        let now = change.now();
        change.row.reason = Some(reason.clone());
        apply_state(&mut change.row, procedure, office, &after, now)?;
        if let Some(held) = store::assets_of(act.transaction(), &[change.row.id]).await?.pop() {
            revoke(&mut change, held, Some(reason), Audience::Office).await?;
        }
        begin_next_visit(&mut change, procedure, office, &after).await?;
        let (id, saved) = (change.row.id, change.save().await?);
        act.conclude(saved, id).await
    }
}
