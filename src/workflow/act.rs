//! Acts on a request, as input of the state machine.

use std::collections::BTreeSet;

use serde::Serialize;

/// A proposed act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The submitter completes a returned request.
    Resubmit,
    /// A performer ends the current step.
    Execute(Execution),
    /// A signer decides on the current document of a kind.
    Sign {
        /// The document's kind.
        record: String,
        /// The decision.
        decision: Decision,
    },
    /// The submitter takes the request back.
    Withdraw,
    /// A delivered asset is taken out of service.
    Revoke,
}

/// A signer's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Signed.
    Sign,
    /// Refused, with a note.
    Refuse,
}

impl Decision {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sign => "SIGN",
            Self::Refuse => "REFUSE",
        }
    }
}

/// The urgency of a disposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Urgency {
    /// Biasa.
    Normal,
    /// Segera.
    Urgent,
    /// Sangat segera.
    VeryUrgent,
}

impl Urgency {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Urgent => "URGENT",
            Self::VeryUrgent => "VERY_URGENT",
        }
    }
}

/// A performer's end of a step, with its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Execution {
    /// The step's key.
    pub step: String,
    /// The outcome's key.
    pub outcome: String,
    /// Kinds of the documents.
    pub documents: BTreeSet<String>,
    /// Whether it has a note.
    pub note: bool,
    /// Whether it has a disposition.
    pub disposition: bool,
    /// Whether it has the asset's attributes.
    pub asset: bool,
    /// Whether it has a credential's secret.
    pub secret: bool,
    /// Whether it names a credential's recipient.
    pub recipient: bool,
}
