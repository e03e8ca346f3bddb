//! Changing one's password.

use std::net::IpAddr;

use crate::access::Caller;
use crate::auth::Secret;
use crate::service::retry::with_retry;
use crate::service::validation::expect_password;
use crate::service::{Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{self, SessionSelection};

impl Service {
    /// Replaces the caller's password, after a check of the current one, and ends all their other sessions. A retry finds the new
    /// one in force, and does the same again.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Secret,
        new: Secret,
        address: Option<IpAddr>,
    ) -> ServiceResult<()> {
        expect_password(&["newPassword"], &new)?;
        let person = match self.identify_again(caller, current, address).await {
            Err(ServiceError::User(errors)) if errors.iter().any(|it| it.code == UserErrorCode::InvalidCredentials) => {
                // Whoever knows the password in force may set it: no right is added by this.
                self.identify_again(caller, new.clone(), address).await?
            }
            identified => identified?,
        };
        let hash = self.passwords.hash_in_background(new).await.map_err(ServiceError::Internal)?;
        with_retry(&self.store, || async {
            let (transaction, caller) = self.begin(caller.pass).await?;
            let person = self.lock_identified(&transaction, &person).await?;
            store::lock_rights(&transaction, caller.pass.user).await?;
            store::set_password(&transaction, person.id, hash.clone()).await?;
            let others = match caller.pass.session() {
                Some(kept) => SessionSelection::Others(person.id, kept),
                None => SessionSelection::All(person.id),
            };
            store::end_sessions(&transaction, others, self.now()).await?;
            self.commit_person(transaction).await
        })
        .await
    }

    /// Checks the caller's password again.
    pub(in crate::service) async fn identify_again(
        &self,
        caller: &Caller,
        password: Secret,
        address: Option<IpAddr>,
    ) -> ServiceResult<store::Person> {
        let person = self.store.people(&[caller.pass.user]).await?.pop().ok_or(ServiceError::Unauthenticated)?;
        self.identify(&person.username, password, address).await
    }
}
