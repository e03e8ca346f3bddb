//! One-time codes beside the password: asked for once they are confirmed, each good once.

use serde_json::{Value, json};

use crate::acts::user_error_code;
use crate::cast::SINGKAWANG;
use crate::harness::{PASSWORD, Person, Server, now};

/// The code of an authenticator with that secret, so many steps from now.
fn shown(secret: &str, steps: i64) -> String {
    shown_at(secret, now() + chrono::TimeDelta::seconds(30 * steps))
}

/// The code of an authenticator with that secret at a moment.
pub(crate) fn shown_at(secret: &str, moment: chrono::DateTime<chrono::Utc>) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("a secret");
    let totp = totp_rs::Builder::new().with_secret(secret).build().expect("an authenticator");
    totp.generate(u64::try_from(moment.timestamp()).expect("a time")).to_string()
}

/// Signs in. Returns the code of the user error; empty when signed in.
async fn sign_in(server: &Server, password: &str, code: Option<&str>) -> String {
    sign_in_by(server, password, code, None).await.0
}

/// Signs in with an idempotency key. Returns the code of the user error too; empty when signed in.
async fn sign_in_by(server: &Server, password: &str, code: Option<&str>, key: Option<&str>) -> (String, Value) {
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken viewer { totpEnabled } \
        userErrors { code } } }";
    let input = json!({ "username": "tu", "password": password, "totpCode": code, "idempotencyKey": key });
    let input = json!({ "input": input });
    let answer = server.send(None, query, input).await["data"]["signIn"].clone();
    let refused = answer["userErrors"][0]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(refused.is_empty(), answer["accessToken"].is_string(), "{answer}");
    assert!(refused.is_empty() || answer["refreshToken"].is_null() && answer["viewer"].is_null(), "{answer}");
    (refused, answer)
}

async fn begin(person: &Person<'_>, password: &str) -> Value {
    let query = "mutation($input: BeginTotpInput!) { beginTotp(input: $input) { secret uri userErrors { code } } }";
    person.ask(query, json!({ "input": { "password": password } })).await["beginTotp"].clone()
}

async fn confirm(person: &Person<'_>, code: &str) -> Value {
    confirm_by(person, code, None).await
}

async fn confirm_by(person: &Person<'_>, code: &str, key: Option<&str>) -> Value {
    let query =
        "mutation($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes userErrors { code path } } }";
    person.ask(query, json!({ "input": { "code": code, "idempotencyKey": key } })).await["confirmTotp"].clone()
}

async fn disable(person: &Person<'_>, password: &str, code: &str) -> Value {
    let query = "mutation($input: DisableTotpInput!) { disableTotp(input: $input) { userErrors { code } } }";
    person.ask(query, json!({ "input": { "password": password, "code": code } })).await["disableTotp"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_asked_for_once_its_authenticator_is_confirmed() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    assert_eq!(user_error_code(&confirm(&tu, "000000").await), "INVALID_INPUT", "nothing was begun");
    assert_eq!(user_error_code(&begin(&tu, "not the password").await), "INVALID_CREDENTIALS");
    let begun = begin(&tu, PASSWORD).await;
    let secret = begun["secret"].as_str().expect("a secret").to_owned();
    assert!(begun["uri"].as_str().expect("a URI").contains(&secret), "{begun}");
    assert_eq!(sign_in(&server, PASSWORD, None).await, "", "not asked for before it is confirmed");
    assert_eq!(user_error_code(&confirm(&tu, &shown(&secret, 9)).await), "INVALID_CREDENTIALS");
    let confirmed = confirm(&tu, &shown(&secret, -1)).await;
    let codes = recovery_codes(&confirmed);
    assert_eq!(codes.len(), 10);
    assert_eq!(user_error_code(&confirm(&tu, &shown(&secret, 0)).await), "INVALID_INPUT", "once");
    assert_eq!(user_error_code(&begin(&tu, PASSWORD).await), "INVALID_INPUT", "not replaced without a code");
    assert_eq!(tu.ask("{ viewer { totpEnabled } }", json!({})).await["viewer"]["totpEnabled"], true);

    assert_eq!(sign_in(&server, PASSWORD, None).await, "TOTP_REQUIRED");
    let now = shown(&secret, 0);
    assert_eq!(
        sign_in(&server, "not the password", None).await,
        "INVALID_CREDENTIALS",
        "told to who knows the password"
    );
    assert_eq!(sign_in(&server, "not the password", Some(&now)).await, "INVALID_CREDENTIALS");
    assert_eq!(sign_in(&server, PASSWORD, Some(&shown(&secret, 9))).await, "INVALID_CREDENTIALS");
    assert_eq!(sign_in(&server, PASSWORD, Some(&now)).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_totp_code_is_accepted_once() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let secret = begin(&tu, PASSWORD).await["secret"].as_str().expect("a secret").to_owned();
    confirm(&tu, &shown(&secret, -1)).await;
    let now = shown(&secret, 0);
    let same = futures_util::future::join_all((0..4).map(|_| sign_in(&server, PASSWORD, Some(&now)))).await;
    assert_eq!(same.iter().filter(|refused| refused.is_empty()).count(), 1, "{same:?}");
    assert_eq!(sign_in(&server, PASSWORD, Some(&now)).await, "INVALID_CREDENTIALS");
    assert_eq!(sign_in(&server, PASSWORD, Some(&shown(&secret, -1))).await, "INVALID_CREDENTIALS", "nor an older one");
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_sign_in_once_and_guessing_is_limited() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let secret = begin(&tu, PASSWORD).await["secret"].as_str().expect("a secret").to_owned();
    let confirmed = confirm(&tu, &shown(&secret, 0)).await;
    let codes = recovery_codes(&confirmed);
    assert_eq!(sign_in(&server, PASSWORD, Some(&codes[0].to_uppercase())).await, "");
    assert_eq!(sign_in(&server, PASSWORD, Some(&codes[0])).await, "INVALID_CREDENTIALS", "each once");
    assert_eq!(user_error_code(&disable(&tu, PASSWORD, "000000").await), "INVALID_CREDENTIALS");
    assert_eq!(user_error_code(&disable(&tu, "not the password", &codes[1]).await), "INVALID_CREDENTIALS");
    assert_eq!(user_error_code(&disable(&tu, PASSWORD, &codes[1]).await), "");
    assert_eq!(sign_in(&server, PASSWORD, None).await, "");
    let secret = begin(&tu, PASSWORD).await["secret"].as_str().expect("a secret").to_owned();
    confirm(&tu, &shown(&secret, 0)).await;
    let mut refused = Vec::new();
    for _ in 0..9 {
        refused.push(sign_in(&server, PASSWORD, Some("000000")).await);
    }
    assert_eq!(refused.last().map(String::as_str), Some("TOO_MANY_ATTEMPTS"), "{refused:?}");
    for text in codes.iter().chain([&secret]) {
        assert!(!server.holds(text) && !server.log().contains(text.as_str()), "it is in the clear nowhere");
    }
    server.run(&["user", "disable-totp", "tu"]);
    assert_eq!(tu.ask("{ viewer { totpEnabled } }", json!({})).await["viewer"]["totpEnabled"], false);
}

/// Recovery codes as they are shown.
fn recovery_codes(confirmed: &Value) -> Vec<String> {
    serde_json::from_value(confirmed["recoveryCodes"].clone()).expect("codes")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_confirmation_shows_the_same_recovery_codes() {
    let server = Server::with_clock(SINGKAWANG);
    let tu = server.person("tu").await;
    let lost = begin(&tu, PASSWORD).await["secret"].as_str().expect("a secret").to_owned();
    let secret = begin(&tu, PASSWORD).await["secret"].as_str().expect("begun anew").to_owned();
    assert_eq!(user_error_code(&confirm_by(&tu, &shown(&lost, 0), Some("one")).await), "INVALID_CREDENTIALS");
    let code = shown(&secret, 0);
    let confirmed = confirm_by(&tu, &code, Some("one")).await;
    let codes = recovery_codes(&confirmed);
    assert_eq!(confirm_by(&tu, &code, Some("one")).await, confirmed);
    for (code, key) in [(&code, None), (&code, Some("two")), (&shown(&secret, 9), Some("one"))] {
        assert_eq!(user_error_code(&confirm_by(&tu, code, key).await), "INVALID_INPUT", "{key:?}");
    }
    assert!(!server.holds(&codes[0]) && !server.log().contains(&codes[0]), "they are kept nowhere");
    assert_eq!(sign_in(&server, PASSWORD, Some(&codes[3])).await, "");
    assert_eq!(user_error_code(&confirm_by(&tu, &code, Some("one")).await), "INVALID_INPUT", "one of them was used");

    // Lost for good, they are replaced with the authenticator.
    assert_eq!(user_error_code(&disable(&tu, PASSWORD, &codes[4]).await), "");
    assert_eq!(user_error_code(&disable(&tu, PASSWORD, &codes[4]).await), "", "a retry");
    let secret = begin(&tu, PASSWORD).await["secret"].as_str().expect("a secret").to_owned();
    let code = shown(&secret, 0);
    let again = confirm_by(&tu, &code, Some("one")).await;
    assert!(recovery_codes(&again).iter().all(|code| !codes.contains(code)), "another authenticator has others");
    server.advance(chrono::TimeDelta::minutes(11));
    assert_eq!(user_error_code(&confirm_by(&tu, &code, Some("one")).await), "INVALID_INPUT", "too late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_sign_in_needs_no_other_code() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let secret = begin(&tu, PASSWORD).await["secret"].as_str().expect("a secret").to_owned();
    let codes = recovery_codes(&confirm(&tu, &shown(&secret, -1)).await);
    let code = shown(&secret, 0);
    let first = sign_in_by(&server, PASSWORD, Some(&code), Some("one")).await;
    assert_eq!((first.0.as_str(), &sign_in_by(&server, PASSWORD, Some(&code), Some("one")).await), ("", &first));
    assert_eq!(sign_in_by(&server, PASSWORD, Some(&code), Some("two")).await.0, "INVALID_CREDENTIALS", "a thief");
    assert_eq!(sign_in_by(&server, PASSWORD, None, Some("one")).await.0, "TOTP_REQUIRED");
    let first = sign_in_by(&server, PASSWORD, Some(&codes[0]), Some("one")).await;
    assert_eq!((first.0.as_str(), &sign_in_by(&server, PASSWORD, Some(&codes[0]), Some("one")).await), ("", &first));
    assert_eq!(sign_in_by(&server, PASSWORD, Some(&codes[0]), Some("two")).await.0, "INVALID_CREDENTIALS", "a thief");
}
