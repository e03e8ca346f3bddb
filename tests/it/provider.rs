//! Sign-in through an identity provider, run by the test itself.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use futures_util::future::join_all;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::acts::Cloud;
use crate::cast::{ADMIN, And, SINGKAWANG};
use crate::harness::{Folders, PASSWORD, Server, command, credentials, eventually, output};
use crate::socket::Socket;
use crate::stream::Stream;

const RSA: &[u8] = include_bytes!("../provider/rsa.pem");
const NEXT: &[u8] = include_bytes!("../provider/next.pem");
const EC: &[u8] = include_bytes!("../provider/ec.pem");
const ED: &[u8] = include_bytes!("../provider/ed.pem");

/// The tokens' audience.
const AUDIENCE: &str = "disposisi-api";

const VIEWER: &str = "{ viewer { user { username } grants { id } } }";
const EVENTS: &str = "subscription { requestEvents { kind } }";

fn now() -> i64 {
    crate::harness::now().timestamp()
}

/// A signing key of the provider.
struct Key {
    id: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl Key {
    fn rsa(id: &'static str, pem: &[u8]) -> Self {
        Self { id, algorithm: Algorithm::RS256, private: EncodingKey::from_rsa_pem(pem).expect("a key") }
    }

    fn ec(id: &'static str) -> Self {
        Self { id, algorithm: Algorithm::ES256, private: EncodingKey::from_ec_pem(EC).expect("a key") }
    }

    fn ed(id: &'static str) -> Self {
        Self { id, algorithm: Algorithm::EdDSA, private: EncodingKey::from_ed_pem(ED).expect("a key") }
    }

    /// Its public half, as it is published.
    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).expect("a public key");
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).expect("JSON")
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) }
    }

    fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header(), claims, &self.private).expect("a token")
    }
}

/// The provider's state.
#[derive(Default)]
struct Told {
    keys: Mutex<Value>,
    down: AtomicBool,
    asked: AtomicUsize,
}

/// An identity provider.
struct Provider {
    issuer: String,
    told: Arc<Told>,
}

impl Provider {
    /// A provider with these keys.
    async fn of(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        Self::on(listener, &base, keys)
    }

    /// The same at that address.
    fn on<L: Listener<Addr = SocketAddr>>(listener: L, base: &str, keys: &[&Key]) -> Self {
        let issuer = format!("{base}/realms/kota");
        let told = Arc::new(Told::default());
        let (asked, published) = (told.clone(), told.clone());
        let discovery = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
        let discover = async move || -> Response {
            asked.asked.fetch_add(1, Ordering::SeqCst);
            match asked.down.load(Ordering::SeqCst) {
                true => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                false => Json(discovery).into_response(),
            }
        };
        let keys_now = async move || Json(published.keys.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let router = Router::new()
            .route("/realms/kota/.well-known/openid-configuration", get(discover))
            .route("/realms/kota/keys", get(keys_now));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let provider = Self { issuer, told };
        provider.publish(keys);
        provider
    }

    /// Publishes these keys and no others from here on.
    fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        *self.told.keys.lock().unwrap_or_else(PoisonError::into_inner) = json!({ "keys": keys });
    }

    fn asked(&self) -> usize {
        self.told.asked.load(Ordering::SeqCst)
    }

    /// The claims of a good token of a person.
    fn claims(&self, name: &str) -> Value {
        json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": "5f3c", "preferred_username": name,
            "iat": now(), "nbf": now(), "exp": now() + 300, "typ": "Bearer", "scope": "openid",
        })
    }

    /// Has a server take its tokens.
    fn trusted_by(&self, server: &mut Server) {
        let issuer = ["--oidc-issuer", &self.issuer, "--oidc-audience", AUDIENCE];
        server.restart_with(&[&issuer[..], &["--log", "warn,disposisi=debug"]].concat());
    }
}

/// The listener of a provider by HTTPS, as `localhost`.
struct Encrypted(TcpListener, TlsAcceptor);

impl Encrypted {
    async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let certificate = CertificateDer::from_pem_slice(include_bytes!("../provider/localhost.pem"));
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../provider/localhost.key"));
        let tls = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"));
        Self(listener, TlsAcceptor::from(Arc::new(tls.expect("a pair"))))
    }
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (connection, from) = self.0.accept().await.expect("a connection");
            // A distrusting client is gone.
            if let Ok(connection) = self.1.accept(connection).await {
                return (connection, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A server with a trusted provider.
async fn served(provider: &Provider) -> Server {
    let mut server = Server::with_clock(&SINGKAWANG.and(&[ADMIN]));
    provider.trusted_by(&mut server);
    server
}

/// True if a token is accepted; its refusal equals that of every other.
async fn lets_in(server: &Server, token: &str) -> bool {
    let answer = server.send(Some(token), VIEWER, json!({})).await;
    if answer["data"]["viewer"]["user"]["username"].is_string() {
        return true;
    }
    let message = "The token has ended or is not valid: sign in again.";
    let refused = json!({ "errors": [{ "message": message, "extensions": { "code": "UNAUTHENTICATED" } }] });
    assert_eq!(answer, refused, "nothing is told of why");
    false
}

/// Waits until a token lets in.
async fn until_it_lets_in(server: &Server, token: &str) {
    eventually(|| server.log(), async || lets_in(server, token).await).await;
}

/// A claim set with other claims, null for none.
fn with(claims: Value, others: Value) -> Value {
    let mut claims = crate::harness::with(claims, others);
    claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    claims
}

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id number } \
    userErrors { code } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_token_signs_in_over_every_transport() {
    let keys = [Key::rsa("rsa", RSA), Key::ec("ec"), Key::ed("ed")];
    let provider = Provider::of(&keys.each_ref()).await;
    let server = served(&provider).await;
    for key in &keys {
        let (tu, opd) = (key.sign(&provider.claims("tu")), key.sign(&provider.claims("opd")));
        let answer = server.send(Some(&tu), VIEWER, json!({})).await;
        assert_eq!(answer["data"]["viewer"]["user"]["username"], "tu", "{:?}: {answer}", key.algorithm);
        let mut socket = Socket::of(&server, &tu).await;
        socket.subscribe("1", EVENTS, json!({})).await;
        let mut stream = Stream::post(&server, Some(&tu), None, EVENTS, json!({})).await;
        socket.subscribe("2", VIEWER, json!({})).await;
        assert_eq!(socket.told("2").await["viewer"]["user"]["username"], "tu");
        socket.settle().await;
        let sent = server.send(Some(&opd), SUBMIT, Cloud::letter(key.id).variables()).await;
        assert!(sent["data"]["submitRequest"]["request"]["number"].is_string(), "they act by their grants: {sent}");
        assert_eq!(
            server.send(Some(&tu), SUBMIT, Cloud::letter("x").variables()).await["errors"][0]["extensions"]["code"],
            "FORBIDDEN"
        );
        assert_eq!(socket.told("1").await["requestEvents"]["kind"], "SUBMITTED");
        assert_eq!(stream.told().await.0["data"]["requestEvents"]["kind"], "SUBMITTED");
    }
    // As other providers write them.
    for claims in [
        json!({ "aud": ["account", AUDIENCE], "nbf": null, "iat": null, "sub": null }),
        json!({ "exp": now() as f64 + 300.5, "nbf": now() as f64 - 0.5 }),
    ] {
        assert!(lets_in(&server, &keys[0].sign(&with(provider.claims("tu"), claims))).await);
    }
    for typ in [None, Some("at+jwt"), Some("application/at+JWT"), Some("jwt")] {
        let header = Header { typ: typ.map(str::to_owned), ..keys[1].header() };
        let token = jsonwebtoken::encode(&header, &provider.claims("tu"), &keys[1].private).expect("a token");
        assert!(lets_in(&server, &token).await, "{typ:?}");
    }
    assert!(lets_in(&server, server.person("tu").await.token()).await, "our own are taken too");
    provider.publish(&[]);
    assert!(!server.log().contains("eyJ"), "no token is logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_tokens_are_checked_for_issuer_audience_and_time() {
    let (rsa, ec, ed) = (Key::rsa("rsa", RSA), Key::ec("ec"), Key::ed("ed"));
    let provider = Provider::of(&[&rsa, &ec, &ed]).await;
    let server = served(&provider).await;
    let claims = provider.claims("tu");
    let changed = |others: Value| rsa.sign(&with(claims.clone(), others));
    let signed = |header: Header, key: &EncodingKey| jsonwebtoken::encode(&header, &claims, key).expect("a token");
    let good = rsa.sign(&claims);
    let parts: Vec<&str> = good.split('.').collect();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let headed = |header: Value| format!("{}.{}.{}", encode(&header), parts[1], parts[2]);
    let unsigned = json!({ "alg": "none", "kid": "rsa" });
    // The public key as everybody reads it, as if it were a secret of two.
    let public = rsa.public();
    let modulus = URL_SAFE_NO_PAD.decode(public["n"].as_str().expect("a modulus")).expect("base64");
    let symmetric = || Header { alg: Algorithm::HS256, ..rsa.header() };
    let named = |kid: Option<&str>| Header { kid: kid.map(str::to_owned), ..rsa.header() };
    let typed = |typ: &str| Header { typ: Some(typ.to_owned()), ..rsa.header() };
    let bad = [
        ("expired", changed(json!({ "exp": now() - 60 }))),
        ("without an end", changed(json!({ "exp": null }))),
        ("with an end that is no moment", changed(json!({ "exp": "tomorrow" }))),
        ("with an end beyond all moments", changed(json!({ "exp": 1e300 }))),
        ("not in force yet", changed(json!({ "nbf": now() + 3_600 }))),
        ("in force at no moment", changed(json!({ "nbf": "now" }))),
        ("for others", changed(json!({ "aud": "account" }))),
        ("for several others", changed(json!({ "aud": ["account", "disposisi"] }))),
        ("for nobody", changed(json!({ "aud": null }))),
        ("of another issuer", changed(json!({ "iss": "https://login.example" }))),
        ("of an issuer with a slash", changed(json!({ "iss": format!("{}/", provider.issuer) }))),
        ("of several issuers", changed(json!({ "iss": [provider.issuer, "https://login.example"] }))),
        ("of no issuer", changed(json!({ "iss": null }))),
        ("of ours", changed(json!({ "iss": "disposisi" }))),
        ("of nobody", changed(json!({ "preferred_username": null }))),
        ("of somebody unknown", changed(json!({ "preferred_username": "nobody" }))),
        ("of somebody in other letters", changed(json!({ "preferred_username": "TU" }))),
        ("of somebody with a space", changed(json!({ "preferred_username": "tu " }))),
        ("of somebody with U+0000", changed(json!({ "preferred_username": "tu\u{0}" }))),
        ("of several", changed(json!({ "preferred_username": ["tu"] }))),
        ("by another claim", changed(json!({ "preferred_username": null, "sub": "tu", "email": "tu" }))),
        ("bound to a key", changed(json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }))),
        ("about signing out", signed(typed("logout+jwt"), &rsa.private)),
        ("proving a key", signed(typed("dpop+jwt"), &rsa.private)),
        ("of another key", signed(rsa.header(), &Key::rsa("rsa", NEXT).private)),
        ("of an unknown key", signed(named(Some("unknown")), &rsa.private)),
        ("of the other key's id", signed(named(Some("ec")), &rsa.private)),
        ("of no key's id", signed(named(None), &rsa.private)),
        ("of another algorithm of the key", signed(Header { alg: Algorithm::RS512, ..rsa.header() }, &rsa.private)),
        ("of a kind of padding", signed(Header { alg: Algorithm::PS256, ..rsa.header() }, &rsa.private)),
        ("by the public modulus", signed(symmetric(), &EncodingKey::from_secret(&modulus))),
        ("by the public key", signed(symmetric(), &EncodingKey::from_secret(public.to_string().as_bytes()))),
        ("with critical extensions", {
            let header = Header { crit: Some(vec!["b64".to_owned()]), ..rsa.header() };
            signed(header, &rsa.private)
        }),
        ("that brings its own key", {
            let key = Key::rsa("own", NEXT);
            let header = Header { jwk: serde_json::from_value(key.public()).ok(), ..key.header() };
            signed(header, &key.private)
        }),
        ("of no algorithm", format!("{}.{}.", encode(&unsigned), parts[1])),
        ("of no algorithm, signed", headed(unsigned)),
        ("of an algorithm for another key", headed(json!({ "alg": "ES256", "kid": "rsa" }))),
        ("with other claims", {
            let claims = encode(&with(claims.clone(), json!({ "preferred_username": "admin" })));
            format!("{}.{claims}.{}", parts[0], parts[2])
        }),
        ("without a signature", format!("{}.{}.", parts[0], parts[1])),
        ("cut", good[..good.len() - 10].to_owned()),
        ("with more", format!("{good}.x")),
    ];
    assert!(lets_in(&server, &good).await, "what is changed below is what matters");
    for (what, token) in bad {
        assert!(!lets_in(&server, &token).await, "{what}");
        assert!(Socket::try_at(server.base(), &token).await.is_none(), "{what}");
    }
    assert!(lets_in(&server, &good).await);
    let log = server.log();
    for why in [
        "the provider has no key",
        "is no algorithm that is taken",
        "bound to a key",
        "it has ended",
        "is not known here",
    ] {
        assert!(log.contains(why), "`{why}`: {log}");
    }
    // A token by our own key is not the provider's, whatever its issuer.
    let own = server.person("tu").await.token().to_owned();
    let header = own.split('.').next().expect("a header").to_owned();
    let forged = format!("{header}.{}.{}", parts[1], own.split('.').next_back().expect("a signature"));
    assert!(!lets_in(&server, &forged).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_keys_are_rotated_without_a_restart() {
    let (old, new) = (Key::rsa("old", RSA), Key::rsa("new", NEXT));
    let provider = Provider::of(&[&old]).await;
    let server = served(&provider).await;
    let (by_old, by_new) = (old.sign(&provider.claims("tu")), new.sign(&provider.claims("tu")));
    assert!(lets_in(&server, &by_old).await && !lets_in(&server, &by_new).await);
    provider.publish(&[&old, &new]);
    until_it_lets_in(&server, &by_new).await;
    assert!(lets_in(&server, &by_old).await, "both are published");
    provider.publish(&[&new]);
    // Tokens of unknown keys have the provider asked, but seldom, however many they are.
    let (asked, began) = (provider.asked(), Instant::now());
    let unknown: Vec<String> = (0..500)
        .map(|number| {
            let header = Header { kid: Some(format!("unknown{number}")), ..old.header() };
            jsonwebtoken::encode(&header, &provider.claims("tu"), &old.private).expect("a token")
        })
        .collect();
    let storm = join_all(unknown.iter().map(|token| lets_in(&server, token))).await;
    assert!(!storm.contains(&true));
    let is_forgotten = async || !lets_in(&server, &unknown[0]).await && !lets_in(&server, &by_old).await;
    eventually(|| server.log(), is_forgotten).await;
    let most = began.elapsed().as_secs() / 10 + 1;
    assert!((provider.asked() - asked) as u64 <= most, "{} times of {most}", provider.asked() - asked);
    assert!(lets_in(&server, &by_new).await && !lets_in(&server, &by_old).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_provider_stops_nothing() {
    let key = Key::ec("ec");
    let provider = Provider::of(&[&key]).await;
    provider.told.down.store(true, Ordering::SeqCst);
    let server = served(&provider).await;
    let token = key.sign(&provider.claims("tu"));
    assert!(lets_in(&server, server.person("tu").await.token()).await, "by password as ever");
    assert!(!lets_in(&server, &token).await);
    assert!(server.log().contains("the identity provider's keys are not to be had"), "{}", server.log());
    provider.told.down.store(false, Ordering::SeqCst);
    until_it_lets_in(&server, &token).await;
    provider.told.down.store(true, Ordering::SeqCst);
    let unknown = Key::ed("ed").sign(&provider.claims("tu"));
    assert!(!lets_in(&server, &unknown).await && lets_in(&server, &token).await, "known keys stay in use");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_by_a_provider_token_ends_with_it_and_with_the_person() {
    let key = Key::ed("ed");
    let provider = Provider::of(&[&key]).await;
    let server = served(&provider).await;
    let short = key.sign(&with(provider.claims("tu"), json!({ "exp": now() + 60 })));
    let mut socket = Socket::of(&server, &short).await;
    let mut stream = Stream::post(&server, Some(&short), None, EVENTS, json!({})).await;
    socket.subscribe("1", EVENTS, json!({})).await;
    socket.settle().await;
    server.advance(TimeDelta::minutes(3));
    assert_eq!(socket.closed().await, 4403);
    let last = stream.told().await.0;
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    assert!(!lets_in(&server, &short).await);

    let token = key.sign(&provider.claims("tu"));
    let mut socket = Socket::of(&server, &token).await;
    socket.subscribe("1", EVENTS, json!({})).await;
    let mut stream = Stream::post(&server, Some(&token), None, EVENTS, json!({})).await;
    let admin = server.person("admin").await;
    let of_tu = admin.person_of("singkawang", "tu").await;
    admin.act("revokeGrant", "", json!({ "grantId": of_tu["grants"][0]["id"] })).await;
    let answer = server.send(Some(&token), VIEWER, json!({})).await;
    assert_eq!(answer["data"]["viewer"]["grants"], json!([]), "grants are read anew: {answer}");
    admin.act("deactivateUser", "", json!({ "office": "singkawang", "userId": of_tu["user"]["id"] })).await;
    assert!(!lets_in(&server, &token).await && !lets_in(&server, &key.sign(&provider.claims("tu"))).await);
    assert_eq!(socket.closed().await, 4403);
    let last = stream.told().await.0;
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    assert!(server.log().contains("is not known here, or was deactivated"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_token_creates_nothing_that_outlasts_it() {
    let key = Key::ed("ed");
    let provider = Provider::of(&[&key]).await;
    let server = served(&provider).await;
    let token = key.sign(&provider.claims("tu"));
    let ask = async |query: &str, variables: Value| server.send(Some(&token), query, variables).await;
    let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    let make = "mutation { createApiKey(input: { name: \"x\", scopes: [READ], expiresAt: \"2027-01-01T00:00:00Z\" }) \
        { key } }";
    let refused = ask(make, json!({})).await;
    assert_eq!((code(&refused).as_str(), &refused["data"]["createApiKey"]), ("FORBIDDEN", &Value::Null), "{refused}");
    assert_eq!(ask("{ viewer { apiKeys { id } } }", json!({})).await["data"]["viewer"]["apiKeys"], json!([]));

    // A session by password beside it is theirs to end.
    let own = server.person("tu").await.token().to_owned();
    let sessions = ask("{ viewer { sessions { current } } }", json!({})).await;
    assert_eq!(sessions["data"]["viewer"]["sessions"], json!([{ "current": false }]));
    assert_eq!(code(&ask("mutation { signOut { userErrors { code } } }", json!({})).await), "FORBIDDEN");
    assert!(lets_in(&server, &own).await);
    let everywhere = ask("mutation { signOut(input: { everywhere: true }) { userErrors { code } } }", json!({})).await;
    assert_eq!(everywhere["data"]["signOut"]["userErrors"], json!([]), "{everywhere}");
    assert!(!lets_in(&server, &own).await && lets_in(&server, &token).await, "it is the provider's to end");

    // Local passwords are changed by their owners.
    let change = "mutation($current: String!) { changePassword(input: { currentPassword: $current, \
        newPassword: \"0123456789\" }) { userErrors { code } } }";
    let begin =
        "mutation($current: String!) { beginTotp(input: { password: $current }) { secret userErrors { code } } }";
    for (query, field) in [(begin, "beginTotp"), (change, "changePassword")] {
        let wrong = ask(query, json!({ "current": "a guess" })).await;
        assert_eq!(wrong["data"][field]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{wrong}");
        let right = ask(query, json!({ "current": PASSWORD })).await;
        assert_eq!(right["data"][field]["userErrors"], json!([]), "{right}");
    }
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }";
    let old = server.send(None, sign_in, credentials("tu")).await;
    assert_eq!(old["data"]["signIn"]["userErrors"][0]["code"], "INVALID_CREDENTIALS");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_claim_names_the_person() {
    let key = Key::ed("ed");
    let provider = Provider::of(&[&key]).await;
    let flags = ["--oidc-issuer", &provider.issuer, "--oidc-audience", AUDIENCE, "--oidc-claim", "nip"];
    let mut server = Server::with_flags(&SINGKAWANG.and(&[ADMIN]), &flags);
    let named = |name: &str| key.sign(&with(provider.claims("tu"), json!({ "nip": name })));
    let answer = server.send(Some(&named("opd")), VIEWER, json!({})).await;
    assert_eq!(answer["data"]["viewer"]["user"]["username"], "opd", "{answer}");
    assert!(!lets_in(&server, &named("nobody")).await && !lets_in(&server, &key.sign(&provider.claims("tu"))).await);
    // A server without a provider accepts none of its tokens.
    server.restart_with(&[]);
    assert!(!lets_in(&server, &named("opd")).await);
}

/// A server's log about a provider by HTTPS, with the authorities in that file.
async fn said_by_https(issuer: &str, authorities: &Path) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mut server = command(&folder.path().join("data"), &Folders::shipped())
        .args(["serve", "--listen", "127.0.0.1:0", "--oidc-issuer", issuer, "--oidc-audience", AUDIENCE])
        .env("SSL_CERT_FILE", authorities)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).expect("the log"))
        .spawn()
        .expect("it starts");
    let said = || std::fs::read_to_string(&log).expect("the log");
    for _ in 0..300 {
        if said().contains("the identity provider's keys are") || server.try_wait().expect("its state").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = server.kill();
    server.wait().expect("it ends");
    said()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_certificate_is_checked_against_the_system_roots() {
    let key = Key::ed("ed");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider");
    let (authority, other) = (shipped.join("authority.pem"), shipped.join("localhost.pem"));
    for (host, authorities, says) in [
        ("localhost", &authority, "the identity provider's keys are known"),
        ("127.0.0.1", &authority, "not valid for name"),
        ("localhost", &other, "UnknownIssuer"),
        ("localhost", &shipped.join("rsa.pem"), "no certificate authorities"),
    ] {
        let listener = Encrypted::bind().await;
        let port = listener.local_addr().expect("an address").port();
        let provider = Provider::on(listener, &format!("https://{host}:{port}"), &[&key]);
        let said = said_by_https(&provider.issuer, authorities).await;
        assert!(said.contains(says), "{host}: `{says}` in: {said}");
        assert_eq!(provider.asked() > 0, says.ends_with("known"), "{host}: {said}");
    }
}

#[test]
fn an_incomplete_provider_configuration_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    for (flags, says) in [
        (&["--oidc-issuer", "https://login.example"][..], "`oidc_audience` is not"),
        (&["--oidc-audience", AUDIENCE], "`oidc_issuer` is not"),
        (&["--oidc-issuer", "http://login.example", "--oidc-audience", AUDIENCE], "https://"),
        (&["--oidc-issuer", "https://login.example", "--oidc-audience", AUDIENCE, "--oidc-claim", ""], "`oidc_claim`"),
    ] {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        let ended = output(&folder.path().join("data"), &Folders::shipped(), &arguments, "");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && said.contains(says), "{flags:?}: {said}");
    }
}
