//! Authorization: the policies in force, the caller with their policy, proofs for acts, and explanations of the decisions.

mod authorize;
pub(super) mod caller;
pub(super) mod explain;
pub(super) mod policies;
