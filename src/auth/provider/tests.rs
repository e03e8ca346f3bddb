//! Usable keys of a set, and the fetching of keys. Their tokens are tested from outside (`tests/it/provider.rs`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::join_all;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use serde_json::json;

use tokio::time::timeout;

use super::*;
use crate::clock::SystemClock;

const RSA: &[u8] = include_bytes!("../../../tests/provider/rsa.pem");
const NEXT: &[u8] = include_bytes!("../../../tests/provider/next.pem");
const WEAK: &[u8] = include_bytes!("../../../tests/provider/weak.pem");
const EC: &[u8] = include_bytes!("../../../tests/provider/ec.pem");
const P384: &[u8] = include_bytes!("../../../tests/provider/p384.pem");
const ED: &[u8] = include_bytes!("../../../tests/provider/ed.pem");

/// The public half of a key, under an id.
fn jwk(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    jwk.common.key_id = Some(id.to_owned());
    serde_json::to_value(jwk).unwrap()
}

fn rsa(pem: &[u8], id: &str) -> Value {
    jwk(&EncodingKey::from_rsa_pem(pem).unwrap(), Algorithm::RS256, id)
}

fn ec(id: &str) -> Value {
    jwk(&EncodingKey::from_ec_pem(EC).unwrap(), Algorithm::ES256, id)
}

fn ed(id: &str) -> Value {
    jwk(&EncodingKey::from_ed_pem(ED).unwrap(), Algorithm::EdDSA, id)
}

/// The same with other members, null for none.
fn with(mut jwk: Value, members: Value) -> Value {
    jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jwk
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

#[test]
fn only_verification_keys_of_accepted_algorithms_are_usable() {
    for good in [
        rsa(RSA, "1"),
        ec("1"),
        ed("1"),
        with(rsa(RSA, "1"), json!({ "alg": null, "use": "sig", "x5t": "x" })),
        with(ec("1"), json!({ "key_ops": ["verify"] })),
    ] {
        assert_eq!(set(std::slice::from_ref(&good)).len(), 1, "{good}");
    }
    let p384 = jwk(&EncodingKey::from_ec_pem(P384).unwrap(), Algorithm::ES384, "1");
    for bad in [
        rsa(WEAK, "1"),
        p384.clone(),
        with(p384, json!({ "alg": "ES256", "crv": "P-256" })),
        with(rsa(RSA, "1"), json!({ "use": "enc" })),
        with(rsa(RSA, "1"), json!({ "use": 7 })),
        with(rsa(RSA, "1"), json!({ "alg": "RS512" })),
        with(rsa(RSA, "1"), json!({ "alg": "PS256" })),
        with(rsa(RSA, "1"), json!({ "n": "§" })),
        with(ec("1"), json!({ "key_ops": ["deriveKey"] })),
        with(ec("1"), json!({ "crv": "secp256k1" })),
        with(ec("1"), json!({ "y": "AAAA" })),
        with(ed("1"), json!({ "x": "AAAA" })),
        with(ed("1"), json!({ "x": "" })),
        with(ed("1"), json!({ "crv": "P-256" })),
        with(ed("1"), json!({ "alg": "ES256" })),
        json!({ "kty": "oct", "kid": "1", "alg": "HS256", "k": "AAAA" }),
        json!({ "kty": "AKP", "kid": "1" }),
        json!({}),
        json!("key"),
    ] {
        let both = set(&[bad.clone(), ec("good")]);
        assert_eq!(both.len(), 1, "{bad}");
        assert!(both.find(Some("good"), Algorithm::ES256).is_some(), "the others stay usable beside {bad}");
    }
    assert!(KeySet::read(b"{}").is_err() && KeySet::read(b"[]").is_err());
}

#[test]
fn a_key_is_found_by_id_or_as_the_only_one() {
    let one = set(&[ec("1")]);
    assert!(one.find(Some("1"), Algorithm::ES256).is_some() && one.find(None, Algorithm::ES256).is_some());
    assert!(one.find(Some("2"), Algorithm::ES256).is_none() && one.find(Some(""), Algorithm::ES256).is_none());
    assert!(one.find(Some("1"), Algorithm::RS256).is_none() && one.find(None, Algorithm::RS256).is_none());
    let nameless = set(&[with(ec("1"), json!({ "kid": null }))]);
    assert!(nameless.find(None, Algorithm::ES256).is_some() && nameless.find(Some("1"), Algorithm::ES256).is_none());
    let both = set(&[ec("1"), rsa(RSA, "1")]);
    assert!(both.find(Some("1"), Algorithm::ES256).is_some() && both.find(Some("1"), Algorithm::RS256).is_some());
    assert!(both.find(None, Algorithm::ES256).is_none() && both.find(None, Algorithm::RS256).is_none());
    let twice = set(&[rsa(RSA, "1"), rsa(NEXT, "1")]);
    assert!(twice.find(Some("1"), Algorithm::RS256).is_none(), "which of the two is meant?");
}

/// The answers of a test provider, and the number of requests.
#[derive(Default)]
struct TestProvider {
    keys: Mutex<Value>,
    status: Mutex<StatusCode>,
    requests: AtomicUsize,
}

impl TestProvider {
    fn publish(&self, keys: &[Value]) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = json!({ "keys": keys });
    }

    fn answer(&self, status: StatusCode) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// A test provider with its discovery document and keys; and its issuer.
async fn test_provider() -> (Arc<TestProvider>, Issuer) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let provider_side = Arc::new(TestProvider::default());
    let (issuer, keys, here) = (base.clone(), provider_side.clone(), provider_side.clone());
    let discovery = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
    let asked = async move || {
        here.requests.fetch_add(1, Ordering::SeqCst);
        let status = *here.status.lock().unwrap_or_else(PoisonError::into_inner);
        (status, Json(discovery)).into_response()
    };
    let keys = async move || Json(keys.keys.lock().unwrap_or_else(PoisonError::into_inner).clone());
    let other = json!({ "issuer": "https://other.example", "jwks_uri": "https://other.example/keys" });
    let elsewhere = json!({ "issuer": format!("{base}/elsewhere"), "jwks_uri": "http://192.0.2.1/keys" });
    let document = "/.well-known/openid-configuration";
    let router = Router::new()
        .route(document, get(asked))
        .route("/keys", get(keys))
        .route(&format!("/other{document}"), get(async move || Json(other)))
        .route(&format!("/elsewhere{document}"), get(async move || Json(elsewhere)))
        .route(&format!("/moved{document}"), get(async move || (StatusCode::FOUND, [(header::LOCATION, document)])))
        .route(&format!("/large{document}"), get(async || " ".repeat(300_000)))
        .route(&format!("/silent{document}"), get(std::future::pending::<String>));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (provider_side, Issuer::named(&base).unwrap())
}

/// A provider with such intervals.
fn provider_with(issuer: &Issuer, intervals: FetchIntervals) -> Arc<Provider> {
    let provider =
        Provider::with_intervals(issuer.clone(), "us".to_owned(), "name".to_owned(), intervals, Arc::new(SystemClock))
            .unwrap();
    let provider = Arc::new(provider);
    let keeping = provider.clone();
    tokio::spawn(async move {
        loop {
            keeping.refresh().await;
            let _ = timeout(keeping.intervals.fresh, keeping.fetch_needed()).await;
        }
    });
    provider
}

const NEVER: Duration = Duration::from_secs(86_400);
const SOON: Duration = Duration::from_millis(50);

/// Waits for a condition.
async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("in time");
}

fn header(id: &str) -> Header {
    Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::RS256) }
}

/// True if a key of the id is known, at once or after a fetch.
async fn is_known(provider: &Provider, id: &str) -> bool {
    let known = provider.keys_for(&header(id)).await;
    known.is_some_and(|known| known.keys.find(Some(id), Algorithm::RS256).is_some())
}

#[tokio::test]
async fn many_unknown_keys_cause_one_fetch() {
    let (provider_side, issuer) = test_provider().await;
    provider_side.publish(&[rsa(RSA, "1")]);
    let provider = provider_with(&issuer, FetchIntervals { rest: SOON, fresh: NEVER, stale: NEVER });
    assert!(is_known(&provider, "1").await, "whoever comes first waits for the first answer");
    until(|| *provider.fetch.borrow() == FetchState::Ready).await;
    provider_side.publish(&[rsa(NEXT, "2")]);
    let ids: Vec<String> = (0..200).map(|id| format!("unknown{id}")).collect();
    let storm = join_all(ids.iter().map(|id| is_known(&provider, id)));
    let (storm, next) = tokio::join!(storm, is_known(&provider, "2"));
    assert!(!storm.contains(&true) && next, "and it finds the key that is new");
    assert_eq!(provider_side.requests(), 2);
    assert!(!is_known(&provider, "1").await, "the old one is gone");

    let provider = provider_with(&issuer, FetchIntervals { rest: NEVER, fresh: NEVER, stale: NEVER });
    assert!(is_known(&provider, "2").await);
    until(|| *provider.fetch.borrow() == FetchState::Resting).await;
    let asked = provider_side.requests();
    provider_side.publish(&[rsa(RSA, "1")]);
    join_all(ids.iter().map(|id| is_known(&provider, id))).await;
    assert!(!is_known(&provider, "1").await);
    assert_eq!(provider_side.requests(), asked, "it is left alone for a while");
}

#[tokio::test]
async fn token_times_are_checked_by_our_clock_and_leeway() {
    let (provider_side, issuer) = test_provider().await;
    provider_side.publish(&[ed("1")]);
    let provider = provider_with(&issuer, FetchIntervals { rest: SOON, fresh: NEVER, stale: NEVER });
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let sign = |claims: Value| {
        let claims = with(json!({ "iss": issuer.name, "aud": "us", "name": "siti" }), claims);
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_pem(ED).unwrap()).unwrap()
    };
    // Long ago by the machine's clock.
    let (begins, ends) = (1_000_000_000, 1_000_000_300);
    let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
    let let_in = Ok(("siti".to_owned(), at(ends + LEEWAY)));
    for claims in
        [json!({ "nbf": begins, "exp": ends }), json!({ "nbf": begins as f64 + 0.5, "exp": ends as f64 + 0.5 })]
    {
        let token = sign(claims);
        assert!(provider.is_named_by(&token));
        for (moment, good) in
            [(begins - LEEWAY - 1, false), (begins - LEEWAY, true), (ends + LEEWAY - 1, true), (ends + LEEWAY, false)]
        {
            let verified = provider.verify(&token, at(moment)).await;
            assert_eq!(verified == let_in, good, "{moment}: {verified:?}");
        }
    }
    let several = sign(json!({ "exp": ends, "iss": [issuer.name, "https://other.example"] }));
    assert!(!provider.is_named_by(&several) && provider.verify(&several, at(begins)).await.is_err());
    assert!(provider.verify(&sign(json!({ "exp": ends })), at(0)).await.is_ok(), "`nbf` need not be said");
}

#[tokio::test]
async fn keys_are_fetched_again_after_their_interval() {
    let (provider_side, issuer) = test_provider().await;
    provider_side.publish(&[rsa(RSA, "1")]);
    let provider = provider_with(&issuer, FetchIntervals { rest: SOON, fresh: SOON * 2, stale: NEVER });
    assert!(is_known(&provider, "1").await);
    provider_side.publish(&[rsa(NEXT, "2")]);
    // It is found without a request for it, and the other is gone.
    let has = |id: &str| provider.known().is_some_and(|known| known.keys.find(Some(id), Algorithm::RS256).is_some());
    until(|| has("2")).await;
    assert!(!has("1"));
}

#[tokio::test]
async fn cached_keys_serve_until_stale_while_the_provider_is_down() {
    let (provider_side, issuer) = test_provider().await;
    provider_side.publish(&[rsa(RSA, "1")]);
    provider_side.answer(StatusCode::SERVICE_UNAVAILABLE);
    let lasting = provider_with(&issuer, FetchIntervals { rest: SOON, fresh: SOON * 2, stale: NEVER });
    let ageing = provider_with(&issuer, FetchIntervals { rest: SOON, fresh: SOON * 2, stale: SOON * 20 });
    assert!(!is_known(&lasting, "1").await && !is_known(&ageing, "1").await, "nothing is known yet");
    provider_side.answer(StatusCode::OK);
    until(|| lasting.known().is_some() && ageing.known().is_some()).await;
    provider_side.answer(StatusCode::SERVICE_UNAVAILABLE);
    until(|| ageing.known().is_none()).await;
    assert!(is_known(&lasting, "1").await && !is_known(&ageing, "1").await);
    provider_side.answer(StatusCode::OK);
    until(|| ageing.known().is_some()).await;
    assert!(is_known(&ageing, "1").await);
}

#[tokio::test]
async fn invalid_provider_answers_are_refused() {
    let (provider_side, issuer) = test_provider().await;
    provider_side.publish(&[rsa(RSA, "1")]);
    let keys = async |path: &str| {
        let issuer = Issuer::named(&format!("{}{path}", issuer.name)).unwrap();
        KeySource::new(issuer).unwrap().keys().await
    };
    assert_eq!(keys("").await.unwrap().len(), 1);
    for (path, says) in [
        ("/other", "names another issuer"),
        ("/elsewhere", "`jwks_uri` must begin with https://"),
        ("/moved", "answers 302"),
        ("/large", "length limit"),
        ("/nothing", "answers 404"),
        ("/silent", "no answer within"),
        // It differs from its own name.
        ("/", "names another issuer"),
    ] {
        let error = keys(path).await.unwrap_err();
        assert!(error.contains(says), "{path}: {error}");
    }
}

#[test]
fn an_issuer_is_an_https_or_loopback_url() {
    for good in ["https://login.example", "https://login.example/realms/kota/", "http://127.0.0.1:8", "http://[::1]:8"]
    {
        assert_eq!(Issuer::named(good).unwrap().name, good);
    }
    let location = |name: &str| Issuer::named(name).unwrap().location.to_string();
    let document = "https://login.example/realms/kota/.well-known/openid-configuration";
    assert_eq!(location("https://login.example/realms/kota"), document);
    assert_eq!(location("https://login.example/realms/kota/"), document);
    for bad in [
        "",
        "login.example",
        "http://login.example",
        "http://127.0.0.1.example",
        "ftp://login.example",
        "file:///etc/passwd",
        "https://",
        "https://a:b@login.example",
        "https://login.example?a",
        "https://login.example#a",
        "https://login example",
    ] {
        assert!(Issuer::named(bad).is_err(), "{bad}");
    }
}
