//! Writing transactions of use cases: the caller's grants and the request are read, and locked, inside them.

use uuid::Uuid;

use crate::access::{KeyScope, Pass, Seen};
use crate::service::{CallerWithPolicy, Service, ServiceError, ServiceResult};
use crate::store::{self, SeenRequest, Transaction};

impl Service {
    /// Begins an act on requests or assets, by a session or by an API key with the scope to act.
    pub(super) async fn begin_act(&self, pass: Pass) -> ServiceResult<(Transaction, CallerWithPolicy)> {
        self.expect_scope(pass, KeyScope::Act, "This")?;
        self.begin_write(pass, None).await
    }

    /// Begins any other write, by a session and no API key.
    pub(super) async fn begin(&self, pass: Pass) -> ServiceResult<(Transaction, CallerWithPolicy)> {
        self.begin_in(pass, None).await
    }

    /// Begins a change of an office, with a lock on its people and grants.
    pub(super) async fn begin_in(
        &self,
        pass: Pass,
        office: Option<&str>,
    ) -> ServiceResult<(Transaction, CallerWithPolicy)> {
        if pass.key().is_some() {
            return Err(ServiceError::Forbidden("No API key may do this: sign in as a person.".into()));
        }
        self.begin_write(pass, office).await
    }

    /// Reads the caller's grants in the writing transaction, with a lock until its end. One policy decides the whole act.
    async fn begin_write(&self, pass: Pass, office: Option<&str>) -> ServiceResult<(Transaction, CallerWithPolicy)> {
        let transaction = self.store.begin().await?;
        if let Some(office) = office {
            store::lock_office(&transaction, office).await?;
        }
        store::lock_rights_shared(&transaction, pass.user).await?;
        let caller = store::caller(&transaction, pass, self.now()).await?.ok_or(ServiceError::Unauthenticated)?;
        Ok((transaction, CallerWithPolicy::new(caller, self.policy())))
    }

    /// Locks and reads a request visible to the caller. Its parts are read after the lock, so no other act changes them.
    pub(super) async fn see(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        request: Uuid,
        path: &[&str],
    ) -> ServiceResult<Seen<SeenRequest>> {
        let viewing = self.viewing(caller);
        store::lock_request(transaction, request).await?;
        store::see_request(transaction, &viewing, request).await?.ok_or_else(|| ServiceError::not_found(path))
    }

    /// Locks and reads the request of a document, asset or disposition. Without a request the query runs as well, so the time of
    /// the answer does not tell a hidden id from an unknown one.
    pub(super) async fn see_holder(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        request: Option<Uuid>,
        path: &[&str],
    ) -> ServiceResult<Seen<SeenRequest>> {
        self.see(transaction, caller, request.unwrap_or_default(), path).await
    }

    /// Commits, and waits for the positions of the new events in the log, so that a mutation's answer includes its own events.
    pub(super) async fn commit(&self, transaction: Transaction) -> ServiceResult<()> {
        Ok(store::commit(&self.store, transaction).await?)
    }

    /// Commits a change outside the event log, and notifies followers of possibly changed rights.
    pub(super) async fn commit_person(&self, transaction: Transaction) -> ServiceResult<()> {
        transaction.commit().await?;
        self.store.grown().notify_one();
        Ok(())
    }
}
