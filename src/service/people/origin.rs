//! On whose word a right to grant rests: nobody comes by a role by way of a right that they gave themselves, through however many
//! hands.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::access::{Action, WholeOffice};
use crate::policy::{Object, Policy};
use crate::service::{Answer, CallerWithPolicy, Service};
use crate::store::{self, Transaction};

/// The grants of an office by which something can be granted, and who gave each.
struct Origins {
    /// Whose each is.
    holders: HashMap<Uuid, Uuid>,
    /// Who gave it; nobody where the operator did.
    grantors: HashMap<Uuid, Uuid>,
}

impl Service {
    /// Whether the caller may grant a role only by what that person gave them, or gave those who gave it.
    pub(super) async fn rests_on(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        (office, role): (&str, Object<'_>),
        person: Uuid,
    ) -> Answer<bool> {
        let subject = WholeOffice(office.to_owned());
        let Ok(grants) = caller.policy().grants(caller, &subject, role, Action::Grant, None) else { return Ok(false) };
        let given = store::office_grants(transaction, office).await?;
        let holders = given.into_iter().filter(|(_, grant)| can_grant(caller.policy(), office, &grant.role));
        let origins = Origins {
            holders: holders.map(|(holder, grant)| (grant.id, holder)).collect(),
            grantors: store::grantors(transaction, office).await?,
        };
        let mut seen = HashSet::new();
        Ok(!grants.iter().any(|grant| origins.is_free_of(person, grant.id, &mut seen)))
    }
}

impl Origins {
    /// Whether a grant does not rest on a person's word.
    fn is_free_of(&self, person: Uuid, grant: Uuid, seen: &mut HashSet<Uuid>) -> bool {
        if !seen.insert(grant) {
            return false;
        }
        let Some(giver) = self.grantors.get(&grant) else { return true };
        if *giver == person {
            return false;
        }
        let mut theirs = self.holders.iter().filter(|(_, holder)| *holder == giver).map(|(grant, _)| *grant).peekable();
        // What let them is no longer known: it was not this person's.
        theirs.peek().is_none() || theirs.any(|grant| self.is_free_of(person, grant, seen))
    }
}

/// Whether a role may grant some role.
fn can_grant(policy: &Policy, office: &str, role: &str) -> bool {
    let grants = |line: &crate::policy::Line| matches!((line.object(), line.action), (Object::Role(_), Action::Grant));
    policy.lines().iter().any(|line| line.office == office && line.role == role && grants(line))
}
