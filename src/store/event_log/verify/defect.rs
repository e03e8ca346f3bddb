//! Defects found by verification.

use sea_orm::DbErr;

use crate::store::StoreError;

/// The first defect in the log or a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Its place: a request's number and a sequence, or a position of the log.
    pub at: String,
    /// The fault.
    pub what: String,
}

impl Defect {
    pub(super) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }

    pub(super) fn in_log(position: i64, what: &str) -> Self {
        Self::new(format!("log position {position}"), what)
    }
}

/// The reason for an early end of verification.
pub(super) enum Stop {
    Found(Defect),
    Failed(StoreError),
}

impl From<Defect> for Stop {
    fn from(defect: Defect) -> Self {
        Self::Found(defect)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<DbErr> for Stop {
    fn from(error: DbErr) -> Self {
        Self::Failed(error.into())
    }
}
