//! Delegation chains: prevents a person from granting themselves a role through administrators appointed by them, directly or not.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::access::{Action, WholeOffice};
use crate::policy::{Object, Policy};
use crate::service::{CallerWithPolicy, Service, ServiceResult};
use crate::store::{self, Transaction};

/// An office's grants with the right to grant, and the giver of each.
struct DelegationChain {
    /// The holder of each grant.
    holders: HashMap<Uuid, Uuid>,
    /// The giver of each grant; none for the operator.
    grantors: HashMap<Uuid, Uuid>,
}

impl Service {
    /// Whether each of the caller's rights to grant a role comes from a person, directly or through others.
    pub(super) async fn depends_on_grants_from(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        (office, role): (&str, Object<'_>),
        person: Uuid,
    ) -> ServiceResult<bool> {
        let subject = WholeOffice(office.to_owned());
        let Ok(grants) = caller.policy().grants(caller, &subject, role, Action::Grant, None) else { return Ok(false) };
        let given = store::office_grants(transaction, office).await?;
        let holders = given.into_iter().filter(|(_, grant)| can_grant(caller.policy(), office, &grant.role));
        let chain = DelegationChain {
            holders: holders.map(|(holder, grant)| (grant.id, holder)).collect(),
            grantors: store::grantors(transaction, office).await?,
        };
        let mut seen = HashSet::new();
        Ok(!grants.iter().any(|grant| chain.is_independent_of(person, grant.id, &mut seen)))
    }
}

impl DelegationChain {
    /// Whether a grant comes from others than a person.
    fn is_independent_of(&self, person: Uuid, grant: Uuid, seen: &mut HashSet<Uuid>) -> bool {
        if !seen.insert(grant) {
            return false;
        }
        let Some(giver) = self.grantors.get(&grant) else { return true };
        if *giver == person {
            return false;
        }
        let mut theirs = self.holders.iter().filter(|(_, holder)| *holder == giver).map(|(grant, _)| *grant).peekable();
        // Their own grants are gone from the record: those were not this person's.
        theirs.peek().is_none() || theirs.any(|grant| self.is_independent_of(person, grant, seen))
    }
}

/// Whether a role may grant any role.
fn can_grant(policy: &Policy, office: &str, role: &str) -> bool {
    let grants = |line: &crate::policy::Line| matches!((line.object(), line.action), (Object::Role(_), Action::Grant));
    policy.lines().iter().any(|line| line.office == office && line.role == role && grants(line))
}
