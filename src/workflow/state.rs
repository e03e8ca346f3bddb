//! The workflow state of a request.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::procedure::{Arrow, Origin, Procedure};

/// A request's past, as far as its future depends on it. A replay of its history gives it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Counts submit, resubmit, execute, sign and withdraw, from 1.
    pub version: i32,
    /// The phase of the request.
    pub status: Status,
    /// The current visit; none after the end.
    pub at: Option<CurrentVisit>,
    /// The number of visits of each step.
    pub visits: BTreeMap<String, i32>,
    /// The outcome of each step's latest completed visit.
    pub last: BTreeMap<String, String>,
    /// The current document of each kind, with its signature status.
    pub documents: BTreeMap<String, SignatureStatus>,
    /// The existing records of origin `disposition`.
    pub dispositions: BTreeSet<String>,
    /// The stage of the asset, if any.
    pub asset: Option<Stage>,
}

/// A visit under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrentVisit {
    /// The step's key.
    pub step: String,
    /// The number of this visit of the step, from 1.
    pub visit: i32,
    /// The arrow to this visit; none at the very first step.
    pub came_by: Option<Arrow>,
}

/// The phase of a request's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for an official.
    InProgress,
    /// Waits for its submitter, after a return.
    Returned,
    /// Ended with the service given.
    Completed,
    /// Ended with the service refused.
    Rejected,
    /// Ended by its submitter.
    Withdrawn,
}

impl Status {
    /// All phases.
    pub const ALL: [Self; 5] = [Self::InProgress, Self::Returned, Self::Completed, Self::Rejected, Self::Withdrawn];

    /// Whether the request has ended.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Withdrawn)
    }

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Returned => "RETURNED",
            Self::Completed => "COMPLETED",
            Self::Rejected => "REJECTED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }
}

/// The signature status of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureStatus {
    /// Nothing yet.
    Unsigned,
    /// Signed.
    Signed,
    /// Refused.
    Refused,
}

/// The stage of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stage {
    /// Its name or place is held.
    Reserved,
    /// Made.
    Provisioned,
    /// Made, and confirmed to work.
    Verified,
    /// Handed over.
    Active,
    /// Taken out of service; holds nothing any more.
    Revoked,
}

impl Stage {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reserved => "RESERVED",
            Self::Provisioned => "PROVISIONED",
            Self::Verified => "VERIFIED",
            Self::Active => "ACTIVE",
            Self::Revoked => "REVOKED",
        }
    }
}

impl State {
    /// Whether a record is there now.
    pub fn has(&self, procedure: &Procedure, record: &str) -> bool {
        match procedure.origin(record) {
            None => false,
            Some(Origin::Letter | Origin::Form) => true,
            Some(Origin::Disposition) => self.dispositions.contains(record),
            Some(Origin::Document) => self.documents.contains_key(record),
            Some(Origin::Asset) => {
                matches!(self.asset, Some(Stage::Provisioned | Stage::Verified | Stage::Active))
            }
            Some(Origin::State) => procedure.steps.iter().any(|step| {
                let ended = self.last.get(&step.key).and_then(|outcome| step.outcome(outcome));
                ended.is_some_and(|outcome| step.produces(outcome).iter().any(|produced| produced == record))
            }),
        }
    }

    /// Whether the latest completed visit of the arrow's step ended by it.
    pub fn ended_last(&self, arrow: &Arrow) -> bool {
        self.last.get(&arrow.step) == Some(&arrow.outcome)
    }

    /// Returns the signature status of the current document of a kind.
    pub fn signature_status(&self, record: &str) -> Option<SignatureStatus> {
        self.documents.get(record).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Stage, Status};
    use crate::workflow::Urgency;

    #[test]
    fn words_in_json_are_the_words_of_the_column() {
        for status in [Status::InProgress, Status::Returned, Status::Completed, Status::Rejected, Status::Withdrawn] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        for stage in [Stage::Reserved, Stage::Provisioned, Stage::Verified, Stage::Active, Stage::Revoked] {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.word());
        }
        for urgency in [Urgency::Normal, Urgency::Urgent, Urgency::VeryUrgent] {
            assert_eq!(serde_json::to_value(urgency).unwrap(), urgency.word());
        }
    }
}
