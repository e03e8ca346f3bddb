//! How often somebody may try to sign in: by name, and by address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Every so many attempts, what is full again is forgotten.
const SWEEP: u32 = 1_024;

/// Limits of attempts to sign in.
#[derive(Debug)]
pub struct Attempts {
    names: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    taken: AtomicU32,
}

impl Default for Attempts {
    fn default() -> Self {
        let burst = |burst| NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = |period, most| Quota::with_period(period).map(|quota: Quota| quota.allow_burst(burst(most)));
        let names = quota(Duration::from_secs(6), 10).unwrap_or_else(|| Quota::per_minute(burst(10)));
        let addresses = quota(Duration::from_secs(1), 120).unwrap_or_else(|| Quota::per_second(burst(120)));
        Self { names: RateLimiter::keyed(names), addresses: RateLimiter::keyed(addresses), taken: AtomicU32::new(0) }
    }
}

impl Attempts {
    /// Takes an attempt; false when there is none left for now.
    pub fn take(&self, name: &str, address: Option<IpAddr>) -> bool {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.names.retain_recent();
            self.addresses.retain_recent();
        }
        let name: String = name.chars().take(200).collect();
        address.is_none_or(|address| self.addresses.check_key(&address).is_ok()) && self.names.check_key(&name).is_ok()
    }
}
