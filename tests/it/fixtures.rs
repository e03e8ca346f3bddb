//! Data of earlier versions (`tests/fixtures`): this version opens it, verifies it, and goes on from there.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Person, READ, Server};
use crate::totp::shown_at;
use crate::{database, persisted_documents};

/// An hour or so after the fixture was made: its keys and tokens are good.
const MOMENT: &str = "2026-11-30T08:00:00Z";

fn moment() -> DateTime<Utc> {
    MOMENT.parse().expect("a moment")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/edca89f")
}

/// The fixture's list of its secrets, and of its requests by state.
fn secrets() -> Value {
    let engine = format!("{:?}", database::engine()).to_lowercase();
    let text = std::fs::read_to_string(folder().join(engine).join("secrets.json")).expect("the secrets");
    serde_json::from_str(&text).expect("JSON")
}

fn server() -> (Server, Value) {
    (Server::restored(&folder(), moment()), secrets())
}

fn number<'a>(secrets: &'a Value, state: &str) -> &'a str {
    secrets["requests"][state].as_str().expect("a number")
}

/// Runs a mutation that must succeed. Returns its payload.
async fn act(person: &Person<'_>, mutation: &str, fields: &str, input: Value) -> Value {
    let kind = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code path message }} }} }}"
    );
    let payload = person.ask(&query, json!({ "input": input })).await[mutation].clone();
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_reads_as_it_was_left() {
    let (server, secrets) = server();
    server.run(&["audit", "verify"]);
    let readers = [server.person("siti").await, server.person("rina").await, server.person("made").await];
    let expected = [
        ("revealed", "COMPLETED"),
        ("unrevealed", "COMPLETED"),
        ("rejected", "REJECTED"),
        ("resubmitted", "IN_PROGRESS"),
        ("returned", "RETURNED"),
        ("withdrawn", "WITHDRAWN"),
        ("disposing", "IN_PROGRESS"),
        ("disposed", "IN_PROGRESS"),
        ("subdomain-completed", "COMPLETED"),
        ("subdomain-signed", "IN_PROGRESS"),
        ("data-center-completed", "COMPLETED"),
        ("data-center-declined", "REJECTED"),
        ("data-center-coordinated", "IN_PROGRESS"),
    ];
    for (state, status) in expected {
        let mut seen = Value::Null;
        for person in &readers {
            let found = person.ask(READ, json!({ "number": number(&secrets, state) })).await["request"].clone();
            seen = if found.is_null() { seen } else { found };
        }
        assert_eq!(seen["status"], status, "{state}: {seen}");
        let events = seen["events"]["nodes"].as_array().expect("events");
        assert!(events.len() >= 2 && events[0]["sequence"] == 1, "{state}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_on() {
    let (server, secrets) = server();
    let code = secrets["recoveryCodes"][1].as_str().expect("a code");
    let (kadri, tono) = (server.person("kadri").await, server.person_with_code("tono", code).await);
    let dispose = json!({ "disposition": { "instruction": "Tindak lanjuti" } });
    let status = kadri.execute(number(&secrets, "disposing"), "3", "dispose", dispose).await;
    assert_eq!(status.as_deref(), Ok("IN_PROGRESS"));
    // The signed draft is sent.
    let letter = json!({ "documents": [{ "kind": "surat-balasan", "title": "Surat-balasan", "number": "9" }] });
    let status = tono.execute(number(&secrets, "subdomain-signed"), "8", "send", letter).await;
    assert_eq!(status.as_deref(), Ok("COMPLETED"));
    let kadek = server.person("kadek").await;
    let analysis = json!({ "note": "Penuh", "documents": [{ "kind": "bentuk-sistem", "title": "Analisa" }] });
    let status = kadek.execute(number(&secrets, "data-center-coordinated"), "3", "not-placeable", analysis).await;
    assert_eq!(status.as_deref(), Ok("IN_PROGRESS"));
    server.run(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sealed_credential_is_revealed_and_the_revealed_one_is_not() {
    let (server, secrets) = server();
    let siti = server.person("siti").await;
    let asset = async |state: &str| {
        let seen = siti.ask(READ, json!({ "number": number(&secrets, state) })).await;
        seen["request"]["assets"][0]["id"].clone()
    };
    let input = json!({ "assetId": asset("unrevealed").await, "idempotencyKey": "now" });
    let payload = act(&siti, "revealCredential", "username secret", input).await;
    assert_eq!((&payload["username"], &payload["secret"]), (&json!("dinkes-unrevealed"), &json!("sandi-unrevealed")));
    let query =
        "mutation($input: RevealCredentialInput!) { revealCredential(input: $input) { secret userErrors { code } } }";
    let input = json!({ "assetId": asset("revealed").await, "idempotencyKey": "now, too" });
    let payload = siti.ask(query, json!({ "input": input })).await["revealCredential"].clone();
    assert_eq!(payload["userErrors"][0]["code"], "ALREADY_REVEALED", "{payload}");
    server.run(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_tokens_codes_and_documents_are_still_good() {
    let (mut server, secrets) = server();
    server.restart_with(&["--registered-documents", "10"]);
    let text = |name: &str| secrets[name].as_str().expect("a text").to_owned();
    let viewer = "{ viewer { user { username } } }";
    let answer = server.send(Some(&text("apiKey")), viewer, json!({})).await;
    assert_eq!(answer["data"]["viewer"]["user"]["username"], "siti", "{answer}");

    let refresh =
        "mutation($input: RefreshSessionInput!) { refreshSession(input: $input) { viewer { user { username } } } }";
    let input = json!({ "input": { "refreshToken": text("refreshToken") } });
    let answer = server.send(None, refresh, input).await;
    assert_eq!(answer["data"]["refreshSession"]["viewer"]["user"]["username"], "lia", "{answer}");

    let recovery = secrets["recoveryCodes"][0].as_str().expect("a code");
    server.person_with_code("tono", recovery).await;
    server.set_time(moment());
    server.person_with_code("tono", &shown_at(&text("totp"), moment())).await;

    let siti = server.person("siti").await;
    let digest = text("registeredDocument");
    assert_eq!(persisted_documents::digest("query Registered { viewer { user { username } } }"), digest);
    let body = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest } } });
    let call = reqwest::Client::new().post(format!("{}/graphql", server.base())).bearer_auth(siti.token()).json(&body);
    let answer: Value = call.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["data"]["viewer"]["user"]["username"], "siti", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_repeated_over_the_update_acts_once() {
    let (server, _) = server();
    // Both inputs as `make.py` sent them.
    let nina = server.person("nina").await;
    let input = json!({ "office": "singkawang", "username": "sari", "name": "Sari Contoh", "password": PASSWORD,
        "agency": "dinsos", "idempotencyKey": "sari-once" });
    let payload = act(&nina, "createUser", "user { username }", input).await;
    assert_eq!(payload["user"]["username"], "sari");

    // What identifies a submission has changed since: its repetition is refused, and submits nothing.
    let siti = server.person("siti").await;
    let count = "{ requests { totalCount } }";
    let before = siti.ask(count, json!({})).await;
    let input = json!({
        "office": "singkawang", "procedure": "permohonan-cloud-service", "idempotencyKey": "submitted-once",
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
        "letter": { "number": "005/disposing", "date": "2026-01-05", "subject": "Permohonan",
            "srikandiReference": "005/disposing" },
        "contact": { "name": "Warga Contoh", "nip": "199001012015011001", "position": "Pranata Komputer (contoh)",
            "phone": "0562-000-000", "email": "contoh@opd.example" },
    });
    let query = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { userErrors { code } } }";
    let payload = siti.ask(query, json!({ "input": input })).await["submitRequest"].clone();
    assert_eq!(payload["userErrors"], json!([{ "code": "IDEMPOTENCY_KEY_REUSED" }]));
    assert_eq!(siti.ask(count, json!({})).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_offices_people_go_on() {
    let (server, _) = server();
    let nina = server.person("nina").await;
    let query = "{ office(key: \"singkawang\") { people { user { id username } grants { id } } } }";
    let seen = nina.ask(query, json!({})).await["office"].clone();
    let budi = seen["people"].as_array().expect("people").iter().find(|person| person["user"]["username"] == "budi");
    let grant = budi.expect("budi")["grants"][0]["id"].clone();
    // A deputy acts until their grant ends.
    server.person("budi").await.ask("{ viewer { grants { onBehalfOf { username } } } }", json!({})).await;
    act(&nina, "revokeGrant", "", json!({ "grantId": grant })).await;
    server.run(&["audit", "verify"]);
}
