//! Effects of time (expiry, retention, due times), on a server with a clock moved by the test.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::acts::{Cloud, SECRET, cloud_way, play, user_error_code};
use crate::cast::{ADMIN, Cast, OPD, SINGKAWANG, TU};
use crate::database;
use crate::harness::{Server, command, credentials, eventually, run, set_time};
use crate::tamper::value;

const CAST: Cast<'static> = &[OPD, TU, ADMIN];

/// A moment, as it is written.
fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

const VIEWER: &str = "{ viewer { user { name } } }";

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_ends_by_the_programs_clock() {
    let server = Server::with_clock(CAST);
    let begun = server.now();
    let tu = server.person("tu").await;
    tu.ask(VIEWER, json!({})).await;
    server.set_time(begun + TimeDelta::minutes(14));
    tu.ask(VIEWER, json!({})).await;
    server.set_time(begun + TimeDelta::minutes(16));
    assert_eq!(tu.refusal(VIEWER, json!({})).await, "UNAUTHENTICATED");
    server.person("tu").await.ask(VIEWER, json!({})).await;
    assert!(server.log().contains("the clock is set by a test"), "{}", server.log());
}

#[test]
fn a_clock_without_a_time_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, folders) = (folder.path().join("data"), crate::harness::Folders::shipped());
    set_time(&data, moment("2030-01-01T00:00:00Z"));
    run(&data, &folders, &["check"], "");
    std::fs::write(data.with_extension("clock"), "tomorrow").expect("written");
    let output = command(&data, &folders).arg("check").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("DISPOSISI_TEST_CLOCK"), "{said}");
}

/// Waits until a background job has brought the number that a query counts to this.
async fn until_counted(server: &Server, sql: &str, expected: i64) {
    let database = database::open(&server.path()).await;
    let what = || format!("{sql} is not {expected}: {}", server.log());
    eventually(what, async || value::<i64>(&database, sql).await == expected).await;
    database.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_acts_once_within_seven_days_and_is_forgotten_after() {
    let server = Server::with_clock(CAST);
    let begun = server.now();
    let input = json!({ "office": "singkawang", "key": "dinsos", "name": "Dinas Sosial", "idempotencyKey": "a" });
    let add = async || server.person("admin").await.try_act("createAgency", "agency { id }", input.clone()).await;
    let made = add().await;
    assert_eq!(made["userErrors"], json!([]));
    server.set_time(begun + TimeDelta::days(7) - TimeDelta::minutes(5));
    assert_eq!(add().await, made, "the same key acts once");
    until_counted(&server, "SELECT count(*) FROM idempotency_keys", 1).await;
    server.set_time(begun + TimeDelta::days(7) + TimeDelta::minutes(5));
    until_counted(&server, "SELECT count(*) FROM idempotency_keys", 0).await;
    assert_eq!(user_error_code(&add().await), "NAME_TAKEN", "it acts anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revealed_secret_is_deleted_after_ten_minutes() {
    let server = Server::with_clock(SINGKAWANG);
    let people = server.everybody(SINGKAWANG).await;
    let opd = &people["opd"];
    let number = opd.submit(Cloud::default()).await.number;
    play(&people, &number, &cloud_way("dinkes")).await;
    let sealed = "SELECT count(*) FROM credentials WHERE sealed IS NOT NULL";
    server.advance(TimeDelta::minutes(6));
    until_counted(&server, sealed, 1).await;
    let reveal = json!({ "assetId": opd.see(&number).await["assets"][0]["id"], "idempotencyKey": "a" });
    assert_eq!(opd.act("revealCredential", "secret", reveal.clone()).await["secret"], SECRET);
    server.advance(TimeDelta::minutes(6));
    until_counted(&server, sealed, 1).await;
    assert_eq!(opd.act("revealCredential", "secret", reveal).await["secret"], SECRET);
    server.advance(TimeDelta::minutes(6));
    until_counted(&server, sealed, 0).await;
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_for_the_days_of_its_refresh_token() {
    let server = Server::with_clock(CAST);
    let begun = server.now();
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { refreshToken } }";
    let signed_in = server.send(None, sign_in, credentials("tu")).await["data"]["signIn"]["refreshToken"].clone();
    let refresh = async |token: &serde_json::Value| {
        let query = "mutation($input: RefreshSessionInput!) { refreshSession(input: $input) { refreshToken userErrors { code } } }";
        let answer = server.send(None, query, json!({ "input": { "refreshToken": token } })).await;
        answer["data"]["refreshSession"].clone()
    };
    server.set_time(begun + TimeDelta::days(30) - TimeDelta::minutes(5));
    let prolonged = refresh(&signed_in).await;
    assert_eq!(prolonged["userErrors"], json!([]), "within its 30 days");
    server.set_time(begun + TimeDelta::days(60));
    assert_eq!(refresh(&prolonged["refreshToken"]).await["userErrors"][0]["code"], "SESSION_ENDED");
    until_counted(&server, "SELECT count(*) FROM sessions", 1).await;
    server.set_time(begun + TimeDelta::days(67));
    until_counted(&server, "SELECT count(*) FROM sessions", 0).await;
    until_counted(&server, "SELECT count(*) FROM refresh_tokens", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_repeated_for_a_minute() {
    let server = Server::with_clock(CAST);
    let fields = "accessToken expiresAt refreshToken refreshExpiresAt userErrors { code }";
    let send = async |field: &str, kind: &str, input: serde_json::Value| {
        let query = format!("mutation($input: {kind}!) {{ {field}(input: $input) {{ {fields} }} }}");
        server.send(None, &query, json!({ "input": input })).await["data"][field].take()
    };
    let mut person = credentials("tu")["input"].take();
    person["idempotencyKey"] = json!("of this sign-in");
    let signed_in = send("signIn", "SignInInput", person.clone()).await;
    let refresh = async || {
        let input = json!({ "refreshToken": signed_in["refreshToken"], "idempotencyKey": "of this refresh" });
        send("refreshSession", "RefreshSessionInput", input).await
    };
    server.advance(TimeDelta::seconds(30));
    assert_eq!(send("signIn", "SignInInput", person.clone()).await, signed_in);
    let first = refresh().await;
    assert_eq!(first["userErrors"], json!([]));
    server.advance(TimeDelta::seconds(30));
    assert_eq!(refresh().await, first, "the same ends too: a retry prolongs nothing");
    server.advance(TimeDelta::seconds(31));
    assert_eq!(refresh().await["userErrors"][0]["code"], "SESSION_ENDED", "too late");
    let answer = server.send(first["accessToken"].as_str(), VIEWER, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "for everybody");
    assert!(send("signIn", "SignInInput", person).await["refreshToken"] != signed_in["refreshToken"]);
    until_counted(&server, "SELECT count(*) FROM sessions", 2).await;
    server.advance(TimeDelta::days(40));
    until_counted(&server, "SELECT count(*) FROM refresh_tokens", 0).await;
    until_counted(&server, "SELECT count(*) FROM sessions", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_counts_from_its_beginning_to_its_end() {
    let server = Server::with_clock(CAST);
    let begun = server.now();
    let (from, until) = (begun + TimeDelta::days(1), begun + TimeDelta::days(2));
    let flags = [("--from", from.to_rfc3339()), ("--until", until.to_rfc3339())];
    let mut grant = vec!["grant", "tu", "--office", "singkawang", "--role", "auditor"];
    grant.extend(flags.iter().flat_map(|(flag, moment)| [*flag, moment.as_str()]));
    server.run(&grant);
    for (at, expected) in [
        (begun + TimeDelta::hours(1), 1),
        (from - TimeDelta::minutes(5), 1),
        (from + TimeDelta::minutes(1), 2),
        (until - TimeDelta::minutes(5), 2),
        (until + TimeDelta::minutes(1), 1),
    ] {
        server.set_time(at);
        let tu = server.person("tu").await;
        let viewer = tu.ask("{ viewer { grants { role { key } } } }", json!({})).await;
        assert_eq!(viewer["viewer"]["grants"].as_array().map(Vec::len), Some(expected), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_rows_are_deleted_after_their_retention() {
    let mut server = Server::with_clock(CAST);
    let begun = server.now();
    server.restart_with(&["--registered-documents", "10"]);
    let tu = server.person("tu").await;
    let ends = (begun + TimeDelta::days(1)).to_rfc3339();
    tu.act("createApiKey", "", json!({ "name": "a", "scopes": ["READ"], "expiresAt": ends })).await;
    let document = "{ offices { key } }";
    let persisted = json!({ "version": 1, "sha256Hash": disposisi::service::document_digest(document) });
    let call = json!({ "query": document, "extensions": { "persistedQuery": persisted } });
    let url = format!("{}/graphql", server.base());
    let sent = reqwest::Client::new().post(url).bearer_auth(tu.token()).json(&call).send().await.expect("an answer");
    assert!(sent.status().is_success());
    until_counted(&server, "SELECT count(*) FROM registered_documents", 1).await;
    server.set_time(begun + TimeDelta::days(89));
    until_counted(&server, "SELECT count(*) FROM api_keys", 1).await;
    until_counted(&server, "SELECT count(*) FROM registered_documents", 1).await;
    server.set_time(begun + TimeDelta::days(92));
    until_counted(&server, "SELECT count(*) FROM api_keys", 0).await;
    until_counted(&server, "SELECT count(*) FROM registered_documents", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn due_times_pass_over_a_weekend_and_a_holiday() {
    // Fridays at 16:28 in Singkawang, two minutes before the office closes; step 2 has five. Monday 17 August is a holiday.
    let cases = [("2026-08-07T09:28:00Z", "2026-08-10T00:33"), ("2026-08-14T09:28:00Z", "2026-08-18T00:33")];
    // The people's grants begin when they are entered: the day before.
    let server = Server::at(moment(cases[0].0) - TimeDelta::days(1), CAST);
    for (at, due) in cases {
        server.set_time(moment(at));
        let opd = server.person("opd").await;
        server.set_time(moment(at));
        let submitted =
            opd.act("submitRequest", "request { currentVisit { step { key } dueAt } }", Cloud::letter(at).input());
        let visit = submitted.await["request"]["currentVisit"].take();
        assert_eq!(visit["step"]["key"], "2", "{visit}");
        assert!(visit["dueAt"].as_str().is_some_and(|moment| moment.starts_with(due)), "{visit}");
    }
}
