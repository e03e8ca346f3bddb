//! Every branch of every SOP, over HTTP: the open actions are listed, and the least taken one is taken next, until every
//! outcome and every signer's decision was taken. No SOP is named here: a new one is data alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::acts::SUBMIT;
use crate::cast::{Cast, SINGKAWANG};
use crate::harness::{Folders, Person, Server};

const PROCEDURE: &str = "query($office: String!, $key: String!) { procedure(office: $office, key: $key) { \
    steps { key outcomes { key } signers { key } } detailsSchema } }";
const RESUBMIT: &str = "mutation($input: ResubmitRequestInput!) { resubmitRequest(input: $input) { \
    request { status } userErrors { code path message } } }";
const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { \
    request { status } userErrors { code path message } } }";
const SIGN: &str = "mutation($input: SignDocumentInput!) { signDocument(input: $input) { \
    document { id } userErrors { code path message } } }";
const OPEN: &str = "query($number: String!) { request(number: $number) { id version status reason availableActions { kind \
    step { key } document { id title kind { key } } outcomes { key note disposition asset secret \
    documents { kind { key } requirement } assetSchema } } documents { kind { key } title current } } }";

/// An action open to somebody now.
struct Move {
    /// The key by which taken actions are counted.
    name: String,
    who: usize,
    query: &'static str,
    payload: &'static str,
    input: Value,
}

/// A value from a JSON Schema's examples, with one property made unique.
pub(crate) fn example(schema: &Value, unique: usize) -> Value {
    let properties = schema["properties"].as_object().expect("an object's schema");
    let read_only = |property: &Value| property["readOnly"] == true;
    let value = |(name, property): (&String, &Value)| {
        let example = property["examples"][0].clone();
        let value = match (name.as_str(), example.as_str()) {
            ("username", _) => json!(format!("akun{unique}")),
            ("fqdn", Some(example)) => json!(format!("nama{unique}.{}", example.split_once('.').expect("a name").1)),
            ("address", Some(_)) => json!(format!("alamat{unique}@surel.example")),
            ("unitFrom" | "unitTo", _) => json!(unique),
            _ => example,
        };
        (name.clone(), value)
    };
    Value::Object(properties.iter().filter(|(_, property)| !read_only(property)).map(value).collect::<Map<_, _>>())
}

/// The least input of an open outcome.
fn input(request: &Value, step: &Value, outcome: &Value, unique: usize) -> Value {
    let mut input = json!({
        "requestId": request["id"], "expectedVersion": request["version"], "step": step["key"], "outcome": outcome["key"],
    });
    let wants = |what: &str| outcome[what] == "REQUIRED";
    if wants("note") {
        input["note"] = json!(format!("Catatan {unique}"));
    }
    if wants("disposition") {
        input["disposition"] = json!({ "instruction": "Tindak lanjuti" });
    }
    if wants("asset") {
        input["asset"] = json!({ "attributes": example(&outcome["assetSchema"], unique) });
        if wants("secret") {
            input["asset"]["secret"] = json!("rahasia-contoh");
        }
    }
    let mut documents = Vec::new();
    for document in outcome["documents"].as_array().expect("a list") {
        if document["requirement"] == "REQUIRED" {
            // One title for all: the sent document has the title of the signed one.
            documents.push(json!({ "kind": document["kind"]["key"], "title": "Judul", "number": format!("{unique}") }));
        }
    }
    input["documents"] = json!(documents);
    input
}

fn papers(letter: usize, details: &Value) -> Value {
    json!({
        "letter": { "number": format!("005/{letter}"), "date": "2026-01-05", "subject": "Permohonan" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
        "details": details,
    })
}

/// Each person's open actions on a request.
async fn moves(people: &[Person<'_>], number: &str, details: &Value, unique: usize) -> (String, Vec<Move>) {
    let mut moves = Vec::new();
    let mut status = String::new();
    for (who, person) in people.iter().enumerate() {
        let request = person.ask(OPEN, json!({ "number": number })).await["request"].clone();
        if request.is_null() {
            continue;
        }
        status = request["status"].as_str().expect("a status").to_owned();
        for action in request["availableActions"].as_array().expect("a list") {
            let step = action["step"]["key"].as_str().unwrap_or_default();
            match action["kind"].as_str() {
                Some("EXECUTE_STEP") => {
                    for outcome in action["outcomes"].as_array().expect("a list") {
                        let name = format!("{step}:{}", outcome["key"].as_str().expect("a key"));
                        let input = input(&request, &action["step"], outcome, unique);
                        moves.push(Move { name, who, query: EXECUTE, payload: "executeStep", input });
                    }
                }
                Some("RESUBMIT") => {
                    assert!(request["reason"].is_string(), "the submitter reads why: {request}");
                    let mut input = papers(1_000 + unique, details);
                    input["requestId"] = request["id"].clone();
                    input["expectedVersion"] = request["version"].clone();
                    let name = format!("{step}:resubmit");
                    moves.push(Move { name, who, query: RESUBMIT, payload: "resubmitRequest", input });
                }
                Some("SIGN_DOCUMENT") => {
                    for decision in ["SIGN", "REFUSE"] {
                        let note = (decision == "REFUSE").then_some("Perbaiki");
                        let input =
                            json!({ "documentId": action["document"]["id"], "decision": decision, "note": note });
                        let name = format!("{step} {decision}");
                        moves.push(Move { name, who, query: SIGN, payload: "signDocument", input });
                    }
                }
                _ => {}
            }
        }
    }
    (status, moves)
}

/// Takes every outcome and every decision of a procedure, in as many requests as it needs.
async fn every_branch(server: &Server, cast: Cast<'_>, office: &str, procedure: &str) {
    let mut people = Vec::new();
    for (name, ..) in cast {
        people.push(server.person(name).await);
    }
    let found = people[0].ask(PROCEDURE, json!({ "office": office, "key": procedure })).await["procedure"].clone();
    let details = example(&found["detailsSchema"], 1);
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for step in found["steps"].as_array().expect("a list").iter().skip(1) {
        let key = step["key"].as_str().expect("a key");
        for outcome in step["outcomes"].as_array().expect("a list") {
            taken.insert(format!("{key}:{}", outcome["key"].as_str().expect("a key")), 0);
        }
        if step["signers"] != json!([]) {
            taken.extend([(format!("{key} SIGN"), 0), (format!("{key} REFUSE"), 0)]);
        }
    }
    let mut unique = 0;
    for letter in 0..10 {
        let mut submission = papers(letter, &details);
        submission["office"] = json!(office);
        submission["procedure"] = json!(procedure);
        let answer = people[0].ask(SUBMIT, json!({ "input": submission })).await;
        let number =
            answer["submitRequest"]["request"]["number"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let mut ended = false;
        for _ in 0..80 {
            unique += 1;
            let (status, open) = moves(&people, &number, &details, unique).await;
            let Some(chosen) = open.into_iter().min_by_key(|found| taken.get(&found.name).copied().unwrap_or(0)) else {
                assert!(["COMPLETED", "REJECTED"].contains(&status.as_str()), "{number} is stuck, {status}");
                ended = true;
                break;
            };
            let answer = people[chosen.who].ask(chosen.query, json!({ "input": chosen.input })).await;
            let errors = &answer[chosen.payload]["userErrors"];
            assert_eq!(errors, &json!([]), "{number}: {} was said to be open", chosen.name);
            *taken.entry(chosen.name).or_default() += 1;
        }
        assert!(ended, "{number} goes round and round: {taken:#?}");
        if taken.values().all(|times| *times > 0) {
            assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
            return;
        }
    }
    panic!("not every branch was taken: {taken:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_branch_of_the_singkawang_sops() {
    let server = Server::with(SINGKAWANG);
    every_branch(&server, SINGKAWANG, "singkawang", "permohonan-cloud-service").await;
    every_branch(&server, SINGKAWANG, "singkawang", "permohonan-subdomain").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_branch_of_the_denpasar_sop() {
    let cast: Cast<'_> = &[
        ("opd", "denpasar", "opd", Some("bapenda")),
        ("kabid", "denpasar", "kabid-egovernment", None),
        ("kasi", "denpasar", "kasi-psk", None),
        ("kadis", "denpasar", "kepala-dinas", None),
    ];
    every_branch(&Server::with(cast), cast, "denpasar", "layanan-data-center").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_branch_of_the_documentations_sop() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::with_example(folder.path());
    let server = Server::of(SINGKAWANG, folders);
    // Of people there are only one office's.
    let said = server.run(&["check"]);
    assert!(
        said.contains("nothing to mend, 2 to look at")
            && said.contains("nobody manages")
            && said.contains("nobody holds a role in `denpasar`"),
        "{said}"
    );
    every_branch(&server, SINGKAWANG, "singkawang", "permohonan-surel").await;
    let opd = server.person("opd").await;
    let assets = opd.ask("{ assets { nodes { __typename kind status } } }", json!({})).await["assets"].clone();
    assert_eq!(assets["nodes"][0], json!({ "__typename": "GenericAsset", "kind": "Mailbox", "status": "ACTIVE" }));
}
