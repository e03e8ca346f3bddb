//! Authorization policy (casbin): the permissions of roles.
//!
//! `policies/model.conf` and one CSV per office are casbin's. Casbin interprets its matcher for every line at every
//! question, so it is asked once: the matcher only compares, hence only the cells named by lines can be allowed, and
//! those are evaluated as the policies are read. The result is a table, [`Policy`]; a question is a look-up.
//!
//! `load` reads and decides, `check` checks the lines against the offices and their procedures.

mod check;
mod decision;
mod lines;
mod load;
mod matcher;
mod table;
mod text;

#[cfg(test)]
mod tests;

pub use check::{Holder, KnownVersion, ReturnedRequest, Roster, check, check_people};
pub use decision::{Denied, GrantDecision};
pub use lines::{Line, Object, RESERVED_KEYS};
pub use load::{PolicyFile, load};
pub use matcher::MODEL_FILE;
pub use table::Policy;
pub use text::{LineChanges, PolicyText};
