//! Viewer dependence of an answer: private to the caller, or shareable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Record of viewer dependence. Every access to the caller or their visibility sets it; an answer without it is public and may be
/// cached and shared.
#[derive(Debug, Clone, Default)]
pub struct ViewerDependence(Arc<AtomicBool>);

impl ViewerDependence {
    /// Notes viewer dependence.
    pub(in crate::graphql) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns true after viewer-dependent access.
    pub fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
