//! Execution of operations and completion of their responses.

pub(in crate::graphql) mod completion;
pub(in crate::graphql) mod execute;
pub(in crate::graphql) mod response;
