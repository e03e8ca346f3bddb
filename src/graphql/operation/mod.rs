//! The pipeline of an operation before execution: admission, compilation, limits, persisted documents, API key access.

pub(in crate::graphql) mod admission;
pub(in crate::graphql) mod admitted;
pub(in crate::graphql) mod api_key_access;
pub(in crate::graphql) mod compile;
pub(in crate::graphql) mod limits;
pub(in crate::graphql) mod persisted_documents;
pub(in crate::graphql) mod registration;
