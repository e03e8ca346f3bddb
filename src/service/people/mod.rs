//! An office's people, agencies and grants. Each use case has two callers: an administrator with a policy line, and the
//! operator at the machine ([`Operator`]). Each change is an event of the office's record.

mod agencies;
mod delegation;
mod grants;
mod operator;
mod read;
mod users;

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::access::{Action, Authorized, Pass, WholeOffice};
use crate::policy::Object;
use crate::service::{CallerWithPolicy, OfficeEntry, Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{self, OfficeChange, Transaction};

pub use agencies::CreateAgency;
pub use grants::{GrantRole, RevokeGrant};
pub use operator::Operator;
pub use users::{CreateUser, NewPerson};

/// The message for a caller without a policy line.
const NO_ROLE: &str = "You hold no role that may do this in this office.";

impl Service {
    /// Proves by the policy that the caller may act on an office. Unknown offices and offices of others get the same
    /// refusal.
    fn authorize_for_office(
        &self,
        caller: &CallerWithPolicy,
        office: &str,
        object: Object<'_>,
        action: Action,
    ) -> ServiceResult<Authorized<WholeOffice>> {
        self.prove(caller, WholeOffice(office.to_owned()), (object, action), None, NO_ROLE)
    }

    fn office_entry(&self, office: &str) -> ServiceResult<&OfficeEntry> {
        self.catalog.office(office).ok_or_else(|| ServiceError::not_found(&["office"]))
    }

    /// Refuses a change that leaves an office without an administrator, now or after the end of a grant. Runs after the
    /// change and before the commit.
    async fn expect_administrator(
        &self,
        change: &OfficeChange<'_>,
        caller: &CallerWithPolicy,
        office: &str,
        path: &[&str],
    ) -> ServiceResult<()> {
        let roles: BTreeSet<&str> = caller
            .policy()
            .lines()
            .iter()
            .filter(|line| line.office == office && (line.object(), line.action) == (Object::People, Action::Manage))
            .map(|line| line.role.as_str())
            .collect();
        if store::is_held_without_end(change.transaction(), office, roles, change.now()).await? {
            return Ok(());
        }
        let message = "Nobody would be left who manages this office's people without an end. Grant somebody else that role \
            first, without an end.";
        Err(ServiceError::user(UserErrorCode::LastAdministrator, path, message))
    }

    /// Locks the office, and opens it for changes.
    async fn change_office<'a>(
        &'a self,
        transaction: &'a Transaction,
        allowed: &Authorized<WholeOffice>,
    ) -> ServiceResult<OfficeChange<'a>> {
        Ok(OfficeChange::open(&self.store, transaction, allowed, self.now()).await?)
    }

    /// Begins an authorized act on an office.
    async fn begin_for_office(
        &self,
        pass: Pass,
        office: &str,
        object: Object<'_>,
        action: Action,
    ) -> ServiceResult<(Transaction, CallerWithPolicy, Authorized<WholeOffice>)> {
        let (transaction, caller) = self.begin_in(pass, Some(office)).await?;
        let allowed = self.authorize_for_office(&caller, office, object, action)?;
        Ok((transaction, caller, allowed))
    }
}

/// Returns a person known to an office: added by it, or with a grant there, past or current.
async fn known_person(transaction: &Transaction, office: &str, user: Uuid) -> ServiceResult<Option<store::Person>> {
    Ok(store::office_people(transaction, office, Some(user)).await?.pop())
}
