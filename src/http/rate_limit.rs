//! Rate limits: token buckets for each person, API key and anonymous address, refilled at a steady rate.
//!
//! Each operation counts as one: its cost is limited elsewhere, and clients can count what they send.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::client::ClientKey;
use crate::graphql::Details;
use crate::language::Text;
use crate::say;
use crate::service::Pass;

/// Number of operations between two sweeps of full buckets.
const SWEEP: u32 = 1_024;

/// Header with the remaining operations (draft-ietf-httpapi-ratelimit-headers), a structured field (RFC 9651).
pub(super) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Header with the rate limit itself.
pub(super) const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Maximum number of operations at once.
    pub burst: u32,
    /// Operations per minute after that; 0 for unlimited.
    pub per_minute: u32,
}

/// Token buckets of one kind of client.
#[derive(Debug)]
struct TokenBuckets<Key: Clone + Hash + Eq> {
    name: &'static str,
    rate: RateLimit,
    limiter: RateLimiter<Key, DefaultKeyedStateStore<Key>, DefaultClock, StateInformationMiddleware>,
}

impl<Key: Clone + Hash + Eq> TokenBuckets<Key> {
    fn new(name: &'static str, rate: RateLimit) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(rate.per_minute)?);
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(quota.allow_burst(burst)).with_middleware();
        Some(Self { name, rate: RateLimit { burst: burst.get(), ..rate }, limiter })
    }

    fn take(&self, key: &Key, count: usize) -> Result<RateLimitStatus, RateLimitStatus> {
        let status = |left, wait| RateLimitStatus { name: self.name, rate: self.rate, left, wait };
        // A request for more than the bucket holds takes all of it.
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(self.rate.burst);
        let taken = self.limiter.check_key_n(key, NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        match taken {
            // Unreachable, since `count` is at most the burst.
            Err(_) => Ok(status(Some(0), None)),
            Ok(Ok(found)) => Ok(status(Some(found.remaining_burst_capacity()), None)),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                // After a refusal of several at once, the remaining number is unknown.
                Err(status((count == 1).then_some(0), Some(wait)))
            }
        }
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Rate limits of all clients.
#[derive(Debug)]
pub struct RateLimits {
    people: Option<TokenBuckets<ClientKey>>,
    keys: Option<TokenBuckets<Uuid>>,
    addresses: Option<TokenBuckets<ClientKey>>,
    taken: AtomicU32,
}

impl RateLimits {
    /// Rate limits of a person, an API key, and an anonymous address.
    pub fn new(person: RateLimit, key: RateLimit, address: RateLimit) -> Self {
        Self {
            people: TokenBuckets::new("person", person),
            keys: TokenBuckets::new("key", key),
            addresses: TokenBuckets::new("address", address),
            taken: AtomicU32::new(0),
        }
    }

    /// Takes `count` operations out of the client's bucket, or none of them. An API key's operations are taken from its
    /// own bucket and from its person's, so more keys allow no more calls. Returns none for unlimited clients.
    pub(super) fn take(
        &self,
        pass: Option<Pass>,
        address: IpAddr,
        count: usize,
    ) -> Result<Option<RateLimitStatus>, RateLimitStatus> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            [&self.people, &self.addresses].into_iter().flatten().for_each(TokenBuckets::sweep);
            self.keys.iter().for_each(TokenBuckets::sweep);
        }
        let key = pass.and_then(Pass::key).zip(self.keys.as_ref());
        let by_key = key.map(|(key, buckets)| buckets.take(&key, count)).transpose()?;
        let client = ClientKey::from_pass(pass, address);
        let buckets = match client {
            ClientKey::Person(_) => &self.people,
            ClientKey::Address(_) => &self.addresses,
        };
        let by_client = buckets.as_ref().map(|buckets| buckets.take(&client, count)).transpose()?;
        // The bucket closer to empty counts.
        Ok(by_key.into_iter().chain(by_client).min_by_key(|status| status.left))
    }
}

/// State of a client's bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateLimitStatus {
    name: &'static str,
    rate: RateLimit,
    /// Remaining operations, if known.
    left: Option<u32>,
    /// Waiting time after a refusal.
    wait: Option<Duration>,
}

impl RateLimitStatus {
    /// Seconds until the next accepted operation.
    pub(super) fn retry_after(&self) -> u64 {
        self.wait.map_or(0, |wait| wait.as_secs_f64().ceil().max(1.0) as u64)
    }

    /// Message of the refusal.
    pub(super) fn message(&self) -> Text {
        let seconds = self.retry_after();
        say!("You have sent too much in too short a time. Try again in {seconds} s.", seconds)
    }

    /// The refusal's `extensions`.
    pub(super) fn details(&self) -> Details {
        vec![("retryAfter", self.retry_after().into())]
    }

    /// Sets the rate limit headers of a response.
    pub(super) fn set_headers(&self, headers: &mut HeaderMap) {
        let Self { name, rate, left, .. } = self;
        // Seconds until so many missing operations are refilled.
        let filled = |missing: u32| (u64::from(missing) * 60).div_ceil(u64::from(rate.per_minute.max(1))).max(1);
        let mut set = |header, text: String| {
            // Names and numbers are always valid header values.
            let _ = HeaderValue::try_from(text).map(|value| headers.insert(header, value));
        };
        set(RATELIMIT_POLICY, format!("\"{name}\";q={};w={}", rate.burst, filled(rate.burst)));
        if let Some(left) = left {
            set(RATELIMIT, format!("\"{name}\";r={left};t={}", filled(rate.burst.saturating_sub(*left))));
        }
        if self.wait.is_some() {
            set(header::RETRY_AFTER, self.retry_after().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Login;

    const FEW: RateLimit = RateLimit { burst: 2, per_minute: 1 };
    const ANY: RateLimit = RateLimit { burst: 0, per_minute: 0 };

    #[test]
    fn each_client_has_a_bucket_of_its_own() {
        let rates = RateLimits::new(FEW, ANY, FEW);
        let person = |user| Some(Pass { user: Uuid::from_u128(user), login: Login::Provider, acting_as: None });
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for left in [1, 0] {
            let status = rates.take(person(1), here, 1).unwrap().unwrap();
            assert_eq!((status.name, status.left), ("person", Some(left)));
        }
        let refused = rates.take(person(1), there, 1).unwrap_err();
        assert!((1..=60).contains(&refused.retry_after()), "{refused:?}");
        assert!(rates.take(person(2), here, 1).is_ok(), "somebody else");
        assert!(rates.take(None, here, 1).is_ok() && rates.take(None, here, 1).is_ok(), "nobody, from there");
        assert!(rates.take(None, here, 1).is_err());
        assert!(rates.take(None, there, 1).is_ok());
        assert!(rates.take(person(3), here, 2).is_ok() && rates.take(person(3), here, 1).is_err());
        assert!(
            rates.take(person(4), here, 1).is_ok() && rates.take(person(4), here, 2).is_err(),
            "all of them or none"
        );
        assert!(
            rates.take(person(5), here, 9).is_ok() && rates.take(person(5), here, 1).is_err(),
            "more than there are"
        );
        let key = |key| {
            let login = Login::Key(Uuid::from_u128(key), Default::default());
            Some(Pass { user: Uuid::from_u128(6), login, acting_as: None })
        };
        assert!(rates.take(key(1), here, 1).is_ok() && rates.take(key(2), here, 1).is_ok());
        assert!(
            rates.take(key(3), here, 1).is_err() && rates.take(person(6), here, 1).is_err(),
            "keys share their person's bucket"
        );
        let sixes = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:1::", "2001:db8:0:1::"];
        let sixes = sixes.map(|address| rates.take(None, address.parse().unwrap(), 1).is_ok());
        assert_eq!(sixes, [true, true, false, true]);
    }

    #[test]
    fn the_status_is_sent_in_structured_fields() {
        let rate = RateLimit { burst: 300, per_minute: 600 };
        let sent = |left, wait| {
            let mut headers = HeaderMap::new();
            RateLimitStatus { name: "person", rate, left, wait }.set_headers(&mut headers);
            ["ratelimit-policy", "ratelimit", "retry-after"]
                .map(|name| headers.get(name).map(|value| value.to_str().unwrap().to_owned()))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(sent(Some(299), None), [text("\"person\";q=300;w=30"), text("\"person\";r=299;t=1"), None]);
        let wait = Some(Duration::from_millis(100));
        assert_eq!(sent(Some(0), wait), [text("\"person\";q=300;w=30"), text("\"person\";r=0;t=30"), text("1")]);
    }
}
