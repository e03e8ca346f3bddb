//! Kinds of events. Each stored word stands here once; a word once stored stays for ever.

use serde::{Deserialize, Serialize};

/// The kind of an event of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestEventKind {
    /// The request was submitted.
    Submitted,
    /// A returned request was completed.
    Resubmitted,
    /// A visit to a step began.
    StepStarted,
    /// A visit to a step ended.
    StepCompleted,
    /// A disposition was given.
    Disposed,
    /// A disposition was read.
    DispositionRead,
    /// A document was added.
    DocumentAdded,
    /// A document was signed.
    DocumentSigned,
    /// A document was refused by its signer.
    DocumentRefused,
    /// An asset's name or place was reserved.
    AssetReserved,
    /// An asset was made.
    AssetProvisioned,
    /// An asset was changed.
    AssetUpdated,
    /// An asset was verified.
    AssetVerified,
    /// An asset was handed over.
    AssetDelivered,
    /// An asset was taken out of service, or what was held for it was freed.
    AssetRevoked,
    /// A credential was read by its recipient.
    CredentialRevealed,
    /// A credential was replaced.
    CredentialReissued,
    /// The request was sent back to its submitter.
    Returned,
    /// The request ended with the service given.
    Completed,
    /// The request ended with the service refused.
    Rejected,
    /// The request was taken back.
    Withdrawn,
}

impl RequestEventKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::Submitted,
        Self::Resubmitted,
        Self::StepStarted,
        Self::StepCompleted,
        Self::Disposed,
        Self::DispositionRead,
        Self::DocumentAdded,
        Self::DocumentSigned,
        Self::DocumentRefused,
        Self::AssetReserved,
        Self::AssetProvisioned,
        Self::AssetUpdated,
        Self::AssetVerified,
        Self::AssetDelivered,
        Self::AssetRevoked,
        Self::CredentialRevealed,
        Self::CredentialReissued,
        Self::Returned,
        Self::Completed,
        Self::Rejected,
        Self::Withdrawn,
    ];

    /// The word that stores and shows a kind.
    pub fn word(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Resubmitted => "RESUBMITTED",
            Self::StepStarted => "STEP_STARTED",
            Self::StepCompleted => "STEP_COMPLETED",
            Self::Disposed => "DISPOSED",
            Self::DispositionRead => "DISPOSITION_READ",
            Self::DocumentAdded => "DOCUMENT_ADDED",
            Self::DocumentSigned => "DOCUMENT_SIGNED",
            Self::DocumentRefused => "DOCUMENT_REFUSED",
            Self::AssetReserved => "ASSET_RESERVED",
            Self::AssetProvisioned => "ASSET_PROVISIONED",
            Self::AssetUpdated => "ASSET_UPDATED",
            Self::AssetVerified => "ASSET_VERIFIED",
            Self::AssetDelivered => "ASSET_DELIVERED",
            Self::AssetRevoked => "ASSET_REVOKED",
            Self::CredentialRevealed => "CREDENTIAL_REVEALED",
            Self::CredentialReissued => "CREDENTIAL_REISSUED",
            Self::Returned => "RETURNED",
            Self::Completed => "COMPLETED",
            Self::Rejected => "REJECTED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }

    /// Returns the kind of a stored word; none for an unknown word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The kind of an event of an office's own record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OfficeEventKind {
    /// The office's audit log began. Covers the agencies and grants from before.
    RecordBegun,
    /// A person was added.
    UserAdded,
    /// A person was put out of service.
    UserDeactivated,
    /// An agency was added.
    AgencyAdded,
    /// An agency was put out of service.
    AgencyDeactivated,
    /// A role was granted.
    RoleGranted,
    /// A grant was ended.
    GrantRevoked,
    /// Another policy decides.
    PolicyChanged,
}

impl OfficeEventKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::RecordBegun,
        Self::UserAdded,
        Self::UserDeactivated,
        Self::AgencyAdded,
        Self::AgencyDeactivated,
        Self::RoleGranted,
        Self::GrantRevoked,
        Self::PolicyChanged,
    ];

    /// The word that stores and shows a kind.
    pub fn word(self) -> &'static str {
        match self {
            Self::RecordBegun => "RECORD_BEGUN",
            Self::UserAdded => "USER_ADDED",
            Self::UserDeactivated => "USER_DEACTIVATED",
            Self::AgencyAdded => "AGENCY_ADDED",
            Self::AgencyDeactivated => "AGENCY_DEACTIVATED",
            Self::RoleGranted => "ROLE_GRANTED",
            Self::GrantRevoked => "GRANT_REVOKED",
            Self::PolicyChanged => "POLICY_CHANGED",
        }
    }

    /// Returns the kind of a stored word; none for an unknown word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_json_are_the_words_of_the_column() {
        for kind in RequestEventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(RequestEventKind::from_word(kind.word()), Some(kind));
        }
        for kind in OfficeEventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(OfficeEventKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(RequestEventKind::from_word("RECORD_BEGUN"), None);
        assert_eq!(OfficeEventKind::from_word("SUBMITTED"), None);
    }
}
