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

/// The algorithms that are taken. Each is of public keys: who can check a token cannot make one.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The types of token that are taken (RFC 9068, and what providers wrote before it), in small letters. Others, as those that tell of
/// signing out, are signed by the same keys.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// How often a provider is asked for its keys, and how long they are believed.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// It is left alone for so long after each time, however many unknown keys are named.
    rest: Duration,
    /// So old, they are asked for again.
    fresh: Duration,
    /// So old, they are believed no longer.
    stale: Duration,
}

const PACE: Pace =
    Pace { rest: Duration::from_secs(10), fresh: Duration::from_secs(300), stale: Duration::from_secs(3_600) };

/// Whether the provider is being asked for its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// It is, or is about to be.
    Asking,
    /// It was just now, and is left alone.
    Resting,
    /// It may be, by whoever needs a key that is not known.
    Ready,
}

/// The keys, as they were when the provider was asked last.
#[derive(Debug)]
struct CachedKeys {
    keys: KeySet,
    since: DateTime<Utc>,
}

/// An identity provider whose access tokens are taken.
#[derive(Debug)]
pub struct Provider {
    source: KeySource,
    audience: String,
    claim: String,
    pace: Pace,
    clock: Arc<dyn Clock>,
    /// What came of asking last: the number of keys, or why there are none.
    last: Mutex<Option<Result<usize, String>>>,
    known: ArcSwapOption<CachedKeys>,
    round: watch::Sender<Round>,
}

/// What is read of a token.
#[derive(Deserialize)]
struct ProviderClaims {
    // One text: the library would take a list that has it.
    iss: String,
    exp: f64,
    nbf: Option<f64>,
    /// To which key its bearer is bound (RFC 7800), which would have to be proven.
    cnf: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What is read of a token before it is known to be good.
#[derive(Deserialize)]
struct UnverifiedClaims {
    iss: String,
}

impl Provider {
    /// A provider whose tokens are for that audience, and name a person by that claim. Its keys come with [`Provider::refresh`].
    pub fn new(issuer: Issuer, audience: String, claim: String, clock: Arc<dyn Clock>) -> Result<Self, String> {
        Self::paced(issuer, audience, claim, PACE, clock)
    }

    fn paced(
        issuer: Issuer,
        audience: String,
        claim: String,
        pace: Pace,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let (source, round) = (KeySource::new(issuer)?, watch::Sender::new(Round::Asking));
        Ok(Self { source, audience, claim, pace, clock, last: Mutex::default(), known: ArcSwapOption::empty(), round })
    }

    /// Whether a token says that it is this provider's. That it is so is for [`Provider::verify`] to find out.
    pub fn is_named_by(&self, token: &str) -> bool {
        dangerous::insecure_decode_claims::<UnverifiedClaims>(token)
            .is_ok_and(|claims| claims.iss == self.source.issuer())
    }

    /// Whom a token names and when it ends to be good, if it is the provider's, meant for us, and in force now. The error is for
    /// the operator, and nothing for who sent the token.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<(String, DateTime<Utc>), String> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        expect_taken(&header)?;
        let known = self.known_for(&header).await;
        let known = known.ok_or("none of the provider's keys are known")?;
        let key = known.keys.find(header.kid.as_deref(), header.alg).ok_or_else(|| unknown(&header))?;
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
            return Err("it is bound to a key of its bearer's, who is not asked to prove that".to_owned());
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
            Some(Value::String(name)) => Ok((name.clone(), ends)),
            _ => Err(format!("it has no text as `{}`", self.claim)),
        }
    }

    /// The keys, in which the one that a token names is not if the provider does not have it.
    async fn known_for(&self, header: &Header) -> Option<Arc<CachedKeys>> {
        let known = self.known();
        if known.as_ref().is_some_and(|known| known.keys.find(header.kid.as_deref(), header.alg).is_some()) {
            return known;
        }
        let mut round = self.round.subscribe();
        self.round.send_if_modified(|round| {
            let is_ready = *round == Round::Ready;
            if is_ready {
                *round = Round::Asking;
            }
            is_ready
        });
        // It fails only when nobody asks any more, and then there is nothing new.
        let _ = round.wait_for(|round| *round != Round::Asking).await;
        self.known()
    }

    /// The keys, if they are not too old to be believed.
    fn known(&self) -> Option<Arc<CachedKeys>> {
        self.known.load_full().filter(|known| {
            let age = (self.clock.now() - known.since).to_std().unwrap_or_default();
            age < self.pace.stale
        })
    }

    /// How often the keys are asked for.
    pub fn interval(&self) -> TimeDelta {
        TimeDelta::from_std(self.pace.fresh).unwrap_or(TimeDelta::MAX)
    }

    /// Asks for the keys. An outcome is logged when it is another than the one before.
    pub async fn refresh(&self) {
        self.round.send_replace(Round::Asking);
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
        self.round.send_replace(Round::Resting);
    }

    /// Waits until the keys should be asked for before their interval is over: one is needed that is not known, or there was no
    /// answer. The provider is left alone for a while in any case.
    pub async fn wanted(&self) {
        sleep(self.pace.rest).await;
        if matches!(&*self.last.lock().unwrap_or_else(PoisonError::into_inner), Some(Err(_))) {
            return;
        }
        let mut round = self.round.subscribe();
        self.round.send_replace(Round::Ready);
        let _ = round.wait_for(|round| *round == Round::Asking).await;
    }
}

/// Refuses what could not be an access token of a provider's, whatever its claims and signature.
fn expect_taken(header: &Header) -> Result<(), String> {
    if !ALGORITHMS.contains(&header.alg) {
        return Err(format!("{:?} is no algorithm that is taken", header.alg));
    }
    if header.typ.as_ref().is_some_and(|of| !TYPES.contains(&of.to_ascii_lowercase().as_str())) {
        return Err("it is no access token".to_owned());
    }
    // RFC 7515, section 4.1.11: whoever does not know what these mean refuses them. None is known here.
    if header.crit.is_some() {
        return Err("its header has critical extensions".to_owned());
    }
    Ok(())
}

/// That a key is not the provider's.
fn unknown(header: &Header) -> String {
    match &header.kid {
        // Anybody may have written it.
        Some(id) => {
            format!("the provider has no key {:?} for {:?}", id.chars().take(64).collect::<String>(), header.alg)
        }
        None => format!("it names no key, and the provider has not just one, for {:?}", header.alg),
    }
}
