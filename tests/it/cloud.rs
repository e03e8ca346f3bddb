//! Permohonan Cloud Service (000.8.3.3/13/AI-A/2023): returned, completed, corrected, delivered with its credential.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::acts::{Cloud, SECRET, account, cloud_way, play, report, user_error_code};
use crate::cast::{And, CLOUD, COLLEAGUE, Cast, KABID, KADIS, OPD, SINGKAWANG, SUBKOR, TU};
use crate::database;
use crate::harness::{PASSWORD, People, Person, Server, with};

const CAST: Cast<'static> = &[OPD, COLLEAGUE, TU, KADIS, KABID, SUBKOR, CLOUD];

/// Returns a request to its agency.
async fn send_back(people: &People<'_>, number: &str) {
    play(people, number, &cloud_way("dinkes")[..3]).await;
    let note = json!({ "note": "x" });
    play(people, number, &[("subkor", "5", "no", note.clone()), ("kabid", "4", "return", note)]).await;
}

/// Completes a returned request.
async fn complete(person: &Person<'_>, number: &str, confidentiality: &str) -> String {
    let seen = person.see(number).await;
    let letter = Cloud::letter(format!("{number} a")).confidentiality(confidentiality);
    person.refused("resubmitRequest", letter.completing(&seen)).await
}

/// Reveals a credential. Returns the secret, or the code of the user error.
async fn reveal(person: &Person<'_>, asset: &Value, key: &str) -> Result<String, String> {
    let input = json!({ "assetId": asset, "idempotencyKey": key });
    let payload = person.try_act("revealCredential", "username secret", input).await;
    payload["secret"].as_str().map(str::to_owned).ok_or_else(|| user_error_code(&payload).to_owned())
}

async fn asset(person: &Person<'_>, number: &str) -> Value {
    person.see(number).await["assets"][0]["id"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_returned_completed_corrected_and_delivered_once() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let (opd, subkor, cloud) = (&people["opd"], &people["subkor"], &people["cloud"]);
    let number = opd.submit(Cloud::letter("005/1")).await.number;
    play(&people, &number, &cloud_way("dinkes")[..3]).await;
    subkor.execute(&number, "5", "no", json!({ "note": "NIP kurang" })).await.expect("not complete");
    let returned = people["kabid"].execute(&number, "4", "return", json!({ "note": "Lengkapi data" })).await;
    assert_eq!(returned.as_deref(), Ok("RETURNED"));
    let seen = opd.see(&number).await;
    assert_eq!(seen["reason"], "Lengkapi data");
    assert!(!seen.to_string().contains("NIP kurang"), "the office's own note: {seen:#}");
    assert_eq!(
        (&seen["availableActions"][0]["kind"], &seen["availableActions"][1]["kind"]),
        (&json!("RESUBMIT"), &json!("WITHDRAW"))
    );
    assert_eq!(seen["availableActions"].as_array().map(Vec::len), Some(2));
    let completed = Cloud::letter("005/1a").completing(&seen);
    let stale = with(completed.clone(), json!({ "expectedVersion": 1 }));
    assert_eq!(opd.refused("resubmitRequest", stale).await, "STALE_VERSION");
    let done = opd.act("resubmitRequest", "request { status reason }", completed).await;
    assert_eq!(done["request"], json!({ "status": "IN_PROGRESS", "reason": null }));
    play(&people, &number, &cloud_way("dinkes")[..4]).await;
    cloud.execute(&number, "6", "provision", account("dinkes", 10)).await.expect("made");
    subkor.execute(&number, "7", "no", json!({ "note": "Kuota salah" })).await.expect("not right");
    assert_eq!(opd.see(&number).await["assets"], json!([]), "not delivered yet");
    // The same account, corrected.
    play(&people, &number, &cloud_way("dinkes")[4..6]).await;
    assert_eq!(subkor.execute(&number, "8", "confirm", report()).await.as_deref(), Ok("COMPLETED"));

    let asset = asset(opd, &number).await;
    let key = json!({ "assetId": asset, "idempotencyKey": "x" });
    assert_eq!(subkor.refused("revealCredential", key.clone()).await, "FORBIDDEN");
    assert_eq!(people["colleague"].refused("revealCredential", key).await, "NOT_FOUND");
    for _ in 0..2 {
        let one = json!({ "assetId": asset, "idempotencyKey": "one" });
        let shown = opd.act("revealCredential", "username secret", one).await;
        assert_eq!(shown["secret"], SECRET, "the same key shows it again");
        assert_eq!(shown["username"], "dinkes");
    }
    assert_eq!(reveal(opd, &asset, "two").await, Err("ALREADY_REVEALED".to_owned()));
    let new = json!({ "assetId": asset, "secret": "rahasia-baru-1" });
    let reissued = cloud.act("reissueCredential", "asset { credential { state } }", new).await;
    assert_eq!(reissued["asset"]["credential"]["state"], "AVAILABLE", "{reissued}");
    assert_eq!(reveal(opd, &asset, "three").await.as_deref(), Ok("rahasia-baru-1"));
    let revoke = json!({ "assetId": asset, "reason": "Tidak dipakai" });
    assert_eq!(cloud.act("revokeAsset", "asset { status }", revoke).await["asset"]["status"], "REVOKED");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
    assert!(!server.holds(SECRET), "the data folder holds the secret in the clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_rejected_or_withdrawn_and_a_taken_name_is_refused() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let opd = &people["opd"];
    let rejected = opd.submit(Cloud::letter("005/1")).await.number;
    play(&people, &rejected, &cloud_way("dinkes")[..3]).await;
    let answer = json!({ "note": "Di luar layanan", "documents": [{ "kind": "surat-balasan", "title": "Penolakan" }] });
    people["subkor"].execute(&rejected, "5", "no", json!({ "note": "Tidak sesuai" })).await.expect("no");
    assert_eq!(people["kabid"].execute(&rejected, "4", "reject", answer).await.as_deref(), Ok("REJECTED"));
    let seen = opd.see(&rejected).await;
    assert_eq!(seen["reason"], "Di luar layanan");
    assert_eq!(seen["documents"].as_array().map(Vec::len), Some(1), "the reply is the applicant's");

    let withdrawn = opd.submit(Cloud::letter("005/2")).await;
    assert!(withdrawn.number.ends_with("/0002"), "{}", withdrawn.number);
    let input = json!({ "requestId": withdrawn.id, "reason": "Tidak perlu lagi", "expectedVersion": 1 });
    let answer = opd.act("withdrawRequest", "request { status }", input).await;
    assert_eq!(answer["request"]["status"], "WITHDRAWN");

    for (letter, outcome) in [("005/3", Ok("IN_PROGRESS".to_owned())), ("005/4", Err(vec!["NAME_TAKEN".to_owned()]))] {
        let number = opd.submit(Cloud::letter(letter)).await.number;
        play(&people, &number, &cloud_way("dinkes")[..4]).await;
        assert_eq!(people["cloud"].execute(&number, "6", "provision", account("dinkes", 1)).await, outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_revealed_to_its_recipient_for_ten_minutes() {
    let server = Server::with_clock(CAST);
    let people = server.everybody(CAST).await;
    let (opd, colleague, subkor, cloud) = (&people["opd"], &people["colleague"], &people["subkor"], &people["cloud"]);
    let number = opd.submit(Cloud::default()).await.number;
    play(&people, &number, &cloud_way("dinkes")[..6]).await;
    let id = async |person: &Person<'_>| {
        person.ask("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].take()
    };
    let to = async |person: &Person<'_>| with(report(), json!({ "recipientId": id(person).await }));
    let refused = subkor.execute(&number, "8", "confirm", to(&people["tu"]).await).await;
    assert_eq!(refused, Err(vec!["INVALID_INPUT".to_owned()]), "a recipient of another agency");
    let recipients =
        "query($number: String!) { request(number: $number) { availableActions { kind recipients { name } } } }";
    let listed = subkor.ask(recipients, json!({ "number": number })).await["request"]["availableActions"][0].take();
    assert_eq!(listed["recipients"], json!([{ "name": "colleague" }, { "name": "opd" }]));
    subkor.execute(&number, "8", "confirm", to(colleague).await).await.expect("delivered");

    let asset = asset(cloud, &number).await;
    let first = json!({ "assetId": asset, "idempotencyKey": "x" });
    assert_eq!(opd.refused("revealCredential", first).await, "FORBIDDEN", "the submitter is not the recipient");
    let inbox = "{ viewer { inbox { totalCount nodes { number } } } }";
    assert_eq!(colleague.ask(inbox, json!({})).await["viewer"]["inbox"]["nodes"][0]["number"], number.as_str());
    assert_eq!(opd.ask(inbox, json!({})).await["viewer"]["inbox"]["totalCount"], 0);
    assert_eq!(reveal(colleague, &asset, "one").await.as_deref(), Ok(SECRET));
    assert_eq!(reveal(colleague, &asset, "one").await.as_deref(), Ok(SECRET));
    let input = json!({ "assetId": asset, "secret": "rahasia-baru-2", "recipientId": id(opd).await });
    let reissued = cloud.act("reissueCredential", "asset { credential { state } }", input).await;
    assert_eq!(reissued["asset"]["credential"]["state"], "AVAILABLE", "{reissued}");
    assert_eq!(reveal(colleague, &asset, "one").await, Err("NOT_FOUND".to_owned()), "it has another recipient");
    assert_eq!(reveal(opd, &asset, "two").await.as_deref(), Ok("rahasia-baru-2"));
    server.advance(TimeDelta::minutes(9));
    assert_eq!(reveal(opd, &asset, "two").await.as_deref(), Ok("rahasia-baru-2"), "within ten minutes");
    server.advance(TimeDelta::minutes(2));
    assert_eq!(reveal(opd, &asset, "two").await, Err("ALREADY_REVEALED".to_owned()), "ten minutes are over");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_letters_are_free_again_after_the_end() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let (opd, cloud) = (&people["opd"], &people["cloud"]);
    let number = opd.submit(Cloud::letter("005/1")).await.number;
    play(&people, &number, &cloud_way("dinkes")).await;
    let asset = asset(cloud, &number).await;
    let revoke = json!({ "assetId": asset, "reason": "Tidak dipakai" });
    assert_eq!(cloud.act("revokeAsset", "asset { status }", revoke.clone()).await["asset"]["status"], "REVOKED");
    assert_eq!(cloud.refused("revokeAsset", revoke).await, "ASSET_NOT_ACTIVE");
    assert_eq!(reveal(opd, &asset, "late").await, Err("CREDENTIAL_NOT_AVAILABLE".to_owned()), "revoked with its asset");
    let number = opd.submit(Cloud::letter("005/2")).await.number;
    play(&people, &number, &cloud_way("dinkes")).await;

    for round in 0..2 {
        let request = opd.submit(Cloud::letter("005/3")).await;
        assert_eq!(user_error_code(&opd.try_submit(Cloud::letter("005/3")).await), "DUPLICATE_LETTER");
        if round == 0 {
            let input = json!({ "requestId": request.id, "reason": "Batal", "expectedVersion": 1 });
            opd.act("withdrawRequest", "", input).await;
        } else {
            play(&people, &request.number, &cloud_way("dinkes")[..3]).await;
            let no = json!({ "note": "x", "documents": [{ "kind": "surat-balasan", "title": "Penolakan" }] });
            let rejection = [("subkor", "5", "no", json!({ "note": "x" })), ("kabid", "4", "reject", no)];
            play(&people, &request.number, &rejection).await;
        }
    }
    opd.submit(Cloud::letter("005/3")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_person_is_out_at_once_and_their_requests_go_on() {
    let cast = CAST.and(&[crate::cast::ADMIN]);
    let server = Server::with(&cast);
    let people = server.everybody(&cast).await;
    let (opd, colleague) = (&people["opd"], &people["colleague"]);
    let number = opd.submit(Cloud::default()).await.number;
    send_back(&people, &number).await;
    assert_eq!(colleague.see(&number).await, Value::Null);
    let user = opd.ask("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].take();
    people["admin"].act("deactivateUser", "", json!({ "office": "singkawang", "userId": user })).await;
    assert_eq!(opd.refusal(crate::harness::READ, json!({ "number": number })).await, "UNAUTHENTICATED", "at once");
    // Anybody of the agency with the right to submit completes it.
    let seen = colleague.see(&number).await;
    let completed = Cloud::letter("005/1a").key("again").completing(&seen);
    for _ in 0..2 {
        let done = colleague.act("resubmitRequest", "request { status }", completed.clone()).await;
        assert_eq!(done["request"]["status"], "IN_PROGRESS", "{done}");
    }
    assert!(server.holds("$argon2id$v=19$m=19456,t=2,p=1$"), "passwords are stored as argon2id only");
    assert!(!server.holds(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_request_passes_to_the_agencys_other_submitters() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let (opd, colleague) = (&people["opd"], &people["colleague"]);
    let ordinary = opd.submit(Cloud::letter("005/1")).await.number;
    let secret = opd.submit(Cloud::letter("005/2").confidentiality("SECRET")).await.number;
    for number in [&ordinary, &secret] {
        send_back(&people, number).await;
    }
    assert!(!server.run(&["check"]).contains(&secret), "the submitter may complete it");
    // The submitter is their agency's head now, a role without submissions.
    let database = database::open(&server.path()).await;
    let promoted =
        "UPDATE grants SET role = 'pimpinan-opd' WHERE user_id = (SELECT id FROM users WHERE username = 'opd')";
    database.execute_unprepared(promoted).await.expect("changed");
    assert_eq!(complete(opd, &ordinary, "ORDINARY").await, "FORBIDDEN");
    let inbox = "{ viewer { inbox { nodes { number availableActions { kind } } } } }";
    let waiting = json!([{ "number": ordinary, "availableActions": [{ "kind": "RESUBMIT" }, { "kind": "WITHDRAW" }] }]);
    assert_eq!(colleague.ask(inbox, json!({})).await["viewer"]["inbox"]["nodes"], waiting);
    assert_eq!(opd.ask(inbox, json!({})).await["viewer"]["inbox"]["nodes"], json!([]));
    // A secret request has no other submitter; `check` reports it with the remedy.
    assert_eq!(colleague.see(&secret).await, Value::Null);
    let said = server.run(&["check"]);
    let named = format!("request `{secret}` was returned to `opd`, who may not submit for `dinkes` now");
    assert!(said.contains(&named) && !said.contains(&ordinary), "{said}");
    assert!(said.contains("disposisi grant opd --office singkawang --role opd --agency dinkes"), "{said}");
    // A colleague may not make it invisible to themselves.
    assert_eq!(complete(colleague, &ordinary, "SECRET").await, "INVALID_INPUT");
    assert_eq!(complete(colleague, &ordinary, "RESTRICTED").await, "");
    server.run(&["grant", "opd", "--office", "singkawang", "--role", "opd", "--agency", "dinkes"]);
    assert!(!server.run(&["check"]).contains(&secret));
    assert_eq!(complete(opd, &secret, "SECRET").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_reveal_a_secret_letter() {
    let server = Server::with(&SINGKAWANG.and(&[COLLEAGUE]));
    let (opd, colleague) = (server.person("opd").await, server.person("colleague").await);
    let send = async |person: &Person<'_>, letter: &str, confidentiality: &str| {
        let payload = person.try_submit(Cloud::letter(letter).confidentiality(confidentiality)).await;
        user_error_code(&payload).to_owned()
    };
    assert_eq!(send(&opd, "005/1", "ORDINARY").await, "", "the first");
    assert_eq!(send(&colleague, "005/1", "RESTRICTED").await, "DUPLICATE_LETTER", "a colleague's");
    let secret = opd.submit(Cloud::letter("005/2").confidentiality("SECRET")).await;
    assert_eq!(send(&opd, "005/2", "TOP_SECRET").await, "DUPLICATE_LETTER", "their own");
    for confidentiality in ["ORDINARY", "SECRET"] {
        assert_eq!(send(&colleague, "005/2", confidentiality).await, "", "a secret letter is not compared");
    }
    let input = json!({ "requestId": secret.id, "expectedVersion": 1, "reason": "Keliru" });
    opd.act("withdrawRequest", "", input).await;
    assert_eq!(send(&opd, "005/2", "SECRET").await, "", "a withdrawn letter is not compared");
}
