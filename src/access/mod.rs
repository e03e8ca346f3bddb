//! Access control: callers, the actions of policies, and proofs of visibility and authorization. Pure.
//!
//! Two proofs, each made in one place only (`tests/it/house.rs` holds this):
//! [`Seen`] is made by `store`, from a query that holds the caller's scopes; [`Authorized`] is made by `policy`, from
//! something seen and an action. `store` changes nothing without the second.

mod action;
mod caller;
mod confidentiality;
mod key_scope;
mod proof;

pub use action::{Action, Condition, Field, Scope};
pub use caller::{Actor, Caller, Capacity, Grant, Login, Pass, is_sortable};
pub use confidentiality::Confidentiality;
pub use key_scope::{KeyScope, KeyScopes};
pub use proof::{Authorized, Performed, Seen, Side, Subject, WholeOffice};
