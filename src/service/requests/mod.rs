//! Acts on requests and assets: one file per use case, and their shared parts.

pub(super) mod act;
mod asset;
pub(super) mod available_actions;
pub(super) mod command;
pub(super) mod credential;
pub(super) mod dry_run;
mod execute;
mod read_disposition;
pub mod replay;
mod sign;
mod submission;
mod submit;
pub(super) mod transition;
mod withdraw;
