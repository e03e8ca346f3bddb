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
        let rights = match cache.get(pass) {
            Some(rights) => rights,
            None => {
                let read = store::caller_rights(self.store.reader(), pass, self.now()).await?;
                let (person_rights, version) = read.ok_or(ServiceError::Unauthenticated)?;
                let Some(version) = version else { return Ok(None) };
                let current = CurrentRights { version, person_rights, view: None };
                let rights = Arc::new(LoginRights::new(pass, current));
                cache.insert(pass, rights.clone());
                rights
            }
        };
        let version = rights.current().version;
        Ok(Some((self.login_view(&rights)?, Arc::new(RightsCheck::new(version)))))
    }

    /// Confirms that the rights of a query were those in force at a moment of it. If not, they leave the cache, and the query is to
    /// be run again.
    pub async fn confirm_rights(&self, pass: Pass, check: &RightsCheck) -> ServiceResult<bool> {
        if !check.is_confirmed() {
            // No statement found the version: it is read now.
            check.note(self.store.people_version().await?);
        }
        if check.is_confirmed() {
            return Ok(true);
        }
        if let Some(cache) = self.cached_rights.as_deref() {
            cache.remove(pass);
        }
        Ok(false)
    }
}
