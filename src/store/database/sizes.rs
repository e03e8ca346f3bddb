//! What this process knows of how many requests there are: lists read ahead where few of many fit.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The most known steps.
const MAX_BUSY: usize = 10_000;

/// An office's key, and steps there: procedure and step.
pub(in crate::store) type OfficeSteps = (String, Vec<(String, String)>);

/// Known sizes. Requests stay, so what is many stays many.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownSizes {
    is_large: AtomicBool,
    busy: Mutex<HashSet<OfficeSteps>>,
}

impl KnownSizes {
    /// There are so many requests that it is worth a statement to read ahead the few that fit.
    pub(in crate::store) fn is_large(&self) -> bool {
        self.is_large.load(Ordering::Relaxed)
    }

    /// Notes whether there are so many requests.
    pub(in crate::store) fn note(&self, is_large: bool) {
        self.is_large.store(is_large, Ordering::Relaxed);
    }

    /// Many requests have reached one of the steps.
    pub(in crate::store) fn is_busy(&self, steps: &OfficeSteps) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(steps)
    }

    /// Notes that many requests have reached one of the steps.
    pub(in crate::store) fn note_busy(&self, steps: OfficeSteps) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.len() >= MAX_BUSY {
            busy.clear();
        }
        busy.insert(steps);
    }
}
