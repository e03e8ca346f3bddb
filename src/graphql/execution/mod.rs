//! Execution of operations, and the responses.

pub(in crate::graphql) mod execute;
pub(in crate::graphql) mod null_propagation;
pub(in crate::graphql) mod response;
