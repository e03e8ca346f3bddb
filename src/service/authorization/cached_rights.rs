//! Rights of callers, cached between queries. A query by cached rights is answered only if the version of people and grants, found by
//! its own statements, is still the one under which they were read.

use std::sync::Arc;

use super::login_rights::{CurrentRights, LoginRights, LoginView};
use crate::access::Pass;
use crate::service::{Service, ServiceError, ServiceResult};
use crate::store::{self, RightsCheck};

impl Service {
    /// Returns a caller's rights for a query, from the cache or read into it, with the check that must be confirmed before the query
    /// is answered. None without a cache, or for rights that are not cached: those of a person without grants.
    pub async fn cached_rights(&self, pass: Pass) -> ServiceResult<Option<(Arc<LoginView>, Arc<RightsCheck>)>> {
        let Some(cache) = self.cached_rights.as_deref() else { return Ok(None) };
        if let Some(rights) = cache.get(pass) {
            let check = RightsCheck::new(rights.current().version);
            return Ok(Some((self.login_view(&rights)?, Arc::new(check))));
        }
        let read = store::caller_rights(self.store.reader(), pass, self.now()).await?;
        let (person_rights, version) = read.ok_or(ServiceError::Unauthenticated)?;
        let Some(version) = version else { return Ok(None) };
        let rights = Arc::new(LoginRights::new(pass, CurrentRights { version, person_rights, view: None }));
        let view = self.login_view(&rights)?;
        cache.insert(pass, rights, &view);
        Ok(Some((view, Arc::new(RightsCheck::confirmed(version)))))
    }

    /// Confirms that the rights of a query were those in force at a moment of it. If not, the query is to be run again, by rights
    /// that are read for it.
    pub async fn confirm_rights(&self, check: &RightsCheck) -> ServiceResult<bool> {
        if !check.is_confirmed() {
            // No statement found the version: it is read now.
            check.note(self.store.people_version().await?);
        }
        let confirmed = check.is_confirmed();
        // A confirmed one is known, and may have changed while a long query ran.
        if let Some(cache) = self.cached_rights.as_deref().filter(|_| !confirmed) {
            cache.note(check.found());
        }
        Ok(confirmed)
    }
}
