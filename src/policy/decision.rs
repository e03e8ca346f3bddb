//! Authorization decisions: for one grant, and the denial of a caller.

use thiserror::Error;

use crate::access::{Action, Condition, Grant};

use super::lines::Line;

/// The decision for one grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantDecision<'a> {
    /// This line allows it.
    Allowed(&'a Line),
    /// This line would, but for this condition.
    Unmet(&'a Line, &'a Condition),
    /// No line lets the grant's role do it.
    NoLine,
    /// The grant is of another agency than the one that asks.
    OtherAgency,
    /// The grant is of another office, or the act is none on this request.
    Elsewhere,
}

/// A denied action, described for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// No grant that they hold, or that they chose, allows it.
    #[error("none of the caller's roles in `{office}` may {action} `{object}`")]
    Nowhere {
        /// The office's key.
        office: String,
        /// What it would have been done to.
        object: String,
        /// What was to be done.
        action: Action,
        /// The condition but for which a line would allow it.
        unmet: Option<Condition>,
    },
    /// Several do, and by which of them is for the caller to say.
    #[error("several of the caller's grants allow it, and they differ")]
    Several(Vec<Grant>),
}
