//! All followers on this server, with their current rights.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::access::Pass;
use crate::service::CallerWithPolicy;
use crate::store::{PersonRights, Viewing, Visibility, Waiting};

/// The followers on this server.
#[derive(Debug)]
pub(in crate::service) struct Followers {
    people: Mutex<HashMap<Pass, Weak<FollowerRights>>>,
    /// Counts changes of rights, by a write or by the passing of time.
    changed: watch::Sender<u64>,
}

/// A follower's current rights, shared by all streams of one login.
#[derive(Debug)]
pub(in crate::service) struct FollowerRights {
    pub(super) pass: Pass,
    current: Mutex<CurrentRights>,
}

/// A follower's rights as last read from the database.
#[derive(Debug, Default)]
pub(super) struct CurrentRights {
    /// The version of the people table at the time of reading, or an earlier one; 0 before the first reading.
    pub(super) version: i64,
    pub(super) person_rights: PersonRights,
    pub(super) view: Option<Arc<FollowerView>>,
}

/// A follower's visibility, as of now.
#[derive(Debug)]
pub struct FollowerView {
    /// The person with their grants in force.
    pub caller: CallerWithPolicy,
    /// Their visibility, as a condition for the database.
    pub viewing: Viewing,
    /// Their visibility, evaluated on a known request.
    pub sees: Visibility,
    /// Their inbox.
    pub(in crate::service) waiting: Vec<Waiting>,
    /// The end of its validity.
    pub(super) until: Option<DateTime<Utc>>,
}

impl Default for Followers {
    fn default() -> Self {
        Self { people: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl Followers {
    /// Subscribes to changes of rights.
    pub(super) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Notifies all followers of possibly changed rights.
    pub(super) fn notify(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Registers a follower, or finds the registered one.
    pub(super) fn register(&self, pass: Pass) -> Arc<FollowerRights> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registered) = people.get(&pass).and_then(Weak::upgrade) {
            return registered;
        }
        let rights = Arc::new(FollowerRights { pass, current: Mutex::default() });
        people.insert(pass, Arc::downgrade(&rights));
        rights
    }

    /// The present followers; forgets those without a stream.
    pub(super) fn present(&self) -> Vec<Arc<FollowerRights>> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, rights| rights.strong_count() > 0);
        people.values().filter_map(Weak::upgrade).collect()
    }
}

impl FollowerRights {
    /// Locks the current rights.
    pub(super) fn current(&self) -> MutexGuard<'_, CurrentRights> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
