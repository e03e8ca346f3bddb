//! disposisi runs city governments' IT service procedures (SOPs) exactly as signed, behind one GraphQL endpoint.
//!
//! `docs/architecture.md` describes the folders and their imports; each folder has its purpose in `mod.rs`.

pub mod access;
pub mod auth;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod event;
pub mod graphql;
pub mod http;
pub mod language;
pub mod live;
pub mod policy;
pub mod procedure;
pub mod random;
pub mod rfc3339;
pub mod service;
pub mod store;
pub mod workflow;
