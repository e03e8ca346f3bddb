//! Authorization: the active policy, callers with their policy, proofs for acts, visibility, and explanations of decisions.

pub(super) mod active_policy;
mod authorize;
mod cached_rights;
pub(super) mod caller;
pub(super) mod explain;
pub(super) mod login_rights;
mod login_view;
pub(super) mod policy_reload;
pub(super) mod rights_cache;
mod visibility;
