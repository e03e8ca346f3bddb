//! A caller together with one policy, for the whole of an act or an answer, even if the active policy is replaced meanwhile.

use std::ops::Deref;

use super::active_policy::PolicySnapshot;
use crate::access::Caller;

/// A caller with the policy for their decisions.
#[derive(Debug, Clone)]
pub struct CallerWithPolicy {
    caller: Caller,
    policy: PolicySnapshot,
}

impl CallerWithPolicy {
    /// Joins a caller and a policy.
    pub(in crate::service) fn new(caller: Caller, policy: PolicySnapshot) -> Self {
        Self { caller, policy }
    }

    /// The policy.
    pub fn policy(&self) -> &PolicySnapshot {
        &self.policy
    }
}

impl Deref for CallerWithPolicy {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}
