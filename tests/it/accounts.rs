//! Sessions: single-use refresh tokens and their retries, sign-out everywhere, and change of password.

use serde_json::{Value, json};

use crate::acts::user_error_code;
use crate::cast::{ADMIN, And, SINGKAWANG};
use crate::database;
use crate::harness::{Folders, PASSWORD, Server, credentials, output};
use crate::socket::Socket;
use crate::stream::Stream;
use crate::tamper::value;

const TOKENS: &str =
    "accessToken expiresAt refreshToken refreshExpiresAt viewer { user { username } } userErrors { code path }";

const VIEWER: &str = "{ viewer { user { username } sessions { beganAt lastUsedAt current } } }";

const EVENTS: &str = "subscription { requestEvents { id } }";

/// Signs in with that password. Returns the payload.
async fn sign_in_as(server: &Server, name: &str, password: &str) -> Value {
    let query = format!("mutation($input: SignInInput!) {{ signIn(input: $input) {{ {TOKENS} }} }}");
    let input = json!({ "input": { "username": name, "password": password } });
    server.send(None, &query, input).await["data"]["signIn"].clone()
}

/// Signs in; the access token and the refresh token.
async fn sign_in(server: &Server, name: &str) -> (String, String) {
    tokens(&sign_in_as(server, name, PASSWORD).await)
}

fn tokens(payload: &Value) -> (String, String) {
    let text = |field: &str| payload[field].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned();
    (text("accessToken"), text("refreshToken"))
}

/// The payload of a refresh without an idempotency key.
async fn refresh(server: &Server, token: &str) -> Value {
    refresh_by(server, token, None).await
}

/// The payload of a refresh.
async fn refresh_by(server: &Server, token: &str, key: Option<&str>) -> Value {
    let query = format!("mutation($input: RefreshSessionInput!) {{ refreshSession(input: $input) {{ {TOKENS} }} }}");
    let input = json!({ "refreshToken": token, "idempotencyKey": key });
    let answer = server.send(None, &query, json!({ "input": input })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["refreshSession"].clone()
}

/// The number that a query counts.
async fn count(server: &Server, sql: &str) -> i64 {
    let database = database::open(&server.path()).await;
    let counted = value::<i64>(&database, sql).await;
    database.close().await.expect("closed");
    counted
}

const SESSIONS: &str = "SELECT count(*) FROM sessions";

const REFRESH_TOKENS: &str = "SELECT count(*) FROM refresh_tokens";

/// Tests a token: true when it is accepted.
async fn is_in(server: &Server, token: &str) -> bool {
    let answer = server.send(Some(token), VIEWER, json!({})).await;
    let refused = answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED";
    assert!(refused != answer["data"]["viewer"]["user"]["username"].is_string(), "{answer}");
    !refused
}

#[tokio::test(flavor = "multi_thread")]
async fn reusing_a_refresh_token_ends_its_session() {
    let server = Server::with(SINGKAWANG);
    let (access, first) = sign_in(&server, "tu").await;
    let (elsewhere, _) = sign_in(&server, "tu").await;
    let refreshed = refresh(&server, &first).await;
    assert_eq!(refreshed["viewer"]["user"]["username"], "tu", "{refreshed}");
    let (newer, second) = tokens(&refreshed);
    assert!(second != first && is_in(&server, &access).await && is_in(&server, &newer).await);
    // Neither kind of token is the other.
    assert!(!is_in(&server, &second).await);
    assert_eq!(user_error_code(&refresh(&server, &newer).await), "SESSION_ENDED");
    for wrong in ["", "x", &second[1..], &format!("{second}x"), &"x".repeat(5_000)] {
        let refused = refresh(&server, wrong).await;
        assert_eq!((user_error_code(&refused), &refused["accessToken"]), ("SESSION_ENDED", &Value::Null));
    }
    assert!(is_in(&server, &newer).await, "what nobody was given ends nothing");

    let stolen = refresh(&server, &first).await;
    assert_eq!((user_error_code(&stolen), &stolen["accessToken"]), ("SESSION_ENDED", &Value::Null), "{stolen}");
    assert!(!is_in(&server, &access).await && !is_in(&server, &newer).await, "the session ends for both who have it");
    assert_eq!(user_error_code(&refresh(&server, &second).await), "SESSION_ENDED");
    assert!(is_in(&server, &elsewhere).await, "another session stays");
    let log = server.log();
    assert!(log.contains("a refresh token came twice") && !log.contains(&first), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_succeed_at_most_once() {
    let server = Server::with(SINGKAWANG);
    for _ in 0..5 {
        let (access, token) = sign_in(&server, "tu").await;
        let all = futures_util::future::join_all((0..6).map(|_| refresh(&server, &token))).await;
        assert_eq!(all.iter().filter(|answer| answer["accessToken"].is_string()).count(), 1, "{all:?}");
        assert!(!is_in(&server, &access).await);
        for answer in all.iter().filter(|answer| answer["accessToken"].is_string()) {
            assert!(!is_in(&server, &tokens(answer).0).await, "who came first is out too");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_refresh_gives_the_same_tokens_again() {
    let mut server = Server::with(SINGKAWANG);
    let (access, first) = sign_in(&server, "tu").await;
    for blank in ["", " ", &"x".repeat(201)] {
        let refused = refresh_by(&server, &first, Some(blank)).await;
        assert_eq!(refused["userErrors"], json!([{ "code": "INVALID_INPUT", "path": ["idempotencyKey"] }]));
    }
    let answer = refresh_by(&server, &first, Some("one")).await;
    let (newer, second) = tokens(&answer);
    assert_eq!(refresh_by(&server, &first, Some("one")).await, answer, "the answer was lost");
    server.kill();
    server.start();
    assert_eq!(refresh_by(&server, &first, Some(" one ")).await, answer, "and the server restarted");
    assert_eq!((count(&server, SESSIONS).await, count(&server, REFRESH_TOKENS).await), (1, 2));
    assert!(is_in(&server, &access).await && is_in(&server, &newer).await);
    assert!(!server.holds(&second) && !server.log().contains(&second), "it is kept nowhere");
    assert!(!server.log().contains("a refresh token came twice"), "{}", server.log());

    // The next refresh is another one, by the same key too.
    let next = refresh_by(&server, &second, Some("one")).await;
    let third = tokens(&next).1;
    assert!(third != second && third != first);
    assert_eq!(refresh_by(&server, &second, Some("one")).await, next);
    assert_eq!(user_error_code(&refresh(&server, &third).await), "", "the session lasts");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_reuse_of_a_refresh_token_ends_its_session() {
    let server = Server::with(SINGKAWANG);
    for key in [None, Some("two"), Some("ONE"), Some("one1")] {
        let (access, first) = sign_in(&server, "tu").await;
        let (newer, second) = tokens(&refresh_by(&server, &first, Some("one")).await);
        let thief = refresh_by(&server, &first, key).await;
        assert_eq!((user_error_code(&thief), &thief["accessToken"]), ("SESSION_ENDED", &Value::Null), "{key:?}");
        assert!(!is_in(&server, &access).await && !is_in(&server, &newer).await, "{key:?}");
        assert_eq!(user_error_code(&refresh_by(&server, &first, Some("one")).await), "SESSION_ENDED", "{key:?}");
        assert_eq!(user_error_code(&refresh_by(&server, &second, Some("one")).await), "SESSION_ENDED", "{key:?}");
    }
    // A key comes too late for a refresh without one.
    let (access, first) = sign_in(&server, "tu").await;
    refresh(&server, &first).await;
    assert_eq!(user_error_code(&refresh_by(&server, &first, Some("one")).await), "SESSION_ENDED");
    assert!(!is_in(&server, &access).await);
    // Once the new token is used, its owner had the answer.
    let (access, first) = sign_in(&server, "tu").await;
    let (_, second) = tokens(&refresh_by(&server, &first, Some("one")).await);
    let (newest, third) = tokens(&refresh_by(&server, &second, Some("two")).await);
    assert_eq!(user_error_code(&refresh_by(&server, &first, Some("one")).await), "SESSION_ENDED");
    assert!(!is_in(&server, &access).await && !is_in(&server, &newest).await);
    assert_eq!(user_error_code(&refresh_by(&server, &third, Some("three")).await), "SESSION_ENDED");
    // A retry revives no session that was ended otherwise.
    let (access, first) = sign_in(&server, "tu").await;
    refresh_by(&server, &first, Some("one")).await;
    server.send(Some(&access), "mutation { signOut { userErrors { code } } }", json!({})).await;
    assert_eq!(user_error_code(&refresh_by(&server, &first, Some("one")).await), "SESSION_ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_by_one_key_give_the_same_tokens() {
    let server = Server::with(SINGKAWANG);
    for round in 1..=5 {
        let (access, token) = sign_in(&server, "tu").await;
        let key = Some("of both tabs");
        let all = futures_util::future::join_all((0..6).map(|_| refresh_by(&server, &token, key))).await;
        assert!(all.iter().all(|answer| *answer == all[0]), "{all:?}");
        let (newer, next) = tokens(&all[0]);
        assert!(is_in(&server, &access).await && is_in(&server, &newer).await);
        assert_eq!((count(&server, SESSIONS).await, count(&server, REFRESH_TOKENS).await), (round, 3 * round - 1));
        assert_eq!(user_error_code(&refresh(&server, &next).await), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_sign_in_begins_one_session() {
    let server = Server::with(SINGKAWANG);
    let query = format!("mutation($input: SignInInput!) {{ signIn(input: $input) {{ {TOKENS} }} }}");
    let sign_in_by = async |name: &str, password: &str, key: &str| {
        let input = json!({ "username": name, "password": password, "idempotencyKey": key });
        server.send(None, &query, json!({ "input": input })).await["data"]["signIn"].clone()
    };
    let all = futures_util::future::join_all((0..4).map(|_| sign_in_by("tu", PASSWORD, "one"))).await;
    assert!(all.iter().all(|answer| *answer == all[0]), "{all:?}");
    let (access, token) = tokens(&all[0]);
    assert!(is_in(&server, &access).await && count(&server, SESSIONS).await == 1);
    assert_eq!(user_error_code(&sign_in_by("tu", "not the password", "one").await), "INVALID_CREDENTIALS");
    assert_eq!(sign_in_by("tu", PASSWORD, "").await["userErrors"][0]["path"], json!(["idempotencyKey"]));
    for (name, key) in [("tu", "two"), ("kadis", "one")] {
        assert!(tokens(&sign_in_by(name, PASSWORD, key).await).1 != token, "{name} {key}");
    }
    assert_eq!(count(&server, SESSIONS).await, 3);
    // Once its refresh token is used, or it is ended, the key begins another session.
    refresh(&server, &token).await;
    let (another, _) = tokens(&sign_in_by("tu", PASSWORD, "one").await);
    server.send(Some(&another), "mutation { signOut { userErrors { code } } }", json!({})).await;
    assert!(is_in(&server, &tokens(&sign_in_by("tu", PASSWORD, "one").await).0).await);
    assert!(is_in(&server, &access).await && count(&server, SESSIONS).await == 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_its_sockets_and_streams() {
    let server = Server::with(SINGKAWANG);
    let ((here, refresh_here), (there, _)) = (sign_in(&server, "tu").await, sign_in(&server, "tu").await);
    let (other, _) = sign_in(&server, "kadis").await;
    let sessions = server.send(Some(&here), VIEWER, json!({})).await["data"]["viewer"]["sessions"].clone();
    let current = |sessions: &Value| -> Vec<bool> {
        sessions.as_array().expect("a list").iter().map(|session| session["current"] == true).collect()
    };
    assert_eq!(current(&sessions), [false, true], "{sessions}");
    let mut following = Socket::of(&server, &here).await;
    following.subscribe("1", EVENTS, json!({})).await;
    let mut asking = Socket::of(&server, &here).await;
    let mut stream = Stream::post(&server, Some(&here), None, EVENTS, json!({})).await;
    let mut untouched = Socket::of(&server, &there).await;
    untouched.subscribe("1", EVENTS, json!({})).await;

    let out = server.send(Some(&here), "mutation { signOut { userErrors { code } } }", json!({})).await;
    assert_eq!(out["data"]["signOut"]["userErrors"], json!([]), "{out}");
    assert!(!is_in(&server, &here).await && is_in(&server, &there).await && is_in(&server, &other).await);
    assert_eq!(following.closed().await, 4403);
    assert_eq!(stream.told().await.0["errors"][0]["extensions"]["closeCode"], 4403);
    asking.subscribe("1", VIEWER, json!({})).await;
    assert_eq!(asking.closed().await, 4403, "who only asks is shown out when they ask");
    // The other session's socket stays open.
    untouched.settle().await;
    assert_eq!(user_error_code(&refresh(&server, &refresh_here).await), "SESSION_ENDED");

    let (third, _) = sign_in(&server, "tu").await;
    let everywhere = "mutation { signOut(input: { everywhere: true }) { userErrors { code } } }";
    server.send(Some(&third), everywhere, json!({})).await;
    assert_eq!(untouched.closed().await, 4403);
    assert!(!is_in(&server, &there).await && !is_in(&server, &third).await && is_in(&server, &other).await);
    let nobody = server.send(None, "mutation { signOut { userErrors { code } } }", json!({})).await;
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

/// The version of people and grants: whoever's rights were read under another one reads them anew.
async fn version(server: &Server) -> i64 {
    count(server, "SELECT version FROM people_version").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nobody_raises_no_version() {
    let cast = SINGKAWANG.and(&[ADMIN]);
    let server = Server::with(&cast);
    let (admin, tu) = (server.person("admin").await, server.person("tu").await);
    let input = json!({ "name": "skrip", "scopes": ["READ"], "expiresAt": server.now() + chrono::TimeDelta::days(1) });
    let key = tu.act("createApiKey", "apiKey { id }", input).await["apiKey"]["id"].take();
    let held = admin.person_of("singkawang", "kabid").await;
    let (user, grant) = (&held["user"]["id"], &held["grants"][0]["id"]);
    for (who, mutation, input) in [
        (&tu, "chooseLanguage", json!({ "language": "INDONESIAN" })),
        (&tu, "chooseLanguage", json!({ "language": null })),
        (&tu, "revokeApiKey", json!({ "apiKeyId": key })),
        (&admin, "revokeGrant", json!({ "grantId": grant })),
        (&admin, "deactivateUser", json!({ "office": "singkawang", "userId": user })),
    ] {
        let before = version(&server).await;
        who.act(mutation, "", input.clone()).await;
        let done = version(&server).await;
        assert_ne!(done, before, "{mutation}: {input}");
        who.act(mutation, "", input.clone()).await;
        assert_eq!(version(&server).await, done, "{mutation}: {input}, a second time");
    }
    // Nor does somebody who repeats a stolen token, without signing in.
    let (_, token) = sign_in(&server, "tu").await;
    assert_eq!(user_error_code(&refresh(&server, &token).await), "");
    let before = version(&server).await;
    assert_eq!(user_error_code(&refresh(&server, &token).await), "SESSION_ENDED");
    let ended = version(&server).await;
    assert_ne!(ended, before, "the session ends");
    assert_eq!(user_error_code(&refresh(&server, &token).await), "SESSION_ENDED");
    assert_eq!(version(&server).await, ended, "it has ended before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_all_other_sessions() {
    let server = Server::with(SINGKAWANG);
    let ((here, _), (there, refresh_there)) = (sign_in(&server, "tu").await, sign_in(&server, "tu").await);
    let change = async |current: &str, new: &str| {
        let query =
            "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code path } } }";
        let input = json!({ "input": { "currentPassword": current, "newPassword": new } });
        server.send(Some(&here), query, input).await["data"]["changePassword"].clone()
    };
    for new in ["short", "", &"x".repeat(257)] {
        let refused = change(PASSWORD, new).await;
        assert_eq!(refused["userErrors"], json!([{ "code": "INVALID_INPUT", "path": ["newPassword"] }]));
    }
    assert_eq!(user_error_code(&change("not the password", "a new password").await), "INVALID_CREDENTIALS");
    assert!(is_in(&server, &there).await);
    assert_eq!(change(PASSWORD, "a new password").await["userErrors"], json!([]));
    assert_eq!(change(PASSWORD, "a new password").await["userErrors"], json!([]), "the answer was lost");
    assert!(is_in(&server, &here).await && !is_in(&server, &there).await);
    assert_eq!(user_error_code(&refresh(&server, &refresh_there).await), "SESSION_ENDED");
    assert_eq!(user_error_code(&sign_in_as(&server, "tu", PASSWORD).await), "INVALID_CREDENTIALS");
    assert_eq!(user_error_code(&sign_in_as(&server, "tu", "a new password").await), "");
    // Guessing is as limited here as at the door.
    let mut codes = Vec::new();
    for _ in 0..12 {
        codes.push(user_error_code(&change("not the password", "another password").await).to_owned());
    }
    assert!(codes.contains(&"TOO_MANY_ATTEMPTS".to_owned()), "{codes:?}");
    let nobody =
        "mutation { changePassword(input: { currentPassword: \"x\", newPassword: \"x\" }) { userErrors { code } } }";
    let nobody = server.send(None, nobody, credentials("tu")).await;
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_resets_a_forgotten_password() {
    let server = Server::with(SINGKAWANG);
    let (token, _) = sign_in(&server, "tu").await;
    let folders = Folders::shipped();
    let set = |name: &str, new: &str| {
        output(&server.path(), &folders, &["user", "set-password", name, "--password-stdin"], new)
    };
    assert!(!set("nobody", "another for them").status.success());
    assert!(String::from_utf8_lossy(&set("tu", "short").stderr).contains("10 to 256"));
    assert!(is_in(&server, &token).await, "what is refused changes nothing");
    assert!(set(" Tu", "another for them\n").status.success());
    assert!(!is_in(&server, &token).await);
    assert_eq!(user_error_code(&sign_in_as(&server, "tu", PASSWORD).await), "INVALID_CREDENTIALS");
    let (token, _) = tokens(&sign_in_as(&server, "tu", "another for them").await);
    assert!(is_in(&server, &token).await);
    assert!(!server.holds("another for them"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_audience_is_refused() {
    let mut server = Server::with(SINGKAWANG);
    let (ours, _) = sign_in(&server, "tu").await;
    server.restart_with(&["--token-audience", "others"]);
    assert!(!is_in(&server, &ours).await);
    let (theirs, _) = sign_in(&server, "tu").await;
    assert!(is_in(&server, &theirs).await);
    server.restart_with(&[]);
    assert!(is_in(&server, &ours).await && !is_in(&server, &theirs).await);
}
