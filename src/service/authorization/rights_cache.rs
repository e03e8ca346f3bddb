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
    /// The version of people and grants that the database was found at last: rights read under another one are read again. It is
    /// lower than before once the database was set back, by a restored backup for instance.
    present: AtomicI64,
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
        Ok(Self { rights: Cache::with_options(options, RightsSize, hashes, life), present: AtomicI64::new(0) })
    }

    /// Rights from the cache, unless they were read under another version of people and grants than the present one.
    pub(super) fn get(&self, pass: Pass) -> Option<Arc<LoginRights>> {
        let rights = self.rights.get(&pass)?.rights;
        let is_present = rights.current().version == self.present.load(Ordering::Relaxed);
        is_present.then_some(rights)
    }

    /// Caches rights as just read, with their view, and notes their version.
    pub(super) fn insert(&self, pass: Pass, rights: Arc<LoginRights>, view: &LoginView) {
        let seen: usize = view.viewing.scopes.iter().map(|scope| scope.steps.len()).sum();
        let waiting: usize = view.waiting.iter().map(|waiting| waiting.executes.len() + waiting.signs.len()).sum();
        // Steps that are seen stand in the scopes and in both conditions.
        let steps = 3 * seen + waiting;
        let bytes = PERSON_BYTES + view.caller.grants.len() * GRANT_BYTES + steps * STEP_BYTES;
        let version = rights.current().version;
        self.rights.insert(pass, SizedRights { rights, bytes });
        self.note(version);
    }

    /// Notes the version that a statement found: one query notices a change, and the others read their rights before they run. A
    /// statement overtaken by a change may note an earlier version: the next rights that are read set it right.
    pub(super) fn note(&self, version: i64) {
        self.present.store(version, Ordering::Relaxed);
    }
}
