//! Authorization: the active policy, callers with their policy, proofs for acts, visibility, and explanations of decisions.

pub(super) mod active_policy;
mod authorize;
pub(super) mod caller;
pub(super) mod explain;
pub(super) mod policy_reload;
mod visibility;
