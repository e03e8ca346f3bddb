//! Rights of a login: read from the database, and evaluated by the policy and the clock each time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::access::Pass;
use crate::service::CallerWithPolicy;
use crate::store::{PersonRights, Viewing, Visibility, Waiting};

/// The current rights of a login: of its streams, which share them, or cached for its queries.
#[derive(Debug)]
pub(in crate::service) struct LoginRights {
    pub(in crate::service) pass: Pass,
    current: Mutex<CurrentRights>,
}

/// The rights of a login as last read from the database.
#[derive(Debug, Default)]
pub(in crate::service) struct CurrentRights {
    /// The version of the people table at the time of reading, or an earlier one; 0 before the first reading.
    pub(in crate::service) version: i64,
    pub(in crate::service) person_rights: PersonRights,
    pub(in crate::service) view: Option<Arc<LoginView>>,
}

/// The visibility of a login, as of now.
#[derive(Debug)]
pub struct LoginView {
    /// The person with their grants in force.
    pub caller: CallerWithPolicy,
    /// Their visibility, as a condition for the database.
    pub viewing: Viewing,
    /// Their visibility, evaluated on a known request.
    pub sees: Visibility,
    /// Their inbox.
    pub(in crate::service) waiting: Vec<Waiting>,
    /// The end of its validity.
    pub(in crate::service) until: Option<DateTime<Utc>>,
}

impl LoginRights {
    /// Rights as read.
    pub(in crate::service) fn new(pass: Pass, current: CurrentRights) -> Self {
        Self { pass, current: Mutex::new(current) }
    }

    /// Locks the current rights.
    pub(in crate::service) fn current(&self) -> MutexGuard<'_, CurrentRights> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
