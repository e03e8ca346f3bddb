//! The pipeline of an operation before execution: admission, parsing, limits, persisted documents, API key access.

pub(in crate::graphql) mod admission;
pub(in crate::graphql) mod admitted;
pub(in crate::graphql) mod api_key_access;
pub(in crate::graphql) mod document;
pub(in crate::graphql) mod limits;
pub(in crate::graphql) mod parse;
pub(in crate::graphql) mod persisted_documents;
pub(in crate::graphql) mod registration;
pub(in crate::graphql) mod unknown_fields;
