//! The context of an operation: the caller's session, the loaders, and whether the answer depends on the viewer.

pub(in crate::graphql) mod loaders;
pub(in crate::graphql) mod session;
pub(in crate::graphql) mod sign_in_attempt;
pub(in crate::graphql) mod viewer_dependence;
