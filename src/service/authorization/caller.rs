//! One act, and one answer, by one policy: whoever asks is held together with the policy that judges them, for as long as it
//! takes, whatever takes that policy's place meanwhile.

use std::ops::Deref;
use std::sync::Arc;

use crate::access::Caller;
use crate::service::ActivePolicy;

/// A policy, held.
pub type PolicySnapshot = Arc<ActivePolicy>;

/// A caller, and the policy that judges them.
#[derive(Debug, Clone)]
pub struct CallerWithPolicy {
    caller: Caller,
    policy: PolicySnapshot,
}

impl CallerWithPolicy {
    /// A caller who is judged by that policy.
    pub(in crate::service) fn new(caller: Caller, policy: PolicySnapshot) -> Self {
        Self { caller, policy }
    }

    /// What judges them.
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
