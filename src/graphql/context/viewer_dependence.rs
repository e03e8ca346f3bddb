//! Whether an answer depends on the viewer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether anything depended on who asks: every way to the caller, and to what they may see, notes that it was taken. An answer
/// for which none was taken is the same for everybody.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Notes that something depends on who asks.
    pub(in crate::graphql) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether anything did.
    pub fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
