//! Permohonan Cloud Service (000.8.3.3/13/AI-A/2023): sent back, completed, corrected, delivered with its credential.

use serde_json::{Value, json};

use crate::harness::{Person, READ, Server};

const OFFICE: &str = "singkawang";
const SECRET: &str = "rahasia-penanda-7f3a";

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id number } \
    userErrors { code path } } }";
const RESUBMIT: &str = "mutation($input: ResubmitRequestInput!) { resubmitRequest(input: $input) { \
    request { status version reason } userErrors { code path } } }";
const WITHDRAW: &str = "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) { \
    request { status reason } userErrors { code } } }";
const REVEAL: &str = "mutation($input: RevealCredentialInput!) { revealCredential(input: $input) { username secret \
    userErrors { code } } }";
const REISSUE: &str = "mutation($input: ReissueCredentialInput!) { reissueCredential(input: $input) { \
    asset { credential { state } } userErrors { code } } }";
const REVOKE: &str = "mutation($input: RevokeAssetInput!) { revokeAsset(input: $input) { asset { status } \
    userErrors { code } } }";

fn server() -> Server {
    Server::with(&[
        ("opd", OFFICE, "opd", Some("dinkes")),
        ("colleague", OFFICE, "opd", Some("dinkes")),
        ("tu", OFFICE, "tu", None),
        ("kadis", OFFICE, "kepala-dinas", None),
        ("kabid", OFFICE, "kabid-aptika", None),
        ("subkor", OFFICE, "subkor-ile", None),
        ("cloud", OFFICE, "admin-cloud", None),
    ])
}

fn papers(letter: &str) -> Value {
    json!({
        "letter": { "number": letter, "date": "2026-01-05", "subject": "Permohonan akun cloud" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@dinkes.example" },
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
    })
}

async fn submit(opd: &Person<'_>, letter: &str) -> String {
    let mut input = papers(letter);
    input["office"] = json!(OFFICE);
    input["procedure"] = json!("permohonan-cloud-service");
    let answer = opd.ask(SUBMIT, json!({ "input": input })).await;
    answer["submitRequest"]["request"]["number"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn to_step_5(server: &Server, number: &str) {
    let sheet = json!({ "documents": [{ "kind": "lembar-disposisi", "title": "Lembar disposisi", "number": "1" }] });
    let disposition = json!({ "disposition": { "instruction": "Tindak lanjuti" } });
    server.person("tu").await.execute(number, "2", "forward", sheet).await.expect("forwarded");
    server.person("kadis").await.execute(number, "3", "dispose", disposition.clone()).await.expect("disposed");
    server.person("kabid").await.execute(number, "4", "dispose", disposition).await.expect("disposed");
}

fn account(username: &str, quota: i32) -> Value {
    json!({ "asset": {
        "attributes": { "username": username, "quotaGib": quota, "serviceAddress": "https://cloud.example" },
        "secret": SECRET,
    } })
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_back_completed_corrected_and_delivered_once() {
    let server = server();
    let (opd, subkor, cloud) =
        (server.person("opd").await, server.person("subkor").await, server.person("cloud").await);
    let (kabid, colleague) = (server.person("kabid").await, server.person("colleague").await);
    let number = submit(&opd, "005/1").await;
    let number = number.as_str();
    to_step_5(&server, number).await;
    subkor.execute(number, "5", "no", json!({ "note": "NIP kurang" })).await.expect("not complete");
    let returned = kabid.execute(number, "4", "return", json!({ "note": "Lengkapi data" })).await;
    assert_eq!(returned.as_deref(), Ok("RETURNED"));
    let seen = opd.ask(READ, json!({ "number": number })).await["request"].clone();
    assert_eq!(seen["reason"], "Lengkapi data");
    assert!(!seen.to_string().contains("NIP kurang"), "the office's own note: {seen:#}");
    let kinds: Vec<&str> =
        seen["availableActions"].as_array().expect("a list").iter().filter_map(|a| a["kind"].as_str()).collect();
    assert_eq!(kinds, ["RESUBMIT", "WITHDRAW"]);
    let mut completed = papers("005/1a");
    completed["requestId"] = seen["id"].clone();
    completed["expectedVersion"] = json!(1);
    let stale = opd.ask(RESUBMIT, json!({ "input": completed })).await;
    assert_eq!(stale["resubmitRequest"]["userErrors"][0]["code"], "STALE_VERSION");
    completed["expectedVersion"] = seen["version"].clone();
    let done = opd.ask(RESUBMIT, json!({ "input": completed })).await;
    assert_eq!(done["resubmitRequest"]["request"]["status"], "IN_PROGRESS", "{done}");
    assert_eq!(done["resubmitRequest"]["request"]["reason"], Value::Null);
    to_step_5(&server, number).await;
    subkor.execute(number, "5", "yes", json!({})).await.expect("complete");
    cloud.execute(number, "6", "provision", account("dinkes", 10)).await.expect("made");
    subkor.execute(number, "7", "no", json!({ "note": "Kuota salah" })).await.expect("not right");
    assert_eq!(opd.ask(READ, json!({ "number": number })).await["request"]["assets"], json!([]), "not delivered yet");
    cloud.execute(number, "6", "provision", account("dinkes", 50)).await.expect("the same account, corrected");
    subkor.execute(number, "7", "yes", json!({})).await.expect("right");
    let report = json!({ "documents": [{ "kind": "laporan", "title": "Laporan" }] });
    assert_eq!(subkor.execute(number, "8", "confirm", report).await.as_deref(), Ok("COMPLETED"));

    let asset = opd.ask(READ, json!({ "number": number })).await["request"]["assets"][0]["id"].clone();
    let reveal = |key: &str| json!({ "input": { "assetId": asset, "idempotencyKey": key } });
    assert_eq!(subkor.refusal(REVEAL, reveal("x")).await, "FORBIDDEN");
    let hidden = colleague.ask(REVEAL, reveal("x")).await;
    assert_eq!(hidden["revealCredential"]["userErrors"][0]["code"], "NOT_FOUND");
    for _ in 0..2 {
        let shown = opd.ask(REVEAL, reveal("one")).await;
        assert_eq!(shown["revealCredential"]["secret"], SECRET, "the same key shows it again");
        assert_eq!(shown["revealCredential"]["username"], "dinkes");
    }
    let twice = opd.ask(REVEAL, reveal("two")).await;
    assert_eq!(twice["revealCredential"]["userErrors"][0]["code"], "ALREADY_REVEALED");
    let reissue = cloud.ask(REISSUE, json!({ "input": { "assetId": asset, "secret": "rahasia-baru-1" } })).await;
    assert_eq!(reissue["reissueCredential"]["asset"]["credential"]["state"], "AVAILABLE", "{reissue}");
    let shown = opd.ask(REVEAL, reveal("three")).await;
    assert_eq!(shown["revealCredential"]["secret"], "rahasia-baru-1");
    let revoked = cloud.ask(REVOKE, json!({ "input": { "assetId": asset, "reason": "Tidak dipakai" } })).await;
    assert_eq!(revoked["revokeAsset"]["asset"]["status"], "REVOKED");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
    assert!(!server.holds(SECRET), "the secret is nowhere in the data folder in the clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rejected_one_withdrawn_one_name_taken() {
    let server = server();
    let (opd, subkor, cloud) =
        (server.person("opd").await, server.person("subkor").await, server.person("cloud").await);
    let rejected = submit(&opd, "005/1").await;
    to_step_5(&server, &rejected).await;
    subkor.execute(&rejected, "5", "no", json!({ "note": "Tidak sesuai" })).await.expect("no");
    let answer = json!({ "note": "Di luar layanan", "documents": [{ "kind": "surat-balasan", "title": "Penolakan" }] });
    let ended = server.person("kabid").await.execute(&rejected, "4", "reject", answer).await;
    assert_eq!(ended.as_deref(), Ok("REJECTED"));
    let seen = opd.ask(READ, json!({ "number": rejected })).await["request"].clone();
    assert_eq!(seen["reason"], "Di luar layanan");
    assert_eq!(seen["documents"].as_array().map(Vec::len), Some(1), "the reply is the applicant's");

    let withdrawn = submit(&opd, "005/2").await;
    assert!(withdrawn.ends_with("/0002"), "{withdrawn}");
    let seen = opd.ask(READ, json!({ "number": withdrawn })).await["request"].clone();
    let input = json!({ "requestId": seen["id"], "reason": "Tidak perlu lagi", "expectedVersion": seen["version"] });
    let answer = opd.ask(WITHDRAW, json!({ "input": input })).await;
    assert_eq!(answer["withdrawRequest"]["request"]["status"], "WITHDRAWN");

    for (letter, outcome) in [("005/3", Ok("IN_PROGRESS".to_owned())), ("005/4", Err(vec!["NAME_TAKEN".to_owned()]))] {
        let number = submit(&opd, letter).await;
        to_step_5(&server, &number).await;
        subkor.execute(&number, "5", "yes", json!({})).await.expect("complete");
        assert_eq!(cloud.execute(&number, "6", "provision", account("dinkes", 1)).await, outcome);
    }
}
