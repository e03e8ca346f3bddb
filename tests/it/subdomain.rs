//! Permohonan Subdomain (000.8.3.3/11/AI-A/2023), from the letter to the name in service.

use serde_json::{Value, json};

use crate::acts::{SUBMIT, Subdomain, cloud_way, dispose, play, sheet, subdomain, user_error_code};
use crate::cast::{Cast, KABID, KADIS, OPD, OTHER, SUBKOR, SYSTEM, TU};
use crate::harness::Server;

const CAST: Cast<'static> = &[OPD, OTHER, TU, KADIS, KABID, SUBKOR, SYSTEM];

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_the_whole_way() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let (opd, tu, kadis, subkor) = (&people["opd"], &people["tu"], &people["kadis"], &people["subkor"]);
    let number = opd.submit(Subdomain::letter("005/1").key("a")).await.number;
    let number = number.as_str();
    assert!(number.starts_with("SKW/SUBDOMAIN/") && number.ends_with("/0001"), "{number}");
    let again = opd.submit(Subdomain::letter("005/1").key("a")).await;
    assert_eq!(again.number, number, "the same key acts once");
    assert_eq!(people["other"].see(number).await, Value::Null, "another agency");
    assert_eq!(people["kabid"].see(number).await, Value::Null, "not reached yet");

    let in_progress = || Ok("IN_PROGRESS".to_owned());
    let refused = |code: &str| Err(vec![code.to_owned()]);
    assert_eq!(tu.execute(number, "2", "forward", json!({})).await, refused("MISSING_RECORD"));
    assert_eq!(tu.execute(number, "2", "forward", sheet()).await, in_progress());
    assert_eq!(kadis.execute(number, "3", "dispose", dispose()).await, in_progress());
    let reject = people["kabid"].execute(number, "4", "reject", json!({ "note": "x" })).await;
    assert_eq!(reject, refused("OUTCOME_NOT_AVAILABLE"), "possible only once the request came back");
    play(&people, number, &cloud_way("")[2..4]).await;
    let foreign = people["system"].execute(number, "6", "provision", subdomain("dinkes.example.org")).await;
    assert_eq!(foreign, refused("INVALID_INPUT"));
    let name = subdomain("dinkes.singkawangkota.go.id");
    assert_eq!(people["system"].execute(number, "6", "provision", name).await, in_progress());

    let draft = json!({ "documents": [{ "kind": "draft-surat-balasan", "title": "Balasan" }] });
    let reply = json!({ "kind": "surat-balasan", "title": "Balasan", "number": "005/99", "date": "2026-01-06" });
    let send = json!({ "documents": [reply] });
    assert_eq!(subkor.execute(number, "7", "draft", draft.clone()).await, in_progress());
    assert_eq!(tu.execute(number, "8", "send", send.clone()).await, refused("SIGNATURE_MISSING"));
    let refuse = json!({ "decision": "REFUSE", "note": "Nomor salah" });
    assert_eq!(kadis.sign(number, "draft-surat-balasan", refuse).await, "");
    assert_eq!(tu.execute(number, "8", "revise", json!({ "note": "Nomor salah" })).await, in_progress());
    assert_eq!(subkor.execute(number, "7", "draft", draft).await, in_progress());
    assert_eq!(tu.execute(number, "8", "revise", json!({})).await, refused("OUTCOME_NOT_AVAILABLE"));
    let sign = json!({ "decision": "SIGN" });
    assert_eq!(kadis.sign(number, "draft-surat-balasan", sign.clone()).await, "");
    assert_eq!(kadis.sign(number, "draft-surat-balasan", sign).await, "ALREADY_SIGNED");
    assert_eq!(tu.execute(number, "8", "send", send).await.as_deref(), Ok("COMPLETED"));

    let seen = opd.see(number).await;
    assert_eq!(seen["assets"][0]["status"], "ACTIVE");
    assert_eq!(seen["assets"][0]["name"], "dinkes.singkawangkota.go.id");
    assert_eq!(seen["dispositions"], Value::Null, "visible to the office only");
    let documents = seen["documents"].as_array().expect("a list");
    assert_eq!(documents.len(), 1, "only the reply is the applicant's: {documents:#?}");
    assert_eq!(documents[0]["signatures"], json!([{ "decision": "SIGN" }]), "the draft's signature is the reply's");
    let office = tu.see(number).await;
    let events = office["events"]["nodes"].as_array().expect("a list").iter();
    let sequences: Vec<i64> = events.filter_map(|event| event["sequence"].as_i64()).collect();
    let all = i64::try_from(sequences.len()).expect("few");
    assert_eq!(sequences, (1..=all).collect::<Vec<_>>(), "no gap for the office");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_submission_are_reported_together() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let mut wrong = Value::from(Subdomain::letter("005/2"));
    wrong["details"] = json!({ "label": "WWW", "colour": "red" });
    wrong["letter"]["subject"] = json!(" ");
    let errors = opd.try_submit(wrong).await["userErrors"].take();
    for path in [
        json!(["letter", "subject"]),
        json!(["details", "label"]),
        json!(["details", "target"]),
        json!(["details", "purpose"]),
        json!(["details", "colour"]),
    ] {
        assert!(errors.as_array().expect("a list").iter().any(|error| error["path"] == path), "{path} in {errors}");
    }
    let variables = json!({ "input": Value::from(Subdomain::letter("005/3")) });
    assert_eq!(tu.refusal(SUBMIT, variables).await, "FORBIDDEN");
    opd.submit(Subdomain::letter("005/4").key("one")).await;
    let same_letter = opd.try_submit(Subdomain::letter("005/4").key("another")).await;
    assert_eq!(user_error_code(&same_letter), "DUPLICATE_LETTER");
}
