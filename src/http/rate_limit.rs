//! How often a caller may call. Each person, each API key, and each address that nobody is known from, has a bucket of operations,
//! which fills again at a steady rate; whoever empties it is told when to come back.
//!
//! An operation is one, whatever it costs: what a single one may cost is bounded, and a client can count what it sends.

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

use super::client::Caller;
use crate::graphql::Details;
use crate::language::Text;
use crate::say;
use crate::service::Pass;

/// Every so many operations, buckets that are full again are forgotten.
const SWEEP: u32 = 1_024;

/// How callers stand (draft-ietf-httpapi-ratelimit-headers): in structured fields (RFC 9651).
pub(super) const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// By what they are judged.
pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How often a kind of caller may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many operations at once.
    pub burst: u32,
    /// So many a minute after that; any number when it is 0.
    pub a_minute: u32,
}

/// The buckets of a kind of caller.
#[derive(Debug)]
struct Buckets<Of: Clone + Hash + Eq> {
    name: &'static str,
    rate: Rate,
    limiter: RateLimiter<Of, DefaultKeyedStateStore<Of>, DefaultClock, StateInformationMiddleware>,
}

impl<Of: Clone + Hash + Eq> Buckets<Of> {
    fn new(name: &'static str, rate: Rate) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(rate.a_minute)?);
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(quota.allow_burst(burst)).with_middleware();
        Some(Self { name, rate: Rate { burst: burst.get(), ..rate }, limiter })
    }

    fn take(&self, of: &Of, count: usize) -> Result<Standing, Standing> {
        let standing = |left, wait| Standing { name: self.name, rate: self.rate, left, wait };
        // More than there ever are take all that there are.
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(self.rate.burst);
        let taken = self.limiter.check_key_n(of, NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        match taken {
            // It never holds so many: there are as many as it holds.
            Err(_) => Ok(standing(Some(0), None)),
            Ok(Ok(found)) => Ok(standing(Some(found.remaining_burst_capacity()), None)),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                // Several that were refused together leave what there is, and nothing says how many that are.
                Err(standing((count == 1).then_some(0), Some(wait)))
            }
        }
    }

    fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// The buckets of everybody.
#[derive(Debug)]
pub struct Rates {
    people: Option<Buckets<Caller>>,
    keys: Option<Buckets<Uuid>>,
    addresses: Option<Buckets<Caller>>,
    taken: AtomicU32,
}

impl Rates {
    /// How often a person may call, one of their API keys, and an address that nobody is known from.
    pub fn new(person: Rate, key: Rate, address: Rate) -> Self {
        Self {
            people: Buckets::new("person", person),
            keys: Buckets::new("key", key),
            addresses: Buckets::new("address", address),
            taken: AtomicU32::new(0),
        }
    }

    /// Takes so many operations of a person's, or of nobody at an address, out of their bucket, or none of them; how they stand then.
    /// Those of an API key are taken out of its own bucket, and then out of its person's: more keys are no more calls. Nothing where
    /// they may call as often as they like.
    pub(super) fn take(&self, pass: Option<Pass>, address: IpAddr, count: usize) -> Result<Option<Standing>, Standing> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            [&self.people, &self.addresses].into_iter().flatten().for_each(Buckets::forget);
            self.keys.iter().for_each(Buckets::forget);
        }
        let key = pass.and_then(Pass::key).zip(self.keys.as_ref());
        let by_key = key.map(|(key, buckets)| buckets.take(&key, count)).transpose()?;
        let caller = Caller::of(pass, address);
        let buckets = match caller {
            Caller::Person(_) => &self.people,
            Caller::Address(_) => &self.addresses,
        };
        let by_caller = buckets.as_ref().map(|buckets| buckets.take(&caller, count)).transpose()?;
        // Of two, the one that is nearer to its end.
        Ok(by_key.into_iter().chain(by_caller).min_by_key(|standing| standing.left))
    }
}

/// How a caller stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    name: &'static str,
    rate: Rate,
    /// So many are left at once, where that is known.
    left: Option<u32>,
    /// How long to wait, when none is.
    wait: Option<Duration>,
}

impl Standing {
    /// After how many seconds another will be taken.
    pub(super) fn retry_after(&self) -> u64 {
        self.wait.map_or(0, |wait| wait.as_secs_f64().ceil().max(1.0) as u64)
    }

    /// What whoever is refused is told.
    pub(super) fn message(&self) -> Text {
        let seconds = self.retry_after();
        say!("You have sent too much in too short a time. Try again in {seconds} s.", seconds)
    }

    /// The same for clients: an error's `extensions`.
    pub(super) fn details(&self) -> Details {
        vec![("retryAfter", self.retry_after().into())]
    }

    /// Tells it in a response's headers.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Self { name, rate, left, .. } = self;
        // How long a bucket takes to be full again, from some level of it.
        let filled = |missing: u32| (u64::from(missing) * 60).div_ceil(u64::from(rate.a_minute.max(1))).max(1);
        let mut set = |header, text: String| {
            // Names and numbers: all that they can be fits a header.
            let _ = HeaderValue::try_from(text).map(|value| headers.insert(header, value));
        };
        set(POLICY, format!("\"{name}\";q={};w={}", rate.burst, filled(rate.burst)));
        if let Some(left) = left {
            set(STANDING, format!("\"{name}\";r={left};t={}", filled(rate.burst.saturating_sub(*left))));
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

    const FEW: Rate = Rate { burst: 2, a_minute: 1 };
    const ANY: Rate = Rate { burst: 0, a_minute: 0 };

    #[test]
    fn each_caller_has_a_bucket_of_their_own() {
        let rates = Rates::new(FEW, ANY, FEW);
        let person = |user| Some(Pass { user: Uuid::from_u128(user), login: Login::Provider, acting_as: None });
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for left in [1, 0] {
            let standing = rates.take(person(1), here, 1).unwrap().unwrap();
            assert_eq!((standing.name, standing.left), ("person", Some(left)));
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
            "all are one person's"
        );
        let sixes = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:1::", "2001:db8:0:1::"];
        let sixes = sixes.map(|address| rates.take(None, address.parse().unwrap(), 1).is_ok());
        assert_eq!(sixes, [true, true, false, true]);
    }

    #[test]
    fn how_a_caller_stands_is_told_in_structured_fields() {
        let rate = Rate { burst: 300, a_minute: 600 };
        let told = |left, wait| {
            let mut headers = HeaderMap::new();
            Standing { name: "person", rate, left, wait }.tell(&mut headers);
            ["ratelimit-policy", "ratelimit", "retry-after"]
                .map(|name| headers.get(name).map(|value| value.to_str().unwrap().to_owned()))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(told(Some(299), None), [text("\"person\";q=300;w=30"), text("\"person\";r=299;t=1"), None]);
        let wait = Some(Duration::from_millis(100));
        assert_eq!(told(Some(0), wait), [text("\"person\";q=300;w=30"), text("\"person\";r=0;t=30"), text("1")]);
    }
}
