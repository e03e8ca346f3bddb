//! The operator at the machine: changes people, agencies and grants by the same rules as administrators, without a
//! policy line.

use std::sync::Arc;

use uuid::Uuid;

use super::{CreateAgency, GrantRole, NewPerson, agencies, grants, users};
use crate::auth::{Passwords, Secret};
use crate::clock::Clock;
use crate::procedure::RoleSpec;
use crate::service::retry::with_retry;
use crate::service::validation::expect_password;
use crate::service::{ServiceError, ServiceResult};
use crate::store::{self, OfficeChange, Person, SessionSelection, Store, Transaction};

/// The operator, with the open database.
#[derive(Clone)]
pub struct Operator {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").finish_non_exhaustive()
    }
}

impl Operator {
    /// The operator of a database.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The person of a username.
    pub async fn person(&self, username: &str) -> ServiceResult<Option<Person>> {
        Ok(self.store.person_by_username(&users::normalize_username(username)).await?)
    }

    /// Adds an agency to an office. Returns its id.
    pub async fn create_agency(&self, new: CreateAgency) -> ServiceResult<Uuid> {
        with_retry(&self.store, || async {
            let transaction = self.store.begin().await?;
            let mut change = self.change_office(&transaction, &new.office).await?;
            let id = agencies::add(&mut change, &new).await?;
            change.save().await?;
            self.commit(transaction).await?;
            Ok(id)
        })
        .await
    }

    /// Adds a person without grants and without an office. Returns their id.
    pub async fn create_user(&self, new: &NewPerson<'_>, password: &Secret) -> ServiceResult<Uuid> {
        expect_password(&["password"], password)?;
        let hash = Passwords::hash(self.store.random(), password).map_err(ServiceError::Internal)?;
        with_retry(&self.store, || async {
            let transaction = self.store.begin().await?;
            let now = self.clock.now();
            let id = self.store.new_id(now);
            users::add(&transaction, id, new, None, hash.clone(), now).await?;
            self.commit(transaction).await?;
            Ok(id)
        })
        .await
    }

    /// Grants a role of an office. Returns the grant's id.
    pub async fn grant_role(&self, role: &RoleSpec, given: GrantRole) -> ServiceResult<Uuid> {
        with_retry(&self.store, || async {
            let transaction = self.store.begin().await?;
            let mut change = self.change_office(&transaction, &given.office).await?;
            let id = grants::add(&mut change, role, &given).await?;
            change.save().await?;
            self.commit(transaction).await?;
            Ok(id)
        })
        .await
    }

    /// Replaces an active person's password, and ends all their sessions.
    pub async fn set_password(&self, user: Uuid, password: &Secret) -> ServiceResult<()> {
        expect_password(&["password"], password)?;
        let hash = Passwords::hash(self.store.random(), password).map_err(ServiceError::Internal)?;
        with_retry(&self.store, || async {
            let transaction = self.store.begin().await?;
            store::lock_rights(&transaction, user).await?;
            users::expect_active(&transaction, user, &["username"]).await?;
            store::set_password(&transaction, user, hash.clone()).await?;
            store::end_sessions(&transaction, SessionSelection::All(user), self.clock.now()).await?;
            self.commit(transaction).await
        })
        .await
    }

    /// Removes an active person's authenticator: their password alone suffices.
    pub async fn disable_totp(&self, user: Uuid) -> ServiceResult<()> {
        with_retry(&self.store, || async {
            let transaction = self.store.begin().await?;
            users::expect_active(&transaction, user, &["username"]).await?;
            store::end_totp(&transaction, user).await?;
            self.commit(transaction).await
        })
        .await
    }

    /// Opens an office for the operator: the event has no actor, and the grants no giver.
    async fn change_office<'a>(
        &'a self,
        transaction: &'a Transaction,
        office: &str,
    ) -> ServiceResult<OfficeChange<'a>> {
        Ok(OfficeChange::by_operator(&self.store, transaction, office, self.clock.now()).await?)
    }

    async fn commit(&self, transaction: Transaction) -> ServiceResult<()> {
        Ok(store::commit(&self.store, transaction).await?)
    }
}
