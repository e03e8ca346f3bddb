//! The cache of callers' rights, bounded in bytes.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::login_rights::LoginRights;
use crate::access::Pass;

/// The size of a person's rights without grants, and of each grant, in bytes: rows, visibility and inbox, roughly.
const PERSON_BYTES: usize = 2 << 10;
const GRANT_BYTES: usize = 1 << 10;

/// The cache of rights, by login and chosen grant.
#[derive(Debug)]
pub(in crate::service) struct RightsCache(Cache<Pass, Arc<LoginRights>, RightsSize>);

/// Weights of cached rights: their bytes.
#[derive(Debug, Clone)]
struct RightsSize;

impl Weighter<Pass, Arc<LoginRights>> for RightsSize {
    fn weight(&self, _: &Pass, rights: &Arc<LoginRights>) -> u64 {
        (PERSON_BYTES + rights.current().person_rights.grants.len() * GRANT_BYTES) as u64
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
        Ok(Self(Cache::with_options(options, RightsSize, DefaultHashBuilder::default(), DefaultLifecycle::default())))
    }

    /// Rights from the cache.
    pub(super) fn get(&self, pass: Pass) -> Option<Arc<LoginRights>> {
        self.0.get(&pass)
    }

    /// Caches rights as read.
    pub(super) fn insert(&self, pass: Pass, rights: Arc<LoginRights>) {
        self.0.insert(pass, rights);
    }

    /// Forgets rights that have changed.
    pub(super) fn remove(&self, pass: Pass) {
        self.0.remove(&pass);
    }
}
