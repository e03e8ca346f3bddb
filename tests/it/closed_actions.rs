//! Closed actions: later actions of a person, and the reasons why not now. `matrix` compares them at every state of every
//! shipped SOP; here are people, the conditions of a policy, and the opening once an obstacle is gone.

use std::collections::{BTreeMap, BTreeSet};

use disposisi::procedure::Procedure;
use disposisi::workflow::{SignatureStatus, State};
use serde_json::{Value, json};

use crate::acts::{mutation, sheet};
use crate::explain::{self, CAST};
use crate::harness::{Person, with};

/// The selection of a closed action.
pub(crate) const CLOSED: &str = "closedActions { kind step { key } reasons message \
    awaited { step { key } roles { key name } people { name } } \
    needs { records { key name } signatures { document { key name } roles { key } } } }";

/// A door: an action and its step.
pub(crate) type Door = (String, Option<String>);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap_or_else(|| panic!("{value}")).iter().map(text).collect()
}

/// The doors of a list of actions, each with its entry.
pub(crate) fn doors(actions: &Value) -> BTreeMap<Door, Value> {
    let mut found = BTreeMap::new();
    for action in actions.as_array().into_iter().flatten() {
        let door = (text(&action["kind"]), action["step"]["key"].as_str().map(str::to_owned));
        assert!(found.insert(door, action.clone()).is_none(), "twice: {actions}");
    }
    found
}

/// The codes of an act's refusal, by reason.
fn codes(reason: &str) -> &'static [&'static str] {
    match reason {
        "ENDED" => &["REQUEST_ENDED", "ASSET_NOT_ACTIVE", "CREDENTIAL_NOT_AVAILABLE", "NOT_FOUND"],
        "SEPARATION_OF_DUTIES" | "ACTING_CAPACITY" | "NOT_THE_SUBMITTER" | "NOT_THE_RECIPIENT" => &["FORBIDDEN"],
        "RETURNED" => &["STEP_NOT_CURRENT"],
        "NOT_RETURNED" | "PROVISIONED" => &["OUTCOME_NOT_AVAILABLE"],
        // A missing document has no id to sign by.
        "NOT_ITS_TURN" => &["STEP_NOT_CURRENT", "NOT_FOUND"],
        "SIGNATURE_MISSING" => &["SIGNATURE_MISSING", "OUTCOME_NOT_AVAILABLE"],
        "RECORD_MISSING" => &["MISSING_RECORD", "NOT_FOUND"],
        "ALREADY_SIGNED" => &["ALREADY_SIGNED"],
        "NOT_IN_SERVICE" => &["ASSET_NOT_ACTIVE", "CREDENTIAL_NOT_AVAILABLE", "NOT_FOUND"],
        "NO_CREDENTIAL" => &["CREDENTIAL_NOT_AVAILABLE"],
        "ALREADY_REVEALED" => &["ALREADY_REVEALED"],
        other => panic!("say by which code {other} is refused"),
    }
}

/// Compares a closed door with the codes of the refused attempt, and with the state.
pub(crate) fn fits(procedure: &Procedure, state: &State, is_office: bool, told: &Value, refused: &[String]) {
    let reasons = texts(&told["reasons"]);
    let fitting: BTreeSet<&str> = reasons.iter().flat_map(|reason| codes(reason)).copied().collect();
    for code in refused {
        assert!(fitting.contains(code.as_str()), "{code}: {told:#}");
    }
    assert!(!reasons.is_empty() && !text(&told["message"]).is_empty(), "{told:#}");
    let needs = &told["needs"];
    let (records, signatures) = (&needs["records"], &needs["signatures"]);
    assert_eq!(reasons.contains("RECORD_MISSING"), *records != json!([]), "{told:#}");
    for record in records.as_array().expect("a list") {
        let key = text(&record["key"]);
        assert_eq!(record["name"], procedure.records[&key].name.as_str(), "{told:#}");
        assert!(!state.has(procedure, &key), "{key} is there: {told:#}");
    }
    for needed in signatures.as_array().expect("a list") {
        let key = text(&needed["document"]["key"]);
        assert!(
            !matches!(state.signature_status(&key), Some(SignatureStatus::Signed | SignatureStatus::Refused)),
            "{told:#}"
        );
        assert!(reasons.contains("SIGNATURE_MISSING") && needed["roles"] != json!([]), "{told:#}");
    }
    if !is_office {
        let within = ["SIGNATURE_MISSING", "RECORD_MISSING", "ALREADY_SIGNED"];
        assert!(within.iter().all(|reason| !reasons.contains(*reason)), "the office's own: {told:#}");
    }
    if let Some(step) = told["awaited"]["step"]["key"].as_str() {
        let under_way = state.at.as_ref().map(|at| at.step.as_str()) == Some(step);
        assert!(under_way || reasons.contains("SEPARATION_OF_DUTIES") || reasons.contains("ACTING_CAPACITY"), "{told}");
    }
}

/// By person: the open doors, and the closed ones.
type Doors = BTreeMap<&'static str, [BTreeMap<Door, Value>; 2]>;

/// Everybody's open and closed doors of a request as it is now.
async fn of_everybody(people: &BTreeMap<&'static str, Person<'_>>, number: &str) -> Doors {
    let query = format!(
        "query($number: String!) {{ request(number: $number) {{ submittedBy {{ name }} \
         assets {{ ... on CloudAccount {{ credential {{ recipient {{ name }} }} }} }} \
         availableActions {{ kind step {{ key }} }} {CLOSED} }} }}"
    );
    let mut found = BTreeMap::new();
    for (name, person) in people {
        let request = person.ask(&query, json!({ "number": number })).await["request"].clone();
        let (open, closed) = (doors(&request["availableActions"]), doors(&request["closedActions"]));
        assert!(closed.keys().all(|door| !open.contains_key(door)), "{name}: {request:#}");
        // No name is readable here that is not readable elsewhere.
        let elsewhere = [&request["submittedBy"]["name"], &request["assets"][0]["credential"]["recipient"]["name"]];
        for told in closed.values() {
            for awaited in told["awaited"]["people"].as_array().into_iter().flatten() {
                assert!(elsewhere.contains(&&awaited["name"]), "{name}: {told:#}");
            }
        }
        found.insert(*name, [open, closed]);
    }
    found
}

/// The reasons by which a door is closed to somebody; none if it is not.
fn reasons(of: &Doors, name: &str, kind: &str, step: &str) -> Vec<String> {
    let step = (!step.is_empty()).then(|| step.to_owned());
    let told = of[name][1].get(&(kind.to_owned(), step));
    told.map(|told| told["reasons"].as_array().expect("a list").iter().map(text).collect()).unwrap_or_default()
}

fn is_open(of: &Doors, name: &str, kind: &str, step: &str) -> bool {
    of[name][0].contains_key(&(kind.to_owned(), (!step.is_empty()).then(|| step.to_owned())))
}

async fn credential(person: &Person<'_>, number: &str, mutation: &str, more: Value) -> Value {
    let query = "query($number: String!) { request(number: $number) { assets { id } } }";
    let asset = person.ask(query, json!({ "number": number })).await["request"]["assets"][0]["id"].clone();
    let input = with(json!({ "assetId": asset }), more);
    person.answer(&self::mutation(mutation, ""), json!({ "input": input })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_action_opens_when_its_obstacle_is_gone() {
    let home = tempfile::tempdir().expect("a folder");
    let server = explain::server(home.path());
    let people = server.everybody(CAST).await;
    let (opd, both, tu) = (&people["opd"], &people["both"], &people["tu"]);
    let (kadis, kabid, subkor, cloud) = (&people["kadis"], &people["kabid"], &people["subkor"], &people["cloud"]);
    let number = explain::submit(opd, "1", "ORDINARY").await;

    let now = of_everybody(&people, &number).await;
    assert!(is_open(&now, "tu", "EXECUTE_STEP", "2") && is_open(&now, "opd", "WITHDRAW", ""));
    // TU stands in for Kabid, and the policy leaves that step to a definitive one; and it is not its turn.
    assert_eq!(reasons(&now, "tu", "EXECUTE_STEP", "4"), ["ACTING_CAPACITY", "NOT_ITS_TURN", "RECORD_MISSING"]);
    let acting = &now["tu"][1][&("EXECUTE_STEP".to_owned(), Some("4".to_owned()))];
    assert_eq!(acting["awaited"]["roles"][0]["key"], "kabid-aptika");
    assert_eq!(reasons(&now, "kadis", "EXECUTE_STEP", "3"), ["NOT_ITS_TURN", "RECORD_MISSING"]);
    let told = &now["kadis"][1][&("EXECUTE_STEP".to_owned(), Some("3".to_owned()))];
    assert_eq!(told["needs"]["records"], json!([{ "key": "lembar-disposisi", "name": "Disposisi" }]));
    assert_eq!(told["awaited"]["step"]["key"], "2");
    assert_eq!(told["awaited"]["roles"][0]["key"], "tu");
    assert_eq!(reasons(&now, "opd", "RESUBMIT", "1"), ["NOT_RETURNED"]);
    assert_eq!(reasons(&now, "opd", "REVEAL_CREDENTIAL", ""), ["NOT_IN_SERVICE"]);
    for name in ["kabid", "subkor", "colleague", "other", "putu", "kadek", "auditor", "admin", "chief"] {
        let hidden = now[name].iter().all(BTreeMap::is_empty);
        assert!(hidden, "{name} sees nothing of it, or has no line: {:?}", now[name]);
    }

    let dispose = json!({ "disposition": { "instruction": "Tindak lanjuti" } });
    tu.execute(&number, "2", "forward", sheet()).await.expect("forwarded");
    let now = of_everybody(&people, &number).await;
    assert!(is_open(&now, "kadis", "EXECUTE_STEP", "3"), "its turn, and the record is there");
    kadis.execute(&number, "3", "dispose", dispose.clone()).await.expect("disposed");
    let now = of_everybody(&people, &number).await;
    assert_eq!(reasons(&now, "tu", "EXECUTE_STEP", "4"), ["ACTING_CAPACITY"]);
    assert!(is_open(&now, "kabid", "EXECUTE_STEP", "4"));

    // Returned: the office waits for the submitter.
    kabid.execute(&number, "4", "dispose", dispose.clone()).await.expect("disposed");
    both.execute(&number, "5", "no", json!({ "note": "Kurang" })).await.expect("sent back");
    kabid.execute(&number, "4", "return", json!({ "note": "Lengkapi" })).await.expect("returned");
    let now = of_everybody(&people, &number).await;
    assert!(is_open(&now, "opd", "RESUBMIT", "1"));
    assert_eq!(reasons(&now, "kabid", "EXECUTE_STEP", "4"), ["RETURNED"]);
    let waits = &now["kabid"][1][&("EXECUTE_STEP".to_owned(), Some("4".to_owned()))];
    assert_eq!(waits["awaited"]["people"], json!([{ "name": "opd" }]));
    explain::resubmit(opd, &number, "1").await;
    let now = of_everybody(&people, &number).await;
    assert!(is_open(&now, "tu", "EXECUTE_STEP", "2"));
    tu.execute(&number, "2", "forward", sheet()).await.expect("forwarded");
    kadis.execute(&number, "3", "dispose", dispose.clone()).await.expect("disposed");
    kabid.execute(&number, "4", "dispose", dispose).await.expect("disposed");
    both.execute(&number, "5", "yes", json!({})).await.expect("checked");

    let account = json!({ "asset": { "secret": "rahasia-contoh", "attributes": {
        "username": "dinkes", "quotaGib": 50, "serviceAddress": "https://cloud.example",
    } } });
    both.execute(&number, "6", "provision", account).await.expect("provisioned");
    let now = of_everybody(&people, &number).await;
    assert_eq!(reasons(&now, "opd", "WITHDRAW", ""), ["PROVISIONED"]);
    assert_eq!(reasons(&now, "opd", "RESUBMIT", "1"), Vec::<String>::new(), "no way leads back any more");
    assert_eq!(reasons(&now, "both", "EXECUTE_STEP", "7"), ["SEPARATION_OF_DUTIES"]);
    assert!(is_open(&now, "subkor", "EXECUTE_STEP", "7"), "another person");
    subkor.execute(&number, "7", "yes", json!({})).await.expect("verified");
    let report = json!({ "documents": [{ "kind": "laporan", "title": "Laporan" }] });
    subkor.execute(&number, "8", "confirm", report).await.expect("delivered");

    let now = of_everybody(&people, &number).await;
    assert!(is_open(&now, "opd", "REVEAL_CREDENTIAL", "") && is_open(&now, "cloud", "REISSUE_CREDENTIAL", ""));
    assert_eq!(reasons(&now, "opd", "WITHDRAW", "")[0], "ENDED");
    let revealed = credential(opd, &number, "revealCredential", json!({ "idempotencyKey": "buka-1" })).await;
    assert_eq!(revealed["data"]["revealCredential"]["userErrors"], json!([]));
    let now = of_everybody(&people, &number).await;
    assert_eq!(reasons(&now, "opd", "REVEAL_CREDENTIAL", ""), ["ALREADY_REVEALED"]);
    let read = &now["opd"][1][&("REVEAL_CREDENTIAL".to_owned(), None)];
    assert_eq!(read["awaited"]["roles"], json!([{ "key": "admin-cloud", "name": "Admin Cloud" }]));
    let again = credential(opd, &number, "revealCredential", json!({ "idempotencyKey": "buka-2" })).await;
    assert_eq!(again["data"]["revealCredential"]["userErrors"][0]["code"], "ALREADY_REVEALED");

    // Reissued to a colleague; they see the request by it without having submitted it.
    let listing =
        "query($number: String!) { request(number: $number) { availableActions { kind recipients { id name } } } }";
    let listed = cloud.ask(listing, json!({ "number": number })).await["request"]["availableActions"].clone();
    let recipients = listed.as_array().expect("a list").iter().find(|action| action["kind"] == "REISSUE_CREDENTIAL");
    let recipients = recipients.expect("it is open")["recipients"].as_array().expect("a list").clone();
    let colleague = recipients.iter().find(|person| person["name"] == "colleague").expect("a colleague")["id"].clone();
    let more = json!({ "secret": "rahasia-baru", "recipientId": colleague });
    let reissued = credential(cloud, &number, "reissueCredential", more).await;
    assert_eq!(reissued["data"]["reissueCredential"]["userErrors"], json!([]));
    let now = of_everybody(&people, &number).await;
    assert!(is_open(&now, "colleague", "REVEAL_CREDENTIAL", ""), "what was read is replaced");
    assert_eq!(reasons(&now, "colleague", "WITHDRAW", ""), ["ENDED", "NOT_THE_SUBMITTER"]);
    assert_eq!(reasons(&now, "opd", "REVEAL_CREDENTIAL", ""), ["NOT_THE_RECIPIENT"]);
    let other = &now["opd"][1][&("REVEAL_CREDENTIAL".to_owned(), None)];
    assert_eq!(other["awaited"]["people"], json!([{ "name": "colleague" }]));
    let refused = credential(opd, &number, "revealCredential", json!({ "idempotencyKey": "buka-3" })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");

    let revoked = credential(cloud, &number, "revokeAsset", json!({ "reason": "Tidak dipakai" })).await;
    assert_eq!(revoked["data"]["revokeAsset"]["userErrors"], json!([]));
    let now = of_everybody(&people, &number).await;
    assert_eq!(reasons(&now, "cloud", "REVOKE_ASSET", ""), ["ENDED", "NOT_IN_SERVICE"]);
    assert_eq!(reasons(&now, "cloud", "REISSUE_CREDENTIAL", ""), ["ENDED", "NOT_IN_SERVICE"]);
    assert_eq!(now["cloud"][1][&("REVOKE_ASSET".to_owned(), None)]["awaited"], Value::Null, "nobody can change it");
}
