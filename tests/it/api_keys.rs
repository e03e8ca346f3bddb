//! API keys: the fields opened by each scope, by every path; and their end.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::acts::{Cloud, SUBMIT, error_code};
use crate::cast::SINGKAWANG;
use crate::harness::{Person, Server, now, with};
use crate::socket::Socket;
use crate::stream::Stream;

const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id name scopes \
    createdAt expiresAt lastUsedAt revokedAt } userErrors { code path } } }";

fn ahead(seconds: i64) -> String {
    (now() + TimeDelta::seconds(seconds)).to_rfc3339()
}

/// Makes a key; it, and its id.
async fn key(person: &Person<'_>, name: &str, scopes: &[&str]) -> (String, Value) {
    let input = json!({ "name": name, "scopes": scopes, "expiresAt": ahead(3_600) });
    let made = person.ask(CREATE, json!({ "input": input })).await["createApiKey"].clone();
    let key = made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    assert!(key.starts_with("dsp_") && key.len() == 47, "{key}");
    (key, made["apiKey"]["id"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_shown_once_and_opens_its_scopes() {
    let server = Server::with(SINGKAWANG);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let request = opd.submit(Cloud::default()).await;
    let (number, id) = (request.number, request.id);
    let (status, _) = key(&tu, "status", &["READ_STATUS"]).await;
    let (read, _) = key(&tu, "read", &["READ"]).await;
    let (act, _) = key(&opd, "act", &["ACT"]).await;
    assert!(!server.holds(&status) && !server.log().contains(&status), "it is kept nowhere");

    let ask = async |key: &str, query: &str| {
        server.send(Some(key), query, json!({ "number": number, "id": id, "ids": [id] })).await
    };
    let stands = "query($number: String!) { request(number: $number) { id status currentVisit { step { key } } } }";
    for (key, opens) in [(&status, true), (&read, true), (&act, false)] {
        let answer = ask(key, stands).await;
        assert_eq!(answer["data"]["request"]["status"] == "IN_PROGRESS", opens, "{answer}");
        assert_eq!(error_code(&answer) == "FORBIDDEN", !opens, "{answer}");
    }
    for query in [
        "query($number: String!) { request(number: $number) { letter { subject } } }",
        "query($id: ID!) { node(id: $id) { ...f } } fragment f on Node { ... on Request { a: contact { name } } }",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Request { visits { note } } } }",
        "{ requests(filter: { search: \"Permohonan\" }) { totalCount } }",
    ] {
        let refused = ask(&status, query).await;
        assert_eq!(error_code(&refused), "FORBIDDEN", "{query}: {refused}");
        assert!(!refused.to_string().contains("Warga") && refused["errors"][0]["message"].to_string().contains("READ"));
        let answer = ask(&read, query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
    }
    for query in [
        "mutation { signOut { userErrors { code } } }",
        "mutation { signIn(input: { username: \"tu\", password: \"demonstration only\" }) { accessToken } }",
        "mutation { createApiKey(input: { name: \"x\", scopes: [READ], expiresAt: \"2027-01-01T00:00:00Z\" }) { key } }",
        "mutation { changePassword(input: { currentPassword: \"demonstration only\", newPassword: \"0123456789\" }) { userErrors { code } } }",
        "mutation { revealCredential(input: { assetId: \"x\", idempotencyKey: \"x\" }) { secret } }",
        "{ viewer { apiKeys { name } } }",
        "{ viewer { sessions { current } } }",
    ] {
        let (all, _) = key(&tu, query, &["READ_STATUS", "READ", "ACT"]).await;
        assert_eq!(error_code(&ask(&all, query).await), "FORBIDDEN", "{query}");
    }
    // An act by a key is its owner's; a key for acting only reads nothing of it.
    let blind = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { userErrors { code } } }";
    let answer = server.send(Some(&act), blind, Cloud::letter("005/2").variables()).await;
    assert_eq!(answer["data"]["submitRequest"]["userErrors"], json!([]), "{answer}");
    assert_eq!(error_code(&server.send(Some(&act), SUBMIT, Cloud::letter("005/3").variables()).await), "FORBIDDEN");
    assert_eq!(error_code(&server.send(Some(&read), SUBMIT, Cloud::letter("005/3").variables()).await), "FORBIDDEN");
    assert_eq!(opd.ask("{ requests { totalCount } }", json!({})).await["requests"]["totalCount"], 2);

    let mine = "{ viewer { apiKeys { name scopes lastUsedAt revokedAt } } }";
    let found = tu.ask(mine, json!({})).await["viewer"]["apiKeys"].clone();
    let used = |name: &str| {
        let of = |key: &&Value| key["name"] == name;
        found.as_array().expect("a list").iter().find(of).expect("the key")["lastUsedAt"].is_string()
    };
    assert!(used("status") && used("read"), "{found}");
    assert!(!opd.ask(mine, json!({})).await.to_string().contains("status"), "others see theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_or_expired_api_key_is_refused() {
    let server = Server::with_clock(SINGKAWANG);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let (status, id) = key(&tu, "status", &["READ_STATUS"]).await;
    let events = "subscription { requestEvents { kind request { status } } }";
    let mut socket = Socket::of(&server, &status).await;
    socket.subscribe("1", events, json!({})).await;
    socket.subscribe("2", "subscription { requestEvents { actor { user { name } } } }", json!({})).await;
    let refused = socket.receive().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("FORBIDDEN"))
    );
    let mut stream = Stream::post(&server, Some(&status), None, events, json!({})).await;
    let mut forbidden =
        Stream::post(&server, Some(&status), None, "subscription { inboxChanges { waitingCount } }", json!({})).await;
    assert_eq!(error_code(&forbidden.told().await.0), "FORBIDDEN");
    opd.submit(Cloud::default()).await;
    assert_eq!(socket.told("1").await["requestEvents"]["kind"], "SUBMITTED");
    assert_eq!(stream.told().await.0["data"]["requestEvents"]["kind"], "SUBMITTED");

    let by_id = json!({ "apiKeyId": id });
    assert_eq!(opd.refused("revokeApiKey", by_id.clone()).await, "NOT_FOUND");
    let revoke =
        async || tu.act("revokeApiKey", "apiKey { revokedAt }", by_id.clone()).await["apiKey"]["revokedAt"].take();
    let revoked = revoke().await;
    assert!(revoked.is_string());
    let mut last = Value::Null;
    while last["close"].is_null() {
        last = socket.receive().await;
    }
    assert_eq!(last, json!({ "close": 4403 }));
    while error_code(&last) != "UNAUTHENTICATED" {
        last = stream.told().await.0;
    }
    assert_eq!(
        error_code(&server.send(Some(&status), "{ requests { totalCount } }", json!({})).await),
        "UNAUTHENTICATED"
    );
    assert_eq!(revoke().await, revoked, "once");

    // By its time, too.
    let input = json!({ "name": "short", "scopes": ["READ"], "expiresAt": ahead(300) });
    let short = tu.ask(CREATE, json!({ "input": input })).await["createApiKey"]["key"].clone();
    let short = short.as_str().expect("a key");
    let mut socket = Socket::of(&server, short).await;
    socket.subscribe("1", events, json!({})).await;
    socket.settle().await;
    server.advance(TimeDelta::minutes(6));
    assert_eq!(socket.closed().await, 4403);
    assert_eq!(
        error_code(&server.send(Some(short), "{ requests { totalCount } }", json!({})).await),
        "UNAUTHENTICATED"
    );
    for wrong in ["dsp_", "dsp_x", &short[1..], &format!("{short}x")] {
        assert_eq!(
            error_code(&server.send(Some(wrong), "{ offices { key } }", json!({})).await),
            "UNAUTHENTICATED",
            "{wrong}"
        );
    }
    // The name is free again.
    key(&tu, "short", &["READ"]).await;
    key(&tu, "status", &["READ"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_api_key_is_not_created() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let made = async |name: &str, scopes: &[&str], expires: String| {
        let input = json!({ "name": name, "scopes": scopes, "expiresAt": expires });
        let made = tu.ask(CREATE, json!({ "input": input })).await["createApiKey"].clone();
        assert_eq!(made["key"].is_string(), made["userErrors"] == json!([]), "{made}");
        made["userErrors"].clone()
    };
    let invalid = |path: &str| json!([{ "code": "INVALID_INPUT", "path": [path] }]);
    assert_eq!(made(" ", &["READ"], ahead(60)).await, invalid("name"));
    assert_eq!(made("x", &[], ahead(60)).await, invalid("scopes"));
    assert_eq!(made("x", &["READ"], ahead(-1)).await, invalid("expiresAt"));
    assert_eq!(made("x", &["READ"], ahead(367 * 86_400)).await, invalid("expiresAt"));
    // At once, and yet one after the other.
    let same = (0..4).map(|_| made("same", &["READ"], ahead(60)));
    let same = futures_util::future::join_all(same).await;
    assert_eq!(same.iter().filter(|errors| **errors == json!([])).count(), 1, "{same:?}");
    assert!(same.iter().any(|errors| *errors == json!([{ "code": "NAME_TAKEN", "path": ["name"] }])));
    let names: Vec<String> = (0..24).map(|number| number.to_string()).collect();
    let all = futures_util::future::join_all(names.iter().map(|name| made(name, &["READ"], ahead(60)))).await;
    assert_eq!(all.iter().filter(|errors| **errors == json!([])).count(), 19, "20 at most");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_creation_shows_the_same_api_key() {
    let server = Server::with_clock(SINGKAWANG);
    let (tu, kadis) = (server.person("tu").await, server.person("kadis").await);
    let input = json!({ "name": "a", "scopes": ["READ"], "expiresAt": ahead(86_400), "idempotencyKey": "one" });
    let make = async |person: &Person<'_>, changes: Value| {
        let input = with(input.clone(), changes);
        person.ask(CREATE, json!({ "input": input })).await["createApiKey"].clone()
    };
    let (made, same) = tokio::join!(make(&tu, json!({})), make(&tu, json!({})));
    assert_eq!((&made["userErrors"], &same), (&json!([]), &made));
    assert_eq!(make(&tu, json!({ "scopes": ["READ", "READ"], "name": " a " })).await, made);
    let key = made["key"].as_str().expect("a key").to_owned();
    assert!(!server.holds(&key) && !server.log().contains(&key), "it is kept nowhere");
    let viewer = "{ viewer { user { username } } }";
    assert_eq!(server.send(Some(&key), viewer, json!({})).await["data"]["viewer"]["user"]["username"], "tu");
    assert_ne!(make(&kadis, json!({})).await["key"], made["key"], "another person's");

    let code = |answer: Value| answer["userErrors"][0]["code"].clone();
    for other in [json!({ "name": "b" }), json!({ "scopes": ["ACT"] }), json!({ "expiresAt": ahead(86_401) })] {
        assert_eq!(code(make(&tu, other).await), "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(code(make(&tu, json!({ "idempotencyKey": "two" })).await), "NAME_TAKEN");
    assert_eq!(code(make(&tu, json!({ "idempotencyKey": null })).await), "NAME_TAKEN");
    assert_eq!(code(make(&tu, json!({ "idempotencyKey": " " })).await), "INVALID_INPUT");
    let two = make(&tu, json!({ "name": "b", "idempotencyKey": "two" })).await;
    assert!(two["key"].is_string() && two["key"] != made["key"], "{two}");
    tu.act("revokeApiKey", "", json!({ "apiKeyId": two["apiKey"]["id"] })).await;
    assert_eq!(code(make(&tu, json!({ "name": "b", "idempotencyKey": "two" })).await), "ALREADY_REVEALED", "revoked");
    server.advance(TimeDelta::minutes(5));
    assert_eq!(make(&tu, json!({})).await["key"], made["key"]);
    server.advance(TimeDelta::minutes(6));
    assert_eq!(code(make(&tu, json!({})).await), "ALREADY_REVEALED", "too late");
    assert_eq!(server.send(Some(&key), viewer, json!({})).await["data"]["viewer"]["user"]["username"], "tu");
}
