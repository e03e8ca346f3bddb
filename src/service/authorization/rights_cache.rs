//! The cache of callers' rights, bounded in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::login_rights::{LoginRights, LoginView};
use crate::access::Pass;

/// The size of a person's rights without grants, of each grant, and of each step that these see or wait at, in bytes, roughly.
const PERSON_BYTES: usize = 2 << 10;
const GRANT_BYTES: usize = 1 << 10;
const STEP_BYTES: usize = 300;

/// Rights with their size in bytes.
#[derive(Debug, Clone)]
struct SizedRights {
    rights: Arc<LoginRights>,
    bytes: usize,
}

/// The cache of rights, by login and chosen grant.
#[derive(Debug)]
pub(in crate::service) struct RightsCache {
    rights: Cache<Pass, SizedRights, RightsSize>,
    /// The newest version of people and grants that a query found: rights read under an earlier one are read again.
    newest: AtomicI64,
}

/// Weights of cached rights: their bytes.
#[derive(Debug, Clone)]
struct RightsSize;

impl Weighter<Pass, SizedRights> for RightsSize {
    fn weight(&self, _: &Pass, sized: &SizedRights) -> u64 {
        sized.bytes as u64
    }
}

impl RightsCache {
    /// A cache of at most so many bytes.
    pub(in crate::service) fn new(bytes: usize) -> Result<Self, String> {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes / (PERSON_BYTES + GRANT_BYTES))
            .weight_capacity(bytes as u64)
            .build()
            .map_err(|error| format!("the cache of rights: {error}"))?;
        let (hashes, life) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Ok(Self { rights: Cache::with_options(options, RightsSize, hashes, life), newest: AtomicI64::new(0) })
    }

    /// Rights from the cache, unless a later version of people and grants is known.
    pub(super) fn get(&self, pass: Pass) -> Option<Arc<LoginRights>> {
        let rights = self.rights.get(&pass)?.rights;
        let is_newest = rights.current().version >= self.newest.load(Ordering::Relaxed);
        is_newest.then_some(rights)
    }

    /// Caches rights as read, with their view.
    pub(super) fn insert(&self, pass: Pass, rights: Arc<LoginRights>, view: &LoginView) {
        let seen: usize = view.viewing.scopes.iter().map(|scope| scope.steps.len()).sum();
        let waiting: usize = view.waiting.iter().map(|waiting| waiting.executes.len() + waiting.signs.len()).sum();
        // Steps that are seen stand in the scopes and in both conditions.
        let steps = 3 * seen + waiting;
        let bytes = PERSON_BYTES + view.caller.grants.len() * GRANT_BYTES + steps * STEP_BYTES;
        self.rights.insert(pass, SizedRights { rights, bytes });
    }

    /// Notes the version that a query found: one query notices a change, and the others read their rights before they run.
    pub(super) fn note(&self, version: i64) {
        self.newest.fetch_max(version, Ordering::Relaxed);
    }
}
