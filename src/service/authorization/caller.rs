//! One act, and one answer, by one policy: whoever asks is held together with the policy that judges them, for as long as it
//! takes, whatever takes that policy's place meanwhile.

use std::ops::Deref;
use std::sync::Arc;

use crate::access::Caller;
use crate::service::InForce;

/// A policy, held.
pub type HeldPolicy = Arc<InForce>;

/// A caller, and the policy that judges them.
#[derive(Debug, Clone)]
pub struct Judged {
    caller: Caller,
    policy: HeldPolicy,
}

impl Judged {
    /// A caller who is judged by that policy.
    pub(in crate::service) fn new(caller: Caller, policy: HeldPolicy) -> Self {
        Self { caller, policy }
    }

    /// What judges them.
    pub fn policy(&self) -> &HeldPolicy {
        &self.policy
    }
}

impl Deref for Judged {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}
