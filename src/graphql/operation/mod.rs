//! An operation before it runs: admission, parsing, limits, persisted documents, and what API keys may select.

pub(in crate::graphql) mod admission;
pub(in crate::graphql) mod admitted;
pub(in crate::graphql) mod api_key_access;
pub(in crate::graphql) mod document;
pub(in crate::graphql) mod limits;
pub(in crate::graphql) mod parse;
pub(in crate::graphql) mod persisted_documents;
pub(in crate::graphql) mod registration;
pub(in crate::graphql) mod unknown_fields;
