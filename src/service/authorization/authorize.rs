//! Authorization of acts by the policy, and the messages of its refusals.

use crate::access::{Action, Authorized, Condition, Grant, Performed, Seen, Subject};
use crate::language::Text;
use crate::policy::{Denied, Object};
use crate::say;
use crate::service::CallerWithPolicy;
use crate::service::{OfficeEntry, Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{self, SeenRequest, Transaction};

impl Service {
    /// Proves by the policy that the caller may act on a request. `refused`: the message for a caller without a role
    /// for it.
    pub(in crate::service) async fn authorize(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        seen: Seen<SeenRequest>,
        (object, action): (Object<'_>, Action),
        refused: impl Into<Text>,
    ) -> ServiceResult<Authorized<SeenRequest>> {
        let performed = match caller.policy().separates_duties(&seen.row.office) {
            true => Some(store::performed(&store::visits_of(transaction, &[seen.row.id]).await?)),
            false => None,
        };
        self.prove(caller, seen.into_inner(), (object, action), performed.as_ref(), refused)
    }

    /// Proves by the policy that the caller may act on a subject.
    pub(in crate::service) fn prove<T: Subject>(
        &self,
        caller: &CallerWithPolicy,
        subject: T,
        (object, action): (Object<'_>, Action),
        performed: Option<&Performed>,
        refused: impl Into<Text>,
    ) -> ServiceResult<Authorized<T>> {
        let office = self.catalog.office(subject.office());
        caller.policy().authorize(caller, subject, object, action, performed).map_err(|denied| match denied {
            Denied::Nowhere { unmet: Some(condition), .. } => ServiceError::Forbidden(unmet(&condition)),
            Denied::Nowhere { .. } if caller.pass.acting_as.is_some() => {
                ServiceError::Forbidden("The grant that you chose in actingAs does not allow this.".into())
            }
            Denied::Nowhere { .. } => ServiceError::Forbidden(refused.into()),
            Denied::Several(grants) => {
                ServiceError::user(UserErrorCode::ActingAsNeeded, &["actingAs"], choose(office, &grants))
            }
        })
    }
}

/// The message for an unmet condition of an otherwise matching line.
fn unmet(condition: &Condition) -> Text {
    match condition {
        Condition::OtherThan(step) => {
            say!(
                "You ended step {step} of this request yourself: the office's policy leaves this to another person.",
                step
            )
        }
        Condition::Definitive => "The office's policy leaves this to a definitive official.".into(),
    }
}

/// The message for a caller with several matching grants: choose one.
fn choose(office: Option<&OfficeEntry>, grants: &[Grant]) -> Text {
    let name = |grant: &Grant| {
        let role = office.and_then(|entry| entry.office.roles.get(&grant.role));
        let role = role.map_or(grant.role.as_str(), |role| role.name.as_str());
        format!("{}{role}", grant.capacity.title())
    };
    let either = |one: Text, other: Text| say!("{one} or as {other}", one, other);
    let roles = grants.iter().map(name).map(Text::from).reduce(either).unwrap_or_else(|| Text::from(String::new()));
    say!("You may do this as {roles}: say which by the id of the grant.", roles)
}
