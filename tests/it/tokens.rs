//! Bad tokens: expired, forged, of no algorithm, of another key, for another audience, from the future.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::cast::SINGKAWANG;
use crate::harness::{Server, with};

/// The private key in a file, as PKCS#8 (RFC 8410).
fn key(seed: &[u8]) -> EncodingKey {
    EncodingKey::from_ed_der(&[b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", seed].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_are_checked_for_signature_audience_and_time() {
    let server = Server::with(SINGKAWANG);
    let token = server.person("tu").await.token().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let decode =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON") };
    let (header, claims) = (decode(parts[0]), decode(parts[1]));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let seed = std::fs::read_to_string(server.path().join("keys/signing.key")).expect("the key");
    let seed = STANDARD.decode(seed.trim()).expect("base64");
    let kid = header["kid"].as_str().expect("a key id").to_owned();
    let sign = |changes: Value, kid: &str, seed: &[u8]| {
        let claims = with(claims.clone(), changes);
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key(seed)).expect("a token")
    };
    let now = claims["iat"].as_i64().expect("a time");
    let good = sign(json!({}), &kid, &seed);
    let secret = EncodingKey::from_secret(&seed);
    let symmetric = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
    let mut other_subject = claims.clone();
    other_subject["sub"] = json!("00000000-0000-7000-8000-000000000000");
    let bad = [
        ("expired", sign(json!({ "exp": now - 60 }), &kid, &seed)),
        ("from the future", sign(json!({ "iat": now + 3_600 }), &kid, &seed)),
        ("for somebody else", sign(json!({ "aud": "other" }), &kid, &seed)),
        ("by somebody else", sign(json!({ "iss": "other" }), &kid, &seed)),
        ("of another key", sign(json!({}), &kid, &[7; 32])),
        ("of an unknown key", sign(json!({}), "0000000000000000", &seed)),
        ("for nobody", sign(json!({ "sub": "00000000-0000-7000-8000-000000000000" }), &kid, &seed)),
        ("without a subject", sign(json!({ "sub": null }), &kid, &seed)),
        ("without an end", sign(json!({ "exp": null }), &kid, &seed)),
        ("of no algorithm", format!("{}.{}.", encode(&json!({ "alg": "none", "kid": kid })), parts[1])),
        ("of another algorithm", jsonwebtoken::encode(&symmetric, &claims, &secret).expect("a token")),
        ("with other claims", format!("{}.{}.{}", parts[0], encode(&other_subject), parts[2])),
        ("cut", token[..token.len() - 10].to_owned()),
        ("with more", format!("{token}.x")),
        ("empty", String::new()),
        ("large", "x".repeat(7_000)),
    ];
    let viewer = "{ viewer { user { username } } }";
    let answer = server.send(Some(&good), viewer, json!({})).await;
    assert_eq!(answer["data"]["viewer"]["user"]["username"], "tu", "what is changed below is what matters");
    for (what, token) in bad {
        let answer = server.send(Some(&token), viewer, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{what}: {answer}");
        assert!(answer.get("data").is_none_or(Value::is_null), "{what}");
    }
}
