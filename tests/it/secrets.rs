//! Secrets: a mark is sent through every path, failures included, then searched for in everything written. And internal texts:
//! searched for in everything an agency can fetch.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::acts::{Cloud, Subdomain, cloud_way, play, subdomain};
use crate::cast::{CLOUD, Cast, KABID, KADIS, OPD, SUBKOR, SYSTEM, TU};
use crate::harness::{PASSWORD, People, Server, UNLIMITED, credentials, now, with};

const CAST: Cast<'static> =
    &[OPD, ("head", "singkawang", "pimpinan-opd", Some("dinkes")), TU, KADIS, KABID, SUBKOR, CLOUD, SYSTEM];

const MARK: &str = "penanda9f3c7e";

const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { id } \
    userErrors { code path message } } }";

/// The acts on a request to step 6, with a mark in every text.
async fn to_step_6(people: &People<'_>, number: &str, inside: &str) {
    let sheet =
        json!({ "documents": [{ "kind": "lembar-disposisi", "title": format!("Lembar {inside}"), "number": "1" }] });
    let dispose = json!({ "disposition": { "instruction": format!("Tindak lanjuti {inside}") } });
    let acts = [
        ("tu", "2", "forward", sheet),
        ("kadis", "3", "dispose", dispose.clone()),
        ("kabid", "4", "dispose", dispose.clone()),
        ("subkor", "5", "no", json!({ "note": format!("Kurang {inside}") })),
        ("kabid", "4", "dispose", dispose),
        ("subkor", "5", "yes", json!({})),
    ];
    play(people, number, &acts).await;
}

/// Every kind of credential, made and used, rightly and wrongly.
async fn ways_in(server: &Server) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }";
    let signed_in = server.send(None, query, credentials("head")).await["data"]["signIn"].clone();
    let (access, refresh) = (text(&signed_in["accessToken"]), text(&signed_in["refreshToken"]));
    let ask = async |token: Option<&str>, query: &str, input: Value| {
        server.send(token, query, json!({ "input": input })).await["data"].clone()
    };
    let retry = format!("{MARK} of a retry");
    let begin = "mutation($input: BeginTotpInput!) { beginTotp(input: $input) { secret } }";
    let begun = ask(Some(&access), begin, json!({ "password": PASSWORD })).await;
    let secret = text(&begun["beginTotp"]["secret"]);
    let confirm = "mutation($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes } }";
    ask(Some(&access), confirm, json!({ "code": format!("wrong {MARK}") })).await;
    let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }";
    let expires = now() + chrono::TimeDelta::hours(1);
    let input =
        json!({ "name": "script", "scopes": ["READ"], "expiresAt": expires.to_rfc3339(), "idempotencyKey": retry });
    let key = text(&ask(Some(&access), create, input).await["createApiKey"]["key"]);
    let viewer = "{ viewer { user { name } } }";
    assert_eq!(server.send(Some(&key), viewer, json!({})).await["data"]["viewer"]["user"]["name"], "head");
    server.send(Some(&format!("{key}{MARK}")), viewer, json!({})).await;
    let change = "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code } } }";
    ask(Some(&access), change, json!({ "currentPassword": MARK, "newPassword": format!("{MARK}{MARK}") })).await;
    let prolong =
        "mutation($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken } }";
    let prolonged = async |token: &str| {
        let input = json!({ "refreshToken": token, "idempotencyKey": retry });
        ask(None, prolong, input).await["refreshSession"].clone()
    };
    let first = prolonged(&refresh).await;
    assert_eq!(prolonged(&refresh).await, first);
    let prolonged = first;
    ask(None, prolong, json!({ "refreshToken": MARK })).await;
    ask(None, prolong, json!({ "refreshToken": refresh })).await;
    let newer = [text(&prolonged["accessToken"]), text(&prolonged["refreshToken"])];
    [access, refresh, secret, key].into_iter().chain(newer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_anywhere() {
    let mut server = Server::with_flags(CAST, &["--log", "trace"]);
    let mut answers = String::new();
    // Passwords: wrong ones, and in the wrong places.
    let sign_in =
        "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code message } } }";
    for input in [
        json!({ "username": "opd", "password": MARK }),
        json!({ "username": "nobody", "password": MARK }),
        json!({ "username": "opd", "password": { "hidden": MARK } }),
        json!({ "username": "opd", "password": [MARK] }),
        json!({ "username": "opd", "password": MARK, "more": MARK }),
        json!({ "password": MARK }),
    ] {
        answers += &server.send(None, sign_in, json!({ "input": input })).await.to_string();
    }
    let inline = format!(
        "mutation {{ signIn(input: {{ username: \"opd\", password: \"{MARK}\" }}) {{ userErrors {{ code }} }} }}"
    );
    answers += &server.send(None, &inline, json!({})).await.to_string();

    let people = server.everybody(CAST).await;
    let ways_in = ways_in(&server).await;
    let (opd, cloud) = (&people["opd"], &people["cloud"]);
    let number = opd.submit(Cloud::default()).await.number;
    to_step_6(&people, &number, "x").await;
    let seen = cloud.see(&number).await;
    let secret = format!("rahasia-{MARK}");
    let provision = |changes: Value| {
        let input = json!({
            "requestId": seen["id"], "step": "6", "outcome": "provision", "expectedVersion": seen["version"],
            "asset": { "secret": secret, "attributes": {
                "username": "dinkes", "quotaGib": 5, "serviceAddress": "https://cloud.example" } },
        });
        json!({ "input": with(input, changes) })
    };
    for changes in [
        json!({ "expectedVersion": 1 }),
        json!({ "step": "8" }),
        json!({ "outcome": "nothing" }),
        json!({ "asset": { "secret": secret, "attributes": {} } }),
        json!({ "asset": { "secret": secret, "attributes": { "username": "Root!", "quotaGib": 0 } } }),
        json!({ "asset": { "secret": { "is": secret }, "attributes": {} } }),
        json!({ "asset": { "secret": [secret], "attributes": "x" } }),
        json!({ "asset": { "secret": secret.repeat(200), "attributes": {} } }),
        json!({ "idempotencyKey": "  " }),
    ] {
        answers += &cloud.answer(EXECUTE, provision(changes)).await.to_string();
    }
    answers += &opd.answer(EXECUTE, provision(json!({}))).await.to_string();
    answers += &server.send(None, EXECUTE, provision(json!({}))).await.to_string();
    answers += &cloud.answer(EXECUTE, provision(json!({ "idempotencyKey": "once" }))).await.to_string();
    answers +=
        &cloud.answer(EXECUTE, provision(json!({ "idempotencyKey": "once", "note": "other" }))).await.to_string();
    play(&people, &number, &cloud_way("dinkes")[5..]).await;
    let asset = opd.see(&number).await["assets"][0]["id"].take();
    let reissue = "mutation($input: ReissueCredentialInput!) { reissueCredential(input: $input) { asset { id } \
        userErrors { code message } } }";
    for secret in [secret.as_str(), "short", MARK] {
        let input = json!({ "input": { "assetId": asset, "secret": secret } });
        answers += &cloud.answer(reissue, input.clone()).await.to_string();
        answers += &opd.answer(reissue, input).await.to_string();
    }
    // The one answer with the secret.
    let reveal =
        "mutation($input: RevealCredentialInput!) { revealCredential(input: $input) { secret userErrors { code } } }";
    let shown = opd.ask(reveal, json!({ "input": { "assetId": asset, "idempotencyKey": "one" } })).await;
    assert_eq!(shown["revealCredential"]["secret"], MARK);
    answers += &opd.answer(reveal, json!({ "input": { "assetId": asset, "idempotencyKey": "two" } })).await.to_string();
    answers +=
        &cloud.answer(reveal, json!({ "input": { "assetId": asset, "idempotencyKey": "two" } })).await.to_string();

    assert!(!answers.contains(MARK), "an answer shows it: {answers}");
    let log = server.log();
    assert!(log.contains("DEBUG") && log.contains("sqlx::query"), "it was listened to closely");
    for line in log.lines() {
        assert!(!line.contains(MARK) && !line.contains("demonstration only"), "the log shows a secret: {line}");
        assert!(!line.contains(opd.token()), "the log shows a token: {line}");
        assert!(!ways_in.iter().any(|text| line.contains(text)), "the log shows a way in: {line}");
    }
    for text in &ways_in {
        assert!(!server.holds(text), "the data folder holds a way in");
    }
    for secret in [MARK, "demonstration only", opd.token()] {
        assert!(!server.holds(secret), "the data folder holds it in the clear");
    }
    drop(people);
    server.stop();
    assert!(!server.holds(MARK), "nor after the end");
}

/// The introspection for [`everything`].
pub(crate) const INTROSPECTION: &str = "{ __schema { types { name kind possibleTypes { name } fields { name \
    args { name type { kind } } type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

/// Every field of a type without required arguments, down to that depth, with the largest pages. Below, only `__typename`.
pub(crate) fn everything(schema: &Value, of: &str, depth: usize, above: &mut Vec<String>) -> String {
    let types = schema["types"].as_array().expect("a list");
    let found = types.iter().find(|found| found["name"] == of).expect("a type");
    let mut selection = String::from("{ __typename ");
    for possible in found["possibleTypes"].as_array().into_iter().flatten() {
        let name = possible["name"].as_str().expect("a name");
        if found["kind"] == "INTERFACE" {
            selection += &format!("... on {name} {} ", everything(schema, name, depth, above));
        }
    }
    for field in found["fields"].as_array().into_iter().flatten().filter(|_| found["kind"] == "OBJECT") {
        let arguments = field["args"].as_array().expect("a list");
        let needed = arguments.iter().any(|argument| argument["type"]["kind"] == "NON_NULL");
        let page = if arguments.iter().any(|argument| argument["name"] == "first") { "(first: 100)" } else { "" };
        let mut inner = &field["type"];
        while !inner["ofType"].is_null() {
            inner = &inner["ofType"];
        }
        let (name, kind) = (field["name"].as_str().expect("a name"), inner["kind"].as_str().expect("a kind"));
        let inner = inner["name"].as_str().expect("a name").to_owned();
        match kind {
            _ if needed => {}
            "OBJECT" | "INTERFACE" if depth > 0 && !above.contains(&inner) => {
                above.push(inner.clone());
                let below = everything(schema, &inner, depth - 1, above);
                above.pop();
                // The same field of two types may differ in its type: each gets a name of its own.
                selection += &format!("{of}_{name}: {name}{page} {below} ");
            }
            "OBJECT" | "INTERFACE" => selection += &format!("{of}_{name}: {name}{page} {{ __typename }} "),
            _ => selection += &format!("{of}_{name}: {name} "),
        }
    }
    selection + "}"
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_notes_are_invisible_to_agencies() {
    // Everything at once is deeper and costs more than anybody asks for.
    let server = Server::with_flags(CAST, &UNLIMITED);
    let people = server.everybody(CAST).await;
    let (opd, kadis) = (&people["opd"], &people["kadis"]);
    let number = opd.submit(Subdomain::letter("005/1")).await.number;
    to_step_6(&people, &number, MARK).await;
    let draft = json!({ "documents": [{ "kind": "draft-surat-balasan", "title": format!("Draft {MARK}") }] });
    let name = subdomain(&format!("{MARK}.singkawangkota.go.id"));
    play(&people, &number, &[("system", "6", "provision", name), ("subkor", "7", "draft", draft)]).await;
    let refuse = json!({ "decision": "REFUSE", "note": format!("Salah {MARK}") });
    assert_eq!(kadis.sign(&number, "draft-surat-balasan", refuse).await, "");
    play(&people, &number, &[("tu", "8", "revise", json!({ "note": format!("Perbaiki {MARK}") }))]).await;

    let schema = opd.ask(INTROSPECTION, json!({})).await["__schema"].clone();
    let root = everything(&schema, "Query", 6, &mut vec!["Query".to_owned()]);
    // All ids visible to the office, asked for by the agency.
    let office = kadis.ask(&format!("query {root}"), json!({})).await.to_string();
    assert!(office.matches(MARK).count() > 8, "the office sees it");
    let ids: BTreeSet<&str> = office.split("_id\":\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    let ids: Vec<&str> = ids.into_iter().take(100).collect();
    assert!(ids.len() > 10, "{ids:?}");
    let node = everything(&schema, "Node", 4, &mut vec!["Query".to_owned()]);
    for who in ["opd", "head"] {
        let person = &people[who];
        let seen = person.ask(&format!("query {root}"), json!({})).await.to_string();
        assert!(seen.contains(&number) && seen.len() > 5_000, "{who} sees the request: {seen}");
        assert!(!seen.contains(MARK), "{who} sees what is the office's: {seen}");
        let found =
            person.ask(&format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {node} }}"), json!({ "ids": ids })).await;
        assert!(!found.to_string().contains(MARK), "{who} finds by id what is the office's: {found}");
        let events = format!(
            "query($number: String!) {{ request(number: $number) {} }}",
            everything(&schema, "Request", 5, &mut vec!["Query".to_owned()])
        );
        let found = person.ask(&events, json!({ "number": number })).await;
        assert!(!found.to_string().contains(MARK), "{who}: {found}");
    }
}
