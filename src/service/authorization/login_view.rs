//! The visibility of a login, evaluated once for as long as neither the policy changes nor a grant begins or ends.

use std::sync::Arc;

use super::login_rights::{LoginRights, LoginView};
use crate::service::{CallerWithPolicy, Service, ServiceError, ServiceResult};

impl Service {
    /// The visibility of a login now. Refuses a person without the right to sign in.
    pub(in crate::service) fn login_view(&self, rights: &LoginRights) -> ServiceResult<Arc<LoginView>> {
        let (now, policy) = (self.now(), self.policy());
        let mut current = rights.current();
        let is_valid = |view: &&Arc<LoginView>| {
            view.viewing.now <= now
                && view.until.is_none_or(|until| now < until)
                && Arc::ptr_eq(view.caller.policy(), &policy)
        };
        if let Some(view) = current.view.as_ref().filter(is_valid) {
            return Ok(view.clone());
        }
        let caller = current.person_rights.caller(rights.pass, now).ok_or(ServiceError::Unauthenticated)?;
        let caller = CallerWithPolicy::new(caller, policy);
        let viewing = self.viewing(&caller);
        let view = LoginView {
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
