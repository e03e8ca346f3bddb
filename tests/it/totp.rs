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
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken viewer { totpEnabled } \
        userErrors { code } } }";
    let input = json!({ "input": { "username": "tu", "password": password, "totpCode": code } });
    let answer = server.send(None, query, input).await["data"]["signIn"].clone();
    let refused = answer["userErrors"][0]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(refused.is_empty(), answer["accessToken"].is_string(), "{answer}");
    assert!(refused.is_empty() || answer["refreshToken"].is_null() && answer["viewer"].is_null(), "{answer}");
    refused
}

async fn begin(person: &Person<'_>, password: &str) -> Value {
    let query = "mutation($input: BeginTotpInput!) { beginTotp(input: $input) { secret uri userErrors { code } } }";
    person.ask(query, json!({ "input": { "password": password } })).await["beginTotp"].clone()
}

async fn confirm(person: &Person<'_>, code: &str) -> Value {
    let query =
        "mutation($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes userErrors { code path } } }";
    person.ask(query, json!({ "input": { "code": code } })).await["confirmTotp"].clone()
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
    let codes: Vec<String> = serde_json::from_value(confirmed["recoveryCodes"].clone()).expect("codes");
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
    let codes: Vec<String> = serde_json::from_value(confirmed["recoveryCodes"].clone()).expect("codes");
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
