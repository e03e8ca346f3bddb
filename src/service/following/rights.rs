//! Rights of followers: read again after a change of people, grants or the policy.

use std::sync::Arc;

use crate::access::Pass;
use crate::language::Language;
use crate::service::authorization::login_rights::{CurrentRights, LoginRights};
use crate::service::{Service, ServiceResult};
use crate::store::StoreError;

impl Service {
    /// Registers a follower, with their rights.
    pub(super) async fn register_follower(&self, pass: Pass) -> ServiceResult<Arc<LoginRights>> {
        // Registered before the reading: a later change of rights is noticed.
        let rights = self.followers.register(pass);
        if rights.current().version == 0 {
            let version = self.store.people_version().await?;
            let person_rights = self.store.person_rights(&[pass]).await?.remove(&pass);
            let mut current = rights.current();
            // The reader of the log may have been faster, and its reading is the newer one.
            if current.version == 0 {
                *current = CurrentRights { version, person_rights: person_rights.unwrap_or_default(), view: None };
            }
        }
        Ok(rights)
    }

    /// Reads the rights of all followers again, after the people table reached a version.
    pub(super) async fn refresh_followers(&self, version: i64) -> Result<(), StoreError> {
        let present = self.followers.present();
        let passes: Vec<Pass> = present.iter().map(|rights| rights.pass).collect();
        let mut people_rights = self.store.person_rights(&passes).await?;
        for rights in present {
            let person_rights = people_rights.remove(&rights.pass).unwrap_or_default();
            *rights.current() = CurrentRights { version, person_rights, view: None };
        }
        Ok(())
    }

    /// A follower's chosen language.
    pub(super) fn follower_language(&self, rights: &LoginRights) -> ServiceResult<Option<Language>> {
        Ok(self.login_view(rights)?.caller.language)
    }
}
