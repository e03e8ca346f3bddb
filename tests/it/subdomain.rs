//! Permohonan Subdomain (000.8.3.3/11/AI-A/2023), from the letter to the name in service.

use serde_json::{Value, json};

use crate::acts::SUBMIT;
use crate::cast::{KABID, KADIS, OPD, SUBKOR, SYSTEM, TU};
use crate::harness::{READ, Server};

const OFFICE: &str = "singkawang";

fn server() -> Server {
    Server::with(&[OPD, ("other", OFFICE, "opd", Some("disdik")), TU, KADIS, KABID, SUBKOR, SYSTEM])
}

fn submission(letter: &str) -> Value {
    json!({ "input": {
        "office": OFFICE, "procedure": "permohonan-subdomain",
        "letter": { "number": letter, "date": "2026-01-05", "subject": "Permohonan subdomain" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@dinkes.example" },
        "details": { "label": "dinkes", "target": "192.0.2.7", "purpose": "Situs dinas" },
        "idempotencyKey": letter,
    } })
}

const SIGN: &str = "mutation($input: SignDocumentInput!) { signDocument(input: $input) { document { id } \
    userErrors { code } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_the_whole_way() {
    let server = server();
    let opd = server.person("opd").await;
    let submitted = opd.ask(SUBMIT, submission("005/1")).await;
    let number = submitted["submitRequest"]["request"]["number"].as_str().expect("a number").to_owned();
    assert!(number.starts_with("SKW/SUBDOMAIN/") && number.ends_with("/0001"), "{number}");
    let again = opd.ask(SUBMIT, submission("005/1")).await;
    assert_eq!(again["submitRequest"]["request"]["number"], number.as_str(), "the same key acts once");
    let number = number.as_str();

    let (tu, kadis) = (server.person("tu").await, server.person("kadis").await);
    let (kabid, subkor) = (server.person("kabid").await, server.person("subkor").await);
    let (system, other) = (server.person("system").await, server.person("other").await);
    assert_eq!(other.ask(READ, json!({ "number": number })).await["request"], Value::Null, "another agency");
    assert_eq!(kabid.ask(READ, json!({ "number": number })).await["request"], Value::Null, "not reached yet");

    let sheet = json!({ "documents": [{ "kind": "lembar-disposisi", "title": "Lembar disposisi", "number": "12" }] });
    assert_eq!(tu.execute(number, "2", "forward", json!({})).await, Err(vec!["MISSING_RECORD".to_owned()]));
    assert_eq!(tu.execute(number, "2", "forward", sheet).await.as_deref(), Ok("IN_PROGRESS"));
    let disposition = json!({ "disposition": { "instruction": "Tindak lanjuti" } });
    assert_eq!(kadis.execute(number, "3", "dispose", disposition.clone()).await.as_deref(), Ok("IN_PROGRESS"));
    assert_eq!(
        kabid.execute(number, "4", "reject", json!({ "note": "x" })).await,
        Err(vec!["OUTCOME_NOT_AVAILABLE".to_owned()]),
        "open only when the request came back"
    );
    assert_eq!(kabid.execute(number, "4", "dispose", disposition).await.as_deref(), Ok("IN_PROGRESS"));
    assert_eq!(subkor.execute(number, "5", "yes", json!({})).await.as_deref(), Ok("IN_PROGRESS"));
    let foreign = json!({ "asset": { "attributes": { "fqdn": "dinkes.example.org", "recordType": "A", "target": "192.0.2.7" } } });
    assert_eq!(system.execute(number, "6", "provision", foreign).await, Err(vec!["INVALID_INPUT".to_owned()]));
    let name = json!({ "asset": { "attributes": {
        "fqdn": "dinkes.singkawangkota.go.id", "recordType": "A", "target": "192.0.2.7",
    } } });
    assert_eq!(system.execute(number, "6", "provision", name).await.as_deref(), Ok("IN_PROGRESS"));

    let draft = json!({ "documents": [{ "kind": "draft-surat-balasan", "title": "Balasan" }] });
    assert_eq!(subkor.execute(number, "7", "draft", draft.clone()).await.as_deref(), Ok("IN_PROGRESS"));
    let send = json!({ "documents": [{ "kind": "surat-balasan", "title": "Balasan", "number": "005/99", "date": "2026-01-06" }] });
    assert_eq!(tu.execute(number, "8", "send", send.clone()).await, Err(vec!["SIGNATURE_MISSING".to_owned()]));
    let refuse = sign(&kadis, number, json!({ "decision": "REFUSE", "note": "Nomor salah" })).await;
    assert_eq!(refuse["signDocument"]["userErrors"], json!([]));
    assert_eq!(tu.execute(number, "8", "revise", json!({ "note": "Nomor salah" })).await.as_deref(), Ok("IN_PROGRESS"));
    assert_eq!(subkor.execute(number, "7", "draft", draft).await.as_deref(), Ok("IN_PROGRESS"));
    assert_eq!(tu.execute(number, "8", "revise", json!({})).await, Err(vec!["OUTCOME_NOT_AVAILABLE".to_owned()]));
    let signed = sign(&kadis, number, json!({ "decision": "SIGN" })).await;
    assert_eq!(signed["signDocument"]["userErrors"], json!([]));
    let twice = sign(&kadis, number, json!({ "decision": "SIGN" })).await;
    assert_eq!(twice["signDocument"]["userErrors"][0]["code"], "ALREADY_SIGNED");
    assert_eq!(tu.execute(number, "8", "send", send).await.as_deref(), Ok("COMPLETED"));

    let seen = opd.ask(READ, json!({ "number": number })).await["request"].clone();
    assert_eq!(seen["assets"][0]["status"], "ACTIVE");
    assert_eq!(seen["assets"][0]["name"], "dinkes.singkawangkota.go.id");
    assert_eq!(seen["dispositions"], Value::Null, "the office's own business");
    let documents = seen["documents"].as_array().expect("a list");
    assert_eq!(documents.len(), 1, "only the reply is the applicant's: {documents:#?}");
    assert_eq!(documents[0]["signatures"], json!([{ "decision": "SIGN" }]), "the draft's signature is the reply's");
    let office = tu.ask(READ, json!({ "number": number })).await["request"].clone();
    let sequences: Vec<i64> = office["events"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|event| event["sequence"].as_i64())
        .collect();
    assert_eq!(sequences, (1..=i64::try_from(sequences.len()).unwrap()).collect::<Vec<_>>(), "no gap for the office");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

/// Decides on the document that waits for the signer.
async fn sign(signer: &crate::harness::Person<'_>, number: &str, decision: Value) -> Value {
    let seen = signer.ask(READ, json!({ "number": number })).await;
    let documents = seen["request"]["documents"].as_array().expect("a list").clone();
    let draft = documents
        .iter()
        .find(|document| document["kind"]["key"] == "draft-surat-balasan" && document["current"] == true);
    let mut input = json!({ "documentId": draft.expect("a draft")["id"] });
    input.as_object_mut().expect("an object").extend(decision.as_object().expect("an object").clone());
    signer.ask(SIGN, json!({ "input": input })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_submission_are_reported_together() {
    let server = server();
    let opd = server.person("opd").await;
    let mut wrong = submission("005/2");
    wrong["input"]["details"] = json!({ "label": "WWW", "colour": "red" });
    wrong["input"]["letter"]["subject"] = json!(" ");
    let answer = opd.ask(SUBMIT, wrong).await;
    let errors = answer["submitRequest"]["userErrors"].as_array().expect("a list").clone();
    let paths: Vec<String> = errors
        .iter()
        .map(|error| {
            error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
        })
        .collect();
    for path in ["letter.subject", "details.label", "details.target", "details.purpose", "details.colour"] {
        assert!(paths.contains(&path.to_owned()), "{path} in {paths:?}");
    }
    let tu = server.person("tu").await;
    assert_eq!(tu.refusal(SUBMIT, submission("005/3")).await, "FORBIDDEN");
    let duplicate = opd.ask(SUBMIT, submission("005/4")).await;
    assert_eq!(duplicate["submitRequest"]["userErrors"], json!([]));
    let mut same_letter = submission("005/4");
    same_letter["input"]["idempotencyKey"] = json!("another");
    let answer = opd.ask(SUBMIT, same_letter).await;
    assert_eq!(answer["submitRequest"]["userErrors"][0]["code"], "DUPLICATE_LETTER");
}
