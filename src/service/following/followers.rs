//! All followers on this server, with their current rights.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::watch;

use crate::access::Pass;
use crate::service::authorization::login_rights::{CurrentRights, LoginRights};

/// The followers on this server.
#[derive(Debug)]
pub(in crate::service) struct Followers {
    people: Mutex<HashMap<Pass, Weak<LoginRights>>>,
    /// Counts changes of rights, by a write or by the passing of time.
    changed: watch::Sender<u64>,
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
    pub(super) fn register(&self, pass: Pass) -> Arc<LoginRights> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registered) = people.get(&pass).and_then(Weak::upgrade) {
            return registered;
        }
        let rights = Arc::new(LoginRights::new(pass, CurrentRights::default()));
        people.insert(pass, Arc::downgrade(&rights));
        rights
    }

    /// The present followers; forgets those without a stream.
    pub(super) fn present(&self) -> Vec<Arc<LoginRights>> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, rights| rights.strong_count() > 0);
        people.values().filter_map(Weak::upgrade).collect()
    }
}
