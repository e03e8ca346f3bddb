//! Rate limits for sign-in attempts, by user name and by client address.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The number of attempts between two removals of expired counters.
const SWEEP: u32 = 1_024;

/// Rate limiters for sign-in attempts.
#[derive(Debug)]
pub struct SignInLimiter {
    /// By name and address: one client that guesses one password.
    pairs: DefaultKeyedRateLimiter<(String, IpAddr)>,
    /// By name: loose, since a strict limit would let anyone lock a person out.
    names: DefaultKeyedRateLimiter<String>,
    /// By address: one client that guesses many passwords.
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    /// One-time codes, by name, after a right password.
    codes: DefaultKeyedRateLimiter<String>,
    taken: AtomicU32,
}

/// Creates a limiter with a burst and one more attempt per period.
fn limiter<K: Clone + Eq + Hash>(burst: u32, period: Duration) -> DefaultKeyedRateLimiter<K> {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(period).unwrap_or(Quota::per_minute(burst));
    RateLimiter::keyed(quota.allow_burst(burst))
}

impl Default for SignInLimiter {
    fn default() -> Self {
        Self {
            pairs: limiter(10, Duration::from_secs(6)),
            names: limiter(200, Duration::from_secs(1)),
            addresses: limiter(120, Duration::from_secs(1)),
            codes: limiter(10, Duration::from_secs(120)),
            taken: AtomicU32::new(0),
        }
    }
}

impl SignInLimiter {
    /// Counts an attempt; returns false when the limit is reached.
    pub fn take(&self, name: &str, address: Option<IpAddr>) -> bool {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.pairs.retain_recent();
            self.names.retain_recent();
            self.addresses.retain_recent();
            self.codes.retain_recent();
        }
        let name: String = name.chars().take(200).collect();
        address.is_none_or(|address| {
            self.addresses.check_key(&address).is_ok() && self.pairs.check_key(&(name.clone(), address)).is_ok()
        }) && self.names.check_key(&name).is_ok()
    }

    /// Counts an attempt at a one-time code after a right password. Few, since codes are short; only a holder of the password can
    /// use them up.
    pub fn take_code(&self, name: &str) -> bool {
        self.codes.check_key(&name.to_owned()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_from_one_address_locks_out_that_address_only() {
        let attempts = SignInLimiter::default();
        let (here, there) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        assert!((0..10).all(|_| attempts.take("siti", here)));
        assert!(!attempts.take("siti", here), "the eleventh at once");
        assert!(attempts.take("siti", there), "Siti herself, elsewhere");
        assert!(attempts.take("budi", here), "somebody else, here");
        assert!((0..200).any(|number| !attempts.take(&format!("name{number}"), here)), "everybody, from here");
    }
}
