//! The workflow state of a request.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::procedure::{Arrow, Origin, Procedure};

/// Everything about a request's past that its future depends on. Its history folded through `workflow` gives it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Counts submit, resubmit, execute, sign and withdraw, from 1.
    pub version: i32,
    /// In which phase of its life the request is.
    pub status: Status,
    /// The visit that is under way; none once the request has ended.
    pub at: Option<CurrentVisit>,
    /// How often each step has been visited.
    pub visits: BTreeMap<String, i32>,
    /// How the latest completed visit of each step ended.
    pub last: BTreeMap<String, String>,
    /// The current document of each kind, and what its signers said.
    pub documents: BTreeMap<String, Mark>,
    /// The records of origin `disposition` that have been made.
    pub dispositions: BTreeSet<String>,
    /// How far the asset has come, where there is one.
    pub asset: Option<Stage>,
}

/// A visit under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrentVisit {
    /// The step's key.
    pub step: String,
    /// Which pass through the step this is, from 1.
    pub visit: i32,
    /// The arrow that led here; none at the very first step.
    pub came_by: Option<Arrow>,
}

/// The phase of a request's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for an official.
    InProgress,
    /// Waits for its submitter, to whom an arrow led back.
    Returned,
    /// Ended with the service given.
    Completed,
    /// Ended with the service refused.
    Rejected,
    /// Ended by its submitter.
    Withdrawn,
}

impl Status {
    /// Whether nothing follows.
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
pub enum Mark {
    /// Nothing yet.
    Unsigned,
    /// Signed.
    Signed,
    /// Refused.
    Refused,
}

/// How far an asset has come.
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

    /// What the signers said of the current document of a kind.
    pub fn mark(&self, record: &str) -> Option<Mark> {
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
