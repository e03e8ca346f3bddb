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
    /// The grant is of another agency.
    OtherAgency,
    /// The grant is of another office, or the act is none on this request.
    Elsewhere,
}

/// A denied action, described for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// No grant of theirs, or not the chosen one, allows it.
    #[error("none of the caller's roles in `{office}` may {action} `{object}`")]
    Nowhere {
        /// The office's key.
        office: String,
        /// The object of the action.
        object: String,
        /// The action.
        action: Action,
        /// The unmet condition of a line that would allow it.
        unmet: Option<Condition>,
    },
    /// Several allow it, and the caller must choose.
    #[error("several of the caller's grants allow it, and they differ")]
    Several(Vec<Grant>),
}
