//! Permohonan Cloud Service (000.8.3.3/13/AI-A/2023): sent back, completed, corrected, delivered with its credential.

use serde_json::{Value, json};

use crate::cast::{CLOUD, COLLEAGUE, KABID, KADIS, OPD, SUBKOR, TU};
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
    Server::with(&[OPD, COLLEAGUE, TU, KADIS, KABID, SUBKOR, CLOUD])
}

fn papers(letter: &str) -> Value {
    json!({
        "letter": { "number": letter, "date": "2026-01-05", "subject": "Permohonan akun cloud" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@dinkes.example" },
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
    })
}

async fn submit(opd: &Person<'_>, letter: &str) -> String {
    send(opd, letter, "ORDINARY").await.expect("submitted")
}

/// Submits a letter as confidential as that: the request's number, or the code of why not.
async fn send(opd: &Person<'_>, letter: &str, confidentiality: &str) -> Result<String, String> {
    let mut input = papers(letter);
    input["office"] = json!(OFFICE);
    input["procedure"] = json!("permohonan-cloud-service");
    input["letter"]["confidentiality"] = json!(confidentiality);
    let answer = opd.ask(SUBMIT, json!({ "input": input })).await["submitRequest"].clone();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let code = || text(&answer["userErrors"][0]["code"]).unwrap_or_else(|| panic!("{answer}"));
    text(&answer["request"]["number"]).ok_or_else(code)
}

/// What came back completed, by somebody as they see it: its phase, or the code of why not.
async fn complete(person: &Person<'_>, number: &str, confidentiality: &str) -> Result<String, String> {
    let seen = person.ask(READ, json!({ "number": number })).await["request"].clone();
    let mut input = papers(&format!("{number} a"));
    input["letter"]["confidentiality"] = json!(confidentiality);
    input["requestId"] = seen["id"].clone();
    input["expectedVersion"] = seen["version"].clone();
    let answer = person.answer(RESUBMIT, json!({ "input": input })).await;
    let done = &answer["data"]["resubmitRequest"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let code = || text(&done["userErrors"][0]["code"]).or_else(|| text(&answer["errors"][0]["extensions"]["code"]));
    text(&done["request"]["status"]).ok_or_else(|| code().unwrap_or_else(|| panic!("{answer}")))
}

/// Sends a request back to its agency.
async fn send_back(server: &Server, number: &str) {
    to_step_5(server, number).await;
    server.person("subkor").await.execute(number, "5", "no", json!({ "note": "x" })).await.expect("no");
    server.person("kabid").await.execute(number, "4", "return", json!({ "note": "x" })).await.expect("returned");
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

/// Changes the database beside the server, as only a test may.
async fn change(server: &Server, sql: &str) {
    use sea_orm::ConnectionTrait;
    let database = crate::database::open(&server.path()).await;
    let changed = database.execute_unprepared(sql).await.expect("it runs");
    assert!(changed.rows_affected() > 0, "{sql}");
}

async fn deliver(server: &Server, number: &str, username: &str, more: Value) {
    to_step_5(server, number).await;
    let subkor = server.person("subkor").await;
    subkor.execute(number, "5", "yes", json!({})).await.expect("complete");
    server.person("cloud").await.execute(number, "6", "provision", account(username, 5)).await.expect("made");
    subkor.execute(number, "7", "yes", json!({})).await.expect("right");
    let mut report = json!({ "documents": [{ "kind": "laporan", "title": "Laporan" }] });
    report.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    assert_eq!(subkor.execute(number, "8", "confirm", report).await.as_deref(), Ok("COMPLETED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_revealed_to_its_recipient_for_ten_minutes() {
    let server = server();
    let (opd, colleague, cloud) =
        (server.person("opd").await, server.person("colleague").await, server.person("cloud").await);
    let number = submit(&opd, "005/1").await;
    let me = "{ viewer { user { id } } }";
    let named = colleague.ask(me, json!({})).await["viewer"]["user"]["id"].clone();
    let stranger = server.person("tu").await.ask(me, json!({})).await["viewer"]["user"]["id"].clone();
    to_step_5(&server, &number).await;
    let subkor = server.person("subkor").await;
    subkor.execute(&number, "5", "yes", json!({})).await.expect("complete");
    cloud.execute(&number, "6", "provision", account("dinkes", 5)).await.expect("made");
    subkor.execute(&number, "7", "yes", json!({})).await.expect("right");
    let report = |recipient: &Value| json!({ "recipientId": recipient, "documents": [{ "kind": "laporan", "title": "Laporan" }] });
    let refused = subkor.execute(&number, "8", "confirm", report(&stranger)).await;
    assert_eq!(refused, Err(vec!["INVALID_INPUT".to_owned()]), "nobody of the agency");
    let recipients =
        "query($number: String!) { request(number: $number) { availableActions { kind recipients { name } } } }";
    let listed = subkor.ask(recipients, json!({ "number": number })).await["request"]["availableActions"][0].clone();
    assert_eq!(listed["recipients"], json!([{ "name": "colleague" }, { "name": "opd" }]));
    subkor.execute(&number, "8", "confirm", report(&named)).await.expect("delivered");

    let asset = cloud.ask(READ, json!({ "number": number })).await["request"]["assets"][0]["id"].clone();
    let reveal = |key: &str| json!({ "input": { "assetId": asset, "idempotencyKey": key } });
    assert_eq!(opd.refusal(REVEAL, reveal("x")).await, "FORBIDDEN", "the submitter is not whom it is for");
    let inbox = "{ viewer { inbox { totalCount nodes { number } } } }";
    assert_eq!(colleague.ask(inbox, json!({})).await["viewer"]["inbox"]["nodes"][0]["number"], number.as_str());
    assert_eq!(opd.ask(inbox, json!({})).await["viewer"]["inbox"]["totalCount"], 0);
    assert_eq!(colleague.ask(REVEAL, reveal("one")).await["revealCredential"]["secret"], SECRET);
    assert_eq!(colleague.ask(REVEAL, reveal("one")).await["revealCredential"]["secret"], SECRET);
    let submitter = opd.ask(me, json!({})).await["viewer"]["user"]["id"].clone();
    let input = json!({ "input": { "assetId": asset, "secret": "rahasia-baru-2", "recipientId": submitter } });
    let reissued = cloud.ask(REISSUE, input).await["reissueCredential"].clone();
    assert_eq!(reissued["asset"]["credential"]["state"], "AVAILABLE", "{reissued}");
    let gone = colleague.ask(REVEAL, reveal("one")).await["revealCredential"]["userErrors"][0]["code"].clone();
    assert_eq!(gone, "NOT_FOUND", "it is for another now, and nothing of theirs is left to see");
    assert_eq!(opd.ask(REVEAL, reveal("two")).await["revealCredential"]["secret"], "rahasia-baru-2");
    let earlier = crate::database::earlier("revealed_at", 11);
    change(&server, &format!("UPDATE credentials SET revealed_at = {earlier}")).await;
    let late = opd.ask(REVEAL, reveal("two")).await["revealCredential"]["userErrors"][0]["code"].clone();
    assert_eq!(late, "ALREADY_REVEALED", "ten minutes are over");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_rejected_or_withdrawn_is_free_again() {
    let server = server();
    let (opd, cloud) = (server.person("opd").await, server.person("cloud").await);
    let number = submit(&opd, "005/1").await;
    deliver(&server, &number, "dinkes", json!({})).await;
    let asset = cloud.ask(READ, json!({ "number": number })).await["request"]["assets"][0]["id"].clone();
    let revoke = json!({ "input": { "assetId": asset, "reason": "Tidak dipakai" } });
    assert_eq!(cloud.ask(REVOKE, revoke.clone()).await["revokeAsset"]["asset"]["status"], "REVOKED");
    assert_eq!(cloud.ask(REVOKE, revoke).await["revokeAsset"]["userErrors"][0]["code"], "ASSET_NOT_ACTIVE");
    let reveal = json!({ "input": { "assetId": asset, "idempotencyKey": "late" } });
    let late = opd.ask(REVEAL, reveal).await["revealCredential"].clone();
    assert_eq!(late["userErrors"][0]["code"], "CREDENTIAL_NOT_AVAILABLE", "it went with its asset");
    let number = submit(&opd, "005/2").await;
    deliver(&server, &number, "dinkes", json!({})).await;

    let mut again = papers("005/3");
    again["office"] = json!(OFFICE);
    again["procedure"] = json!("permohonan-cloud-service");
    for round in 0..2 {
        let number = submit(&opd, "005/3").await;
        let twice = opd.ask(SUBMIT, json!({ "input": again })).await["submitRequest"]["userErrors"][0]["code"].clone();
        assert_eq!(twice, "DUPLICATE_LETTER");
        if round == 0 {
            let seen = opd.ask(READ, json!({ "number": number })).await["request"].clone();
            let input = json!({ "requestId": seen["id"], "reason": "Batal", "expectedVersion": seen["version"] });
            opd.ask(WITHDRAW, json!({ "input": input })).await;
        } else {
            to_step_5(&server, &number).await;
            server.person("subkor").await.execute(&number, "5", "no", json!({ "note": "x" })).await.expect("no");
            let no = json!({ "note": "x", "documents": [{ "kind": "surat-balasan", "title": "Penolakan" }] });
            server.person("kabid").await.execute(&number, "4", "reject", no).await.expect("rejected");
        }
    }
    submit(&opd, "005/3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_person_is_out_at_once_and_their_requests_go_on() {
    let server = server();
    let (opd, colleague) = (server.person("opd").await, server.person("colleague").await);
    let number = submit(&opd, "005/1").await;
    send_back(&server, &number).await;
    assert_eq!(colleague.ask(READ, json!({ "number": number })).await["request"], Value::Null);
    let deactivate = "UPDATE users SET deactivated_at = '2026-01-05 00:00:00+00:00' WHERE username = 'opd'";
    change(&server, deactivate).await;
    assert_eq!(opd.refusal(READ, json!({ "number": number })).await, "UNAUTHENTICATED", "from that moment");
    // Anybody of the agency who may submit completes it.
    let seen = colleague.ask(READ, json!({ "number": number })).await["request"].clone();
    let mut completed = papers("005/1a");
    completed["requestId"] = seen["id"].clone();
    completed["expectedVersion"] = seen["version"].clone();
    completed["idempotencyKey"] = json!("again");
    for _ in 0..2 {
        let done = colleague.ask(RESUBMIT, json!({ "input": completed })).await["resubmitRequest"].clone();
        assert_eq!(done["request"]["status"], "IN_PROGRESS", "{done}");
    }
    assert!(server.holds("$argon2id$v=19$m=19456,t=2,p=1$"), "passwords are kept as argon2id only");
    assert!(!server.holds("demonstration only"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_request_passes_to_those_who_still_submit() {
    let server = server();
    let (opd, colleague) = (server.person("opd").await, server.person("colleague").await);
    let ordinary = submit(&opd, "005/1").await;
    let secret = send(&opd, "005/2", "SECRET").await.expect("submitted");
    for number in [&ordinary, &secret] {
        send_back(&server, number).await;
    }
    assert!(!server.run(&["check"]).contains(&secret), "their own to complete");
    // Their agency's head now, as which nobody submits.
    change(
        &server,
        "UPDATE grants SET role = 'pimpinan-opd' WHERE user_id = (SELECT id FROM users WHERE username = 'opd')",
    )
    .await;
    assert_eq!(complete(&opd, &ordinary, "ORDINARY").await, Err("FORBIDDEN".to_owned()));
    let inbox = "{ viewer { inbox { nodes { number availableActions { kind } } } } }";
    let waiting = json!([{ "number": ordinary, "availableActions": [{ "kind": "RESUBMIT" }, { "kind": "WITHDRAW" }] }]);
    assert_eq!(colleague.ask(inbox, json!({})).await["viewer"]["inbox"]["nodes"], waiting);
    assert_eq!(opd.ask(inbox, json!({})).await["viewer"]["inbox"]["nodes"], json!([]));
    // What nobody else sees is nobody else's, and is named to whoever can mend it.
    assert_eq!(colleague.ask(READ, json!({ "number": secret })).await["request"], Value::Null);
    let said = server.run(&["check"]);
    let named = format!("request `{secret}` was returned to `opd`, who may not submit for `dinkes` now");
    assert!(said.contains(&named) && !said.contains(&ordinary), "{said}");
    assert!(said.contains("disposisi grant opd --office singkawang --role opd --agency dinkes"), "{said}");
    // Nor does a colleague take it out of their own sight.
    assert_eq!(complete(&colleague, &ordinary, "SECRET").await, Err("INVALID_INPUT".to_owned()));
    assert_eq!(complete(&colleague, &ordinary, "RESTRICTED").await.as_deref(), Ok("IN_PROGRESS"));
    server.run(&["grant", "opd", "--office", OFFICE, "--role", "opd", "--agency", "dinkes"]);
    assert!(!server.run(&["check"]).contains(&secret));
    assert_eq!(complete(&opd, &secret, "SECRET").await.as_deref(), Ok("IN_PROGRESS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_reveal_a_secret_letter() {
    let server = server();
    let (opd, colleague) = (server.person("opd").await, server.person("colleague").await);
    let duplicate = || Err("DUPLICATE_LETTER".to_owned());
    send(&opd, "005/1", "ORDINARY").await.expect("the first");
    assert_eq!(send(&colleague, "005/1", "RESTRICTED").await, duplicate(), "the agency's, whoever sends it");
    let secret = send(&opd, "005/2", "SECRET").await.expect("the first");
    assert_eq!(send(&opd, "005/2", "TOP_SECRET").await, duplicate(), "their own");
    for confidentiality in ["ORDINARY", "SECRET"] {
        send(&colleague, "005/2", confidentiality).await.expect("it tells them nothing");
    }
    let seen = opd.ask(READ, json!({ "number": secret })).await["request"].clone();
    let input = json!({ "requestId": seen["id"], "expectedVersion": seen["version"], "reason": "Keliru" });
    assert_eq!(opd.ask(WITHDRAW, json!({ "input": input })).await["withdrawRequest"]["userErrors"], json!([]));
    send(&opd, "005/2", "SECRET").await.expect("what was withdrawn is compared with nothing");
}
