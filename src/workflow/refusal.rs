//! Refusals of the state machine: the reasons against an act.

use crate::procedure::Arrow;

use super::{SignatureStatus, Status};

/// One reason why an act is not possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request has ended.
    Ended(Status),
    /// The procedure has no such step.
    UnknownStep(String),
    /// Another step is under way.
    StepNotCurrent {
        /// The step asked for.
        asked: String,
        /// The step under way.
        current: String,
    },
    /// The first step is executed by submitting and resubmitting only.
    FirstStep(String),
    /// The request does not wait for its submitter.
    NotReturned,
    /// The step has no such outcome.
    UnknownOutcome {
        /// The outcome asked for.
        asked: String,
        /// The outcomes the step has.
        known: Vec<String>,
    },
    /// The outcome is open only on a visit reached by another arrow.
    CameOtherwise(Arrow),
    /// The outcome is open only while a step's latest visit ended otherwise.
    EndedOtherwise(Arrow),
    /// The outcome is open only while this document is refused.
    NotRefused(String),
    /// The outcome waits for the signature on this document.
    NotSigned(String),
    /// The asset's stage does not fit the outcome's effect.
    AssetNotReady,
    /// A record is missing.
    Missing {
        /// Its key.
        record: String,
        /// When it is needed.
        needed: WhenNeeded,
    },
    /// A required input is missing.
    Wanted(ActInput),
    /// An unexpected input.
    Unwanted(ActInput),
    /// An unexpected document.
    UnwantedDocument(String),
    /// The step under way asks for no signature on this document.
    NothingToSign(String),
    /// The document's current copy is decided on already.
    AlreadySigned(SignatureStatus),
    /// Something has been provisioned: too late to withdraw.
    Provisioned,
    /// The asset is not in service.
    AssetNotActive,
}

/// When a missing record is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenNeeded {
    /// It was to be there before the act.
    Before,
    /// It was to be brought by the act.
    WithAct,
}

/// An input of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActInput {
    /// A note.
    Note,
    /// A disposition.
    Disposition,
    /// The asset's attributes.
    Asset,
    /// The credential's secret.
    Secret,
    /// The credential's recipient.
    Recipient,
}
