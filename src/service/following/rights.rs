//! Rights of followers: read again after a change of people, grants or the policy, and evaluated by the clock each time.

use std::sync::Arc;

use super::followers::{CurrentRights, FollowerRights, FollowerView};
use crate::access::Pass;
use crate::language::Language;
use crate::service::{CallerWithPolicy, Service, ServiceError, ServiceResult};
use crate::store::StoreError;

impl Service {
    /// Registers a follower, with their rights.
    pub(super) async fn register_follower(&self, pass: Pass) -> ServiceResult<Arc<FollowerRights>> {
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
    pub(super) fn follower_language(&self, rights: &FollowerRights) -> ServiceResult<Option<Language>> {
        Ok(self.follower_view(rights)?.caller.language)
    }

    /// A follower's visibility now. Refuses a person without the right to sign in.
    pub(super) fn follower_view(&self, rights: &FollowerRights) -> ServiceResult<Arc<FollowerView>> {
        let (now, policy) = (self.now(), self.policy());
        let mut current = rights.current();
        let is_valid = |view: &&Arc<FollowerView>| {
            view.until.is_none_or(|until| now < until) && Arc::ptr_eq(view.caller.policy(), &policy)
        };
        if let Some(view) = current.view.as_ref().filter(is_valid) {
            return Ok(view.clone());
        }
        let caller = current.person_rights.caller(rights.pass, now).ok_or(ServiceError::Unauthenticated)?;
        let caller = CallerWithPolicy::new(caller, policy);
        let viewing = self.viewing(&caller);
        let view = FollowerView {
            sees: viewing.visibility(),
            waiting: self.waiting(&caller),
            until: current.person_rights.next_change(now),
            viewing,
            caller,
        };
        let view = Arc::new(view);
        current.view = Some(view.clone());
        Ok(view)
    }
}
