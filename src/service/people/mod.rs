//! An office's people, agencies and grants: each use case for two callers, an administrator whom a policy line lets and the
//! operator at the machine ([`Operator`]). Each change of an office is an event of its record.

mod agencies;
mod grants;
mod operator;
mod origin;
mod read;
mod users;

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::access::{Action, Authorized, Pass, WholeOffice};
use crate::policy::Object;
use crate::service::{Answer, CallerWithPolicy, OfficeEntry, Refused, Service};
use crate::store::{self, OfficeChange, Transaction};

pub use agencies::CreateAgency;
pub use grants::{GrantRole, RevokeGrant};
pub use operator::Operator;
pub use users::{CreateUser, NewPerson};

/// What an administrator reads whom no line lets.
const NOT_YOURS: &str = "You hold no role that may do this in this office.";

impl Service {
    /// The caller's proof that they may do this to an office as a whole. What is no office, and one where they hold nothing,
    /// are refused alike.
    fn administers(
        &self,
        caller: &CallerWithPolicy,
        office: &str,
        object: Object<'_>,
        action: Action,
    ) -> Answer<Authorized<WholeOffice>> {
        self.prove(caller, WholeOffice(office.to_owned()), (object, action), None, NOT_YOURS)
    }

    fn office_entry(&self, office: &str) -> Answer<&OfficeEntry> {
        self.catalog.office(office).ok_or_else(|| Refused::not_found(&["office"]))
    }

    /// Refuses what would leave an office without anybody who manages its people, now or once a grant has ended. After the change,
    /// before it commits.
    async fn expect_administrator(
        &self,
        change: &OfficeChange<'_>,
        caller: &CallerWithPolicy,
        office: &str,
        path: &[&str],
    ) -> Answer<()> {
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
        Err(Refused::user(crate::service::UserErrorCode::LastAdministrator, path, message))
    }

    /// Keeps the office from others while it is changed.
    async fn change_office<'a>(
        &'a self,
        transaction: &'a Transaction,
        allowed: &Authorized<WholeOffice>,
    ) -> Answer<OfficeChange<'a>> {
        Ok(OfficeChange::open(&self.store, transaction, allowed, self.now()).await?)
    }

    /// Begins an act on an office that the caller was allowed.
    async fn begin_for(
        &self,
        pass: Pass,
        office: &str,
        object: Object<'_>,
        action: Action,
    ) -> Answer<(Transaction, CallerWithPolicy, Authorized<WholeOffice>)> {
        let (transaction, caller) = self.begin_in(pass, Some(office)).await?;
        let allowed = self.administers(&caller, office, object, action)?;
        Ok((transaction, caller, allowed))
    }
}

/// A person who is nobody that the office knows.
fn nobody(path: &[&str]) -> Refused {
    Refused::not_found(path)
}

/// Whether an office knows a person: it added them, or they hold or held a grant there.
async fn is_known(transaction: &Transaction, office: &str, user: Uuid) -> Answer<Option<store::Person>> {
    Ok(store::office_people(transaction, office, Some(user)).await?.pop())
}
