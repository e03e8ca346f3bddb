//! Identity provider (OpenID Connect): verifies its access tokens with its published keys.

mod issuer;
mod key_set;
mod source;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, dangerous};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::sleep;

pub use self::issuer::Issuer;
use self::key_set::KeySet;
use self::source::KeySource;
use super::token::LEEWAY;
use crate::clock::Clock;

/// The accepted algorithms, all with public keys: checking a token does not allow making one.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The accepted token types (RFC 9068, and earlier customs), in small letters. Others, such as logout tokens, are
/// signed by the same keys.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// How often a provider is asked for its keys, and how long they are believed.
#[derive(Debug, Clone, Copy)]
struct FetchIntervals {
    /// It is left alone for so long after each time, however many unknown keys are named.
    rest: Duration,
    /// So old, they are asked for again.
    fresh: Duration,
    /// So old, they are believed no longer.
    stale: Duration,
}

const INTERVALS: FetchIntervals = FetchIntervals {
    rest: Duration::from_secs(10),
    fresh: Duration::from_secs(300),
    stale: Duration::from_secs(3_600),
};

/// The state of fetching the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FetchState {
    /// It is, or is about to be.
    Asking,
    /// It was just now, and is left alone.
    Resting,
    /// It may be asked, when an unknown key is needed.
    Ready,
}

/// The keys, as they were when the provider was asked last.
#[derive(Debug)]
struct CachedKeys {
    keys: KeySet,
    since: DateTime<Utc>,
}

/// An identity provider with accepted access tokens.
#[derive(Debug)]
pub struct Provider {
    source: KeySource,
    audience: String,
    claim: String,
    intervals: FetchIntervals,
    clock: Arc<dyn Clock>,
    /// The result of the last fetch: the number of keys, or the failure.
    last: Mutex<Option<Result<usize, String>>>,
    known: ArcSwapOption<CachedKeys>,
    fetch: watch::Sender<FetchState>,
}

/// The claims of a verified token.
#[derive(Deserialize)]
struct ProviderClaims {
    // One text: the library would accept a list containing it.
    iss: String,
    exp: f64,
    nbf: Option<f64>,
    /// A bearer's key to be proven (RFC 7800).
    cnf: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The claims of a token before verification.
#[derive(Deserialize)]
struct UnverifiedClaims {
    iss: String,
}

impl Provider {
    /// A provider, with the audience and the claim for user names of its tokens. Its keys come with
    /// [`Provider::refresh`].
    pub fn new(issuer: Issuer, audience: String, claim: String, clock: Arc<dyn Clock>) -> Result<Self, String> {
        Self::with_intervals(issuer, audience, claim, INTERVALS, clock)
    }

    fn with_intervals(
        issuer: Issuer,
        audience: String,
        claim: String,
        intervals: FetchIntervals,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let (source, fetch) = (KeySource::new(issuer)?, watch::Sender::new(FetchState::Asking));
        Ok(Self {
            source,
            audience,
            claim,
            intervals,
            clock,
            last: Mutex::default(),
            known: ArcSwapOption::empty(),
            fetch,
        })
    }

    /// True if a token claims this issuer; [`Provider::verify`] decides.
    pub fn is_named_by(&self, token: &str) -> bool {
        dangerous::insecure_decode_claims::<UnverifiedClaims>(token)
            .is_ok_and(|claims| claims.iss == self.source.issuer())
    }

    /// Verifies a token: signature, issuer, audience, time. Returns the person's name and the token's end. The error is
    /// for the operator, never for the sender.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<(String, DateTime<Utc>), String> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        expect_access_token(&header)?;
        let known = self.keys_for(&header).await;
        let known = known.ok_or("none of the provider's keys are known")?;
        let key = known.keys.find(header.kid.as_deref(), header.alg).ok_or_else(|| unknown_key(&header))?;
        let mut rules = Validation::new(header.alg);
        rules.set_audience(&[&self.audience]);
        rules.set_issuer(&[self.source.issuer()]);
        rules.set_required_spec_claims(&["aud", "iss", "exp"]);
        // The library would ask the machine's clock.
        rules.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<ProviderClaims>(token, key, &rules).map_err(|error| error.to_string())?.claims;
        if claims.iss != self.source.issuer() {
            return Err("it is another issuer's".to_owned());
        }
        if claims.cnf.is_some() {
            return Err("it is bound to a key of its bearer, and proof of possession is not supported".to_owned());
        }
        let moment = |seconds: f64, leeway| DateTime::from_timestamp((seconds as i64).saturating_add(leeway), 0);
        let ends = moment(claims.exp, LEEWAY).ok_or("`exp` is no moment")?;
        if ends <= now {
            return Err("it has ended".to_owned());
        }
        if let Some(begins) = claims.nbf
            && moment(begins, -LEEWAY).is_none_or(|begins| now < begins)
        {
            return Err("it is not in force yet".to_owned());
        }
        match claims.others.get(&self.claim) {
            // No name has U+0000, and PostgreSQL refuses it as a parameter.
            Some(Value::String(name)) if !name.contains('\0') => Ok((name.clone(), ends)),
            _ => Err(format!("it has no name as `{}`", self.claim)),
        }
    }

    /// The keys, fetched again when they lack the one named by a token.
    async fn keys_for(&self, header: &Header) -> Option<Arc<CachedKeys>> {
        let known = self.known();
        if known.as_ref().is_some_and(|known| known.keys.find(header.kid.as_deref(), header.alg).is_some()) {
            return known;
        }
        let mut fetch = self.fetch.subscribe();
        self.fetch.send_if_modified(|fetch| {
            let is_ready = *fetch == FetchState::Ready;
            if is_ready {
                *fetch = FetchState::Asking;
            }
            is_ready
        });
        // It fails only at the end of the program.
        let _ = fetch.wait_for(|fetch| *fetch != FetchState::Asking).await;
        self.known()
    }

    /// The keys, if they are not too old to be believed.
    fn known(&self) -> Option<Arc<CachedKeys>> {
        self.known.load_full().filter(|known| {
            let age = (self.clock.now() - known.since).to_std().unwrap_or_default();
            age < self.intervals.stale
        })
    }

    /// How often the keys are asked for.
    pub fn interval(&self) -> TimeDelta {
        TimeDelta::from_std(self.intervals.fresh).unwrap_or(TimeDelta::MAX)
    }

    /// Asks for the keys. An outcome is logged when it is another than the one before.
    pub async fn refresh(&self) {
        self.fetch.send_replace(FetchState::Asking);
        let (issuer, since) = (self.source.issuer(), self.clock.now());
        let outcome = self.source.keys().await.map(|keys| {
            let count = keys.len();
            self.known.store(Some(Arc::new(CachedKeys { keys, since })));
            count
        });
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() != Some(&outcome) {
            match &outcome {
                Ok(keys) => tracing::info!(issuer, keys, "the identity provider's keys are known"),
                Err(why) => tracing::warn!(issuer, why, "the identity provider's keys are not to be had"),
            }
        }
        *last = Some(outcome);
        self.fetch.send_replace(FetchState::Resting);
    }

    /// Waits for a reason to fetch the keys before their interval is over: an unknown key is needed, or the last fetch
    /// failed. Never sooner than the provider's rest.
    pub async fn fetch_needed(&self) {
        sleep(self.intervals.rest).await;
        if matches!(&*self.last.lock().unwrap_or_else(PoisonError::into_inner), Some(Err(_))) {
            return;
        }
        let mut fetch = self.fetch.subscribe();
        self.fetch.send_replace(FetchState::Ready);
        let _ = fetch.wait_for(|fetch| *fetch == FetchState::Asking).await;
    }
}

/// Refuses tokens of another kind, before any signature is checked.
fn expect_access_token(header: &Header) -> Result<(), String> {
    if !ALGORITHMS.contains(&header.alg) {
        return Err(format!("{:?} is no algorithm that is taken", header.alg));
    }
    if header.typ.as_ref().is_some_and(|of| !TYPES.contains(&of.to_ascii_lowercase().as_str())) {
        return Err("it is no access token".to_owned());
    }
    // RFC 7515, section 4.1.11: unknown critical extensions are refused. None is known here.
    if header.crit.is_some() {
        return Err("its header has critical extensions".to_owned());
    }
    Ok(())
}

/// Describes an unknown key.
fn unknown_key(header: &Header) -> String {
    match &header.kid {
        // Anybody may have written it.
        Some(id) => {
            format!("the provider has no key {:?} for {:?}", id.chars().take(64).collect::<String>(), header.alg)
        }
        None => format!("it names no key, and the provider has not just one, for {:?}", header.alg),
    }
}
