//! The order of an act as types: see the request, authorize, recall the idempotency key, expect a version, change, conclude.
//!
//! Each step consumes the act and returns its next state, and only the last one opens a [`RequestChange`]: an act with a forgotten or
//! misordered step does not compile. Acts without an idempotency key or an expected version say so.
//!
//! ```text
//! Begun → see_* → Visible → authorize → Allowed → recall → Keyed → expect_version → Ready → change, conclude → ActResult
//! Begun → propose (a new request) → Allowed
//! ```

use std::sync::Arc;

use entity::{asset, document};
use uuid::Uuid;

use super::dry_run::{Preview, roll_back};
use crate::access::{Action, Authorized, Pass, Performed, Seen, Subject};
use crate::language::Text;
use crate::policy::Object;
use crate::say;
use crate::service::idempotency::{IdempotencyKey, IdempotentCommand};
use crate::service::{CallerWithPolicy, ProcedureEntry, Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{NewRequest, RequestChange, SavedRequest, SeenRequest, Transaction};

/// Commit or dry run (`validateOnly`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActMode {
    /// Commit the act.
    Commit,
    /// Roll the act back, and preview its effect.
    ValidateOnly,
}

impl ActMode {
    /// Returns the mode for an input's `validateOnly`.
    pub fn from_validate_only(validate_only: Option<bool>) -> Self {
        if validate_only == Some(true) { Self::ValidateOnly } else { Self::Commit }
    }
}

/// The result of an act.
#[derive(Debug)]
pub enum ActResult<T = Uuid> {
    /// The act is committed.
    Committed(T),
    /// The act was rolled back (`validateOnly`); its effect.
    Previewed(Box<Preview>),
}

/// A request to be submitted, as the subject of the policy's decision.
pub(super) struct Proposed<'a> {
    pub(super) office: &'a str,
    pub(super) procedure: &'a str,
    pub(super) agency: Uuid,
}

impl Subject for Proposed<'_> {
    fn office(&self) -> &str {
        self.office
    }

    fn procedure(&self) -> Option<&str> {
        Some(self.procedure)
    }

    fn agency(&self) -> Option<Uuid> {
        Some(self.agency)
    }
}

/// An act within its writing transaction, in a state of its order.
pub(super) struct OrderedAct<'s, S> {
    service: &'s Service,
    transaction: Transaction,
    caller: CallerWithPolicy,
    mode: ActMode,
    state: S,
}

/// State: the caller's grants are read in the transaction.
pub(super) struct Begun;

/// State: the caller sees the request, and its row is locked.
pub(super) struct Visible {
    seen: Seen<SeenRequest>,
}

/// State: a policy line allows the act.
pub(super) struct Allowed<T> {
    proof: Authorized<T>,
}

/// State: the idempotency key is new.
pub(super) struct Keyed<T> {
    proof: Authorized<T>,
    key: Option<IdempotencyKey>,
}

/// State: the request is at the client's version.
pub(super) struct Ready<T> {
    proof: Authorized<T>,
    key: Option<IdempotencyKey>,
}

/// The answer to an idempotency key.
#[expect(clippy::large_enum_variant, reason = "matched where it is returned, and never stored")]
pub(super) enum Recalled<'s, T> {
    /// A new key: go on.
    New(OrderedAct<'s, Keyed<T>>),
    /// An earlier call with the same key and input did this.
    Done(Uuid),
}

impl<'s> OrderedAct<'s, Begun> {
    /// Begins an act by a session or by an API key with the scope to act.
    pub(super) async fn begin(service: &'s Service, pass: Pass, mode: ActMode) -> ServiceResult<Self> {
        let (transaction, caller) = service.begin_act(pass).await?;
        Ok(Self { service, transaction, caller, mode, state: Begun })
    }

    /// Begins an act closed to API keys.
    pub(super) async fn begin_without_api_keys(service: &'s Service, pass: Pass, mode: ActMode) -> ServiceResult<Self> {
        let (transaction, caller) = service.begin(pass).await?;
        Ok(Self { service, transaction, caller, mode, state: Begun })
    }

    /// Locks and reads a request visible to the caller.
    pub(super) async fn see_request(self, request: Uuid, path: &[&str]) -> ServiceResult<OrderedAct<'s, Visible>> {
        let seen = self.service.see(&self.transaction, &self.caller, request, path).await?;
        Ok(self.into_state(Visible { seen }).0)
    }

    /// Locks and reads the request of a part, even of an unknown one (see [`Service::see_holder`]).
    pub(super) async fn see_holder(
        self,
        request: Option<Uuid>,
        path: &[&str],
    ) -> ServiceResult<OrderedAct<'s, Visible>> {
        let seen = self.service.see_holder(&self.transaction, &self.caller, request, path).await?;
        Ok(self.into_state(Visible { seen }).0)
    }

    /// Locks and reads the request of an asset, and authorizes an action on it by the policy. `refused`: the message for a caller
    /// without a role for it.
    pub(super) async fn authorize_on_asset(
        self,
        id: Uuid,
        action: Action,
        refused: &'static str,
    ) -> ServiceResult<(OrderedAct<'s, Allowed<SeenRequest>>, asset::Model, Arc<ProcedureEntry>)> {
        let (seen, row) = self.service.see_asset(&self.transaction, &self.caller, id).await?;
        let entry = self.service.entry_of(&seen.row)?.clone();
        let act = self.into_state(Visible { seen }).0;
        let act = act.authorize((Object::Procedure(&entry.procedure.key), action), refused).await?;
        Ok((act, row, entry))
    }

    /// Locks and reads the request of a document, with the document.
    pub(super) async fn see_document(self, id: Uuid) -> ServiceResult<(OrderedAct<'s, Visible>, document::Model)> {
        let (seen, row) = self.service.see_document(&self.transaction, &self.caller, id).await?;
        Ok((self.into_state(Visible { seen }).0, row))
    }

    /// Authorizes the submission of a new request.
    pub(super) fn propose<'p>(
        self,
        proposed: Proposed<'p>,
        right: (Object<'_>, Action),
        refused: &'static str,
    ) -> ServiceResult<OrderedAct<'s, Allowed<Proposed<'p>>>> {
        // A new request has no steps for a separation of duties to compare.
        let performed = Performed::default();
        let proof = self.service.prove(&self.caller, proposed, right, Some(&performed), refused)?;
        Ok(self.into_state(Allowed { proof }).0)
    }
}

impl<'s> OrderedAct<'s, Visible> {
    /// The request, as the caller sees it.
    pub(super) fn seen(&self) -> &Seen<SeenRequest> {
        &self.state.seen
    }

    /// Authorizes the act by the policy. `refused`: the message for a caller without a role for it.
    pub(super) async fn authorize(
        self,
        right: (Object<'_>, Action),
        refused: impl Into<Text>,
    ) -> ServiceResult<OrderedAct<'s, Allowed<SeenRequest>>> {
        let (act, Visible { seen }) = self.into_state(());
        let proof = act.service.authorize(&act.transaction, &act.caller, seen, right, refused).await?;
        Ok(act.into_state(Allowed { proof }).0)
    }

    /// Authorizes the caller as the request's submitter: its own one, or a colleague once that person may no longer submit.
    pub(super) async fn authorize_submitter(
        self,
        right: (Object<'_>, Action),
    ) -> ServiceResult<OrderedAct<'s, Allowed<SeenRequest>>> {
        let refused = "Only the submitter of this request may do this.";
        let seen = self.seen();
        if seen.row.submitted_by != self.caller.pass.user && seen.submitter_active {
            return Err(ServiceError::Forbidden(refused.into()));
        }
        self.authorize(right, refused).await
    }
}

impl<'s, T: Subject> OrderedAct<'s, Allowed<T>> {
    /// Looks up the command's idempotency key. A dry run only validates it.
    pub(super) async fn recall(self, command: &impl IdempotentCommand) -> ServiceResult<Recalled<'s, T>> {
        let (act, Allowed { proof }) = self.into_state(());
        let key = act.service.idempotency_key(act.caller.pass, command)?;
        if act.mode == ActMode::Commit
            && let Some(done) = act.service.recall(&act.transaction, act.caller.pass.user, &key).await?
        {
            return Ok(Recalled::Done(done));
        }
        Ok(Recalled::New(act.into_state(Keyed { proof, key: Some(key) }).0))
    }

    /// Goes on without an idempotency key: repeating the act changes nothing.
    pub(super) fn without_key(self) -> OrderedAct<'s, Keyed<T>> {
        let (act, Allowed { proof }) = self.into_state(());
        act.into_state(Keyed { proof, key: None }).0
    }
}

impl<'s> OrderedAct<'s, Keyed<SeenRequest>> {
    /// Refuses when the request has moved on since the client read it (optimistic concurrency).
    pub(super) fn expect_version(self, expected: i32) -> ServiceResult<OrderedAct<'s, Ready<SeenRequest>>> {
        let version = self.state.proof.row.version;
        if version != expected {
            let message = say!(
                "The request is at version {version}, not {expected}. Read it again and decide anew.",
                version,
                expected
            );
            return Err(ServiceError::user(UserErrorCode::StaleVersion, &["expectedVersion"], message));
        }
        Ok(self.without_version())
    }
}

impl<'s, T: Subject> OrderedAct<'s, Keyed<T>> {
    /// Goes on without an expected version: the act is on something other than the request's step.
    pub(super) fn without_version(self) -> OrderedAct<'s, Ready<T>> {
        let (act, Keyed { proof, key }) = self.into_state(());
        act.into_state(Ready { proof, key }).0
    }
}

impl OrderedAct<'_, Ready<SeenRequest>> {
    /// Opens the request for changes.
    pub(super) fn change(&self) -> RequestChange<'_> {
        RequestChange::open(&self.service.store, &self.transaction, &self.state.proof, self.service.now())
    }
}

impl OrderedAct<'_, Ready<Proposed<'_>>> {
    /// Begins the new request.
    pub(super) fn begin_request(&self, new: NewRequest) -> RequestChange<'_> {
        let now = new.row.submitted_at;
        RequestChange::begin(&self.service.store, &self.transaction, &self.state.proof, new, now)
    }
}

impl<T> OrderedAct<'_, Ready<T>> {
    /// Remembers the idempotency key and commits; a dry run rolls back and returns the preview.
    pub(super) async fn conclude(self, saved: SavedRequest, result: Uuid) -> ServiceResult<ActResult> {
        let (act, Ready { key, .. }) = self.into_state(());
        if act.mode == ActMode::ValidateOnly {
            let preview = act.service.preview(&act.transaction, &act.caller, saved).await?;
            roll_back(act.transaction).await?;
            return Ok(ActResult::Previewed(Box::new(preview)));
        }
        if let Some(key) = &key {
            act.service.remember(&act.transaction, act.caller.pass.user, key, result).await?;
        }
        act.service.commit(act.transaction).await?;
        Ok(ActResult::Committed(result))
    }
}

impl<'s, S> OrderedAct<'s, S> {
    /// The writing transaction.
    pub(super) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The caller with their policy.
    pub(super) fn caller(&self) -> &CallerWithPolicy {
        &self.caller
    }

    fn into_state<N>(self, next: N) -> (OrderedAct<'s, N>, S) {
        let Self { service, transaction, caller, mode, state } = self;
        (OrderedAct { service, transaction, caller, mode, state: next }, state)
    }
}
