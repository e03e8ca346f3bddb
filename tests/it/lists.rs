//! Pages: total order, no gap and no double in either direction, counts and cursors.

use serde_json::{Value, json};

use crate::acts::{SUBMIT, sheet};
use crate::cast::{Cast, KABID, KADIS, MADE, OPD, TU};
use crate::harness::{Person, Server, with};

const CAST: Cast<'static> = &[
    OPD,
    ("other", "singkawang", "opd", Some("disdik")),
    ("head", "singkawang", "pimpinan-opd", Some("dinkes")),
    TU,
    KADIS,
    KABID,
    MADE,
];

const PAGE: &str = "query($filter: RequestFilter, $order: RequestOrder, $first: Int, $after: String, $last: Int, \
    $before: String) { requests(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, \
    before: $before) { totalCount nodes { number } edges { cursor node { number } } \
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn submit(opd: &Person<'_>, letter: usize, subject: &str, confidentiality: &str) -> Value {
    let input = json!({
        "office": "singkawang", "procedure": "permohonan-cloud-service",
        "letter": { "number": format!("005/{letter}"), "date": "2026-01-05", "subject": subject,
            "confidentiality": confidentiality },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
    });
    let answer = opd.ask(SUBMIT, json!({ "input": input })).await;
    let request = &answer["submitRequest"]["request"];
    assert!(request["number"].is_string(), "{answer}");
    request.clone()
}

fn numbers(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().expect("a list").iter();
    nodes.map(|node| node["number"].as_str().expect("a number").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_pages_without_gaps_or_duplicates() {
    // A filter may name more than a statement has room for, if a body may.
    let server = Server::with_flags(CAST, &["--value-limit", "100000"]);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let mut made = Vec::new();
    for letter in 0..7 {
        made.push(submit(&opd, letter, "Arsip", "ORDINARY").await["number"].as_str().expect("a number").to_owned());
    }
    // Some of them move on, so orders differ; some are withdrawn and have no due time.
    for number in [&made[4], &made[1]] {
        tu.execute(number, "2", "forward", sheet()).await.expect("forwarded");
    }
    for number in [&made[5], &made[2]] {
        let seen =
            opd.ask("query($number: String!) { request(number: $number) { id version } }", json!({ "number": number }));
        let seen = seen.await["request"].clone();
        let input = json!({ "requestId": seen["id"], "reason": "Batal", "expectedVersion": seen["version"] });
        let query =
            "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) { userErrors { code } } }";
        opd.ask(query, json!({ "input": input })).await;
    }
    for field in ["SUBMITTED_AT", "UPDATED_AT", "DUE_AT", "NUMBER"] {
        for direction in ["ASC", "DESC"] {
            let order = json!({ "field": field, "direction": direction });
            let whole = opd.ask(PAGE, json!({ "order": order })).await["requests"].clone();
            let expected = numbers(&whole);
            assert_eq!(whole["totalCount"], 7);
            assert_eq!(expected.len(), 7, "{field} {direction}");
            if field == "DUE_AT" {
                let mut last: Vec<&String> = expected[5..].iter().collect();
                last.sort();
                assert_eq!(last, [&made[2], &made[5]], "those without a time come last, {direction}");
            }
            for size in [1, 2, 3, 7] {
                let (mut forward, mut after) = (Vec::new(), Value::Null);
                loop {
                    let page = opd.ask(PAGE, json!({ "order": order, "first": size, "after": after })).await;
                    let page = page["requests"].clone();
                    assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_null()));
                    forward.extend(numbers(&page));
                    if page["pageInfo"]["hasNextPage"] == false {
                        break;
                    }
                    after = page["pageInfo"]["endCursor"].clone();
                }
                assert_eq!(forward, expected, "{field} {direction} by {size}");
                let (mut backward, mut before) = (Vec::new(), Value::Null);
                loop {
                    let page = opd.ask(PAGE, json!({ "order": order, "last": size, "before": before })).await;
                    let page = page["requests"].clone();
                    backward = [numbers(&page), backward].concat();
                    if page["pageInfo"]["hasPreviousPage"] == false {
                        break;
                    }
                    before = page["pageInfo"]["startCursor"].clone();
                }
                assert_eq!(backward, expected, "{field} {direction} backwards by {size}");
            }
        }
    }
    let by_time = opd.ask(PAGE, json!({ "first": 1 })).await["requests"]["pageInfo"]["endCursor"].clone();
    for wrong in [
        json!({ "after": by_time, "order": { "field": "NUMBER", "direction": "ASC" } }),
        json!({ "after": "nonsense" }),
        json!({ "first": 101 }),
        json!({ "first": -1 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "filter": { "search": "x".repeat(201) } }),
    ] {
        assert_eq!(opd.refusal(PAGE, wrong).await, "INVALID_INPUT");
    }
    let many: Vec<&str> = (0..40_000).map(|_| "RETURNED").collect();
    let filters = [
        (json!({ "status": ["WITHDRAWN"] }), 2),
        (json!({ "status": many }), 0),
        (json!({ "search": format!("{} arsip", made[3].to_lowercase()) }), 1),
        (json!({ "search": "100%_" }), 0),
        (json!({ "agency": "disdik" }), 0),
        (json!({ "step": "3" }), 2),
        (json!({ "awaitingRole": "kepala-dinas" }), 2),
        (json!({ "awaitingRole": "tu", "procedure": "permohonan-cloud-service", "office": "singkawang" }), 3),
        (json!({ "submittedFrom": "2999-01-01T00:00:00Z" }), 0),
    ];
    for (filter, count) in filters {
        let page = opd.ask(PAGE, json!({ "filter": filter })).await;
        assert_eq!(
            page["requests"]["totalCount"],
            count,
            "{}",
            filter.to_string().chars().take(80).collect::<String>()
        );
    }
}

const INBOX: &str = "{ viewer { inbox { totalCount edges { node { number } actions { kind } } } } }";

async fn inbox(person: &Person<'_>) -> Vec<String> {
    let inbox = person.ask(INBOX, json!({})).await["viewer"]["inbox"].clone();
    let edges = inbox["edges"].as_array().expect("a list").clone();
    assert_eq!(inbox["totalCount"], edges.len());
    for edge in &edges {
        assert_ne!(edge["actions"], json!([]), "what waits can be done");
    }
    edges.iter().map(|edge| edge["node"]["number"].as_str().expect("a number").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_counts_hold_visible_requests_only() {
    let server = Server::with(CAST);
    let mut people = std::collections::BTreeMap::new();
    for (name, ..) in CAST {
        people.insert(*name, server.person(name).await);
    }
    let plain = submit(&people["opd"], 1, "Biasa", "ORDINARY").await;
    let secret = submit(&people["opd"], 2, "Rahasia", "SECRET").await;
    let all = [&plain, &secret].map(|request| request["number"].as_str().expect("a number").to_owned());
    let sees = async |name: &str| {
        let page = people[name].ask(PAGE, json!({ "order": { "field": "NUMBER", "direction": "ASC" } })).await;
        let seen = numbers(&page["requests"]);
        assert_eq!(page["requests"]["totalCount"], seen.len(), "{name}");
        let ids = json!({ "ids": [plain["id"], secret["id"], plain["id"]] });
        let nodes = people[name].ask("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids).await;
        let found = nodes["nodes"].as_array().expect("a list").iter().take(2).filter(|node| !node.is_null()).count();
        assert_eq!(found, seen.len(), "{name} finds by id what is listed");
        assert_eq!(nodes["nodes"][2], nodes["nodes"][0]);
        seen
    };
    assert_eq!(sees("opd").await, all, "the submitter");
    assert_eq!(sees("head").await, all[..1], "the agency's head: what is secret is its submitter's");
    assert_eq!(sees("tu").await, all, "reached");
    assert_eq!(sees("kadis").await, all[..1], "the office's, but for the secret one that has not come to them");
    assert_eq!(sees("other").await, [""; 0], "another agency");
    assert_eq!(sees("made").await, [""; 0], "another office");
    assert_eq!(inbox(&people["tu"]).await.len(), 2);
    people["tu"].execute(&all[1], "2", "forward", sheet()).await.expect("forwarded");
    assert_eq!(sees("kadis").await, all, "it has come to them");
    assert_eq!(inbox(&people["kadis"]).await, all[1..]);
    assert_eq!(inbox(&people["tu"]).await, all[..1]);
    assert_eq!(inbox(&people["head"]).await, [""; 0]);

    // Internal notes are the office's.
    let disposition = json!({ "disposition": { "instruction": "rahasia kantor", "urgency": "URGENT" } });
    people["kadis"].execute(&all[1], "3", "dispose", disposition).await.expect("disposed");
    let everything = "query($number: String!) { request(number: $number) { updatedAt version \
        dispositions { id instruction } visits { step { key } outcome { key } note } documents { title } \
        events(first: 100) { nodes { kind sequence cursor outcome { key } disposition { instruction } } } } \
        dispositions { totalCount nodes { instruction } } assets { totalCount } }";
    let seen = people["opd"].ask(everything, json!({ "number": all[1] })).await;
    assert!(!seen.to_string().contains("rahasia kantor") && !seen.to_string().contains("Lembar"), "{seen:#}");
    assert_eq!(seen["dispositions"]["totalCount"], 0);
    let kinds: Vec<&str> = seen["request"]["events"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    assert!(kinds.iter().all(|kind| ["SUBMITTED", "STEP_STARTED", "STEP_COMPLETED"].contains(kind)), "{kinds:?}");
    let told: Vec<&Value> =
        seen["request"]["visits"].as_array().expect("a list").iter().map(|visit| &visit["outcome"]).collect();
    assert_eq!(told, [&json!({ "key": "submit" }), &Value::Null, &Value::Null, &Value::Null]);

    // The reading of a disposition is invisible to the agency.
    let kabid = &people["kabid"];
    let dispositions = "{ dispositions(filter: { unreadOnly: true }) { totalCount nodes { id toRole { key } } } }";
    let unread = kabid.ask(dispositions, json!({})).await["dispositions"].clone();
    assert_eq!((&unread["totalCount"], &unread["nodes"][0]["toRole"]["key"]), (&json!(1), &json!("kabid-aptika")));
    let read = "mutation($id: ID!) { readDisposition(input: { dispositionId: $id }) { \
        disposition { reads { by { user { name } } } } userErrors { code } } }";
    let id = json!({ "id": unread["nodes"][0]["id"] });
    assert_eq!(people["kadis"].refusal(read, id.clone()).await, "FORBIDDEN", "it is for another role");
    let hidden = people["opd"].ask(read, id.clone()).await["readDisposition"]["userErrors"][0]["code"].clone();
    assert_eq!(hidden, "NOT_FOUND");
    for _ in 0..2 {
        let answer = kabid.ask(read, id.clone()).await["readDisposition"]["disposition"]["reads"].clone();
        assert_eq!(answer.as_array().map(Vec::len), Some(1), "once, however often: {answer}");
    }
    assert_eq!(kabid.ask(dispositions, json!({})).await["dispositions"]["totalCount"], 0);
    assert_eq!(people["opd"].ask(everything, json!({ "number": all[1] })).await, seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_page_by_their_place_in_the_log() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let request = submit(&opd, 1, "Arsip", "ORDINARY").await;
    let read = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) { ... on Request { \
        eventCursor events(first: $first, after: $after, last: $last, before: $before) { nodes { id cursor kind sequence } \
        edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }";
    let page = async |person: &Person<'_>, more: Value| {
        person.ask(read, with(json!({ "id": request["id"] }), more)).await["node"].take()
    };
    let before = page(&tu, json!({})).await;
    let first: Vec<Value> = before["events"]["nodes"].as_array().expect("a list").clone();
    assert_eq!(first.iter().map(|event| event["sequence"].as_i64()).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    assert_eq!(before["eventCursor"], first[2]["cursor"], "the log ends with its last event");
    let number = request["number"].as_str().expect("a number");
    tu.execute(number, "2", "forward", sheet()).await.expect("forwarded");
    let since = page(&tu, json!({ "after": before["eventCursor"] })).await["events"]["nodes"].clone();
    let kinds: Vec<&str> =
        since.as_array().expect("a list").iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds, ["STEP_COMPLETED", "DOCUMENT_ADDED", "STEP_STARTED"], "all since, and nothing twice");
    let last = page(&tu, json!({ "last": 2, "before": since[2]["cursor"] })).await["events"].clone();
    assert_eq!(last["nodes"][0]["sequence"], 4);
    assert_eq!(last["pageInfo"]["hasPreviousPage"], true);
    let hidden = page(&opd, json!({ "after": before["eventCursor"] })).await["events"]["nodes"].clone();
    assert_eq!(hidden.as_array().map(Vec::len), Some(1), "an agency's view has gaps: {hidden}");
    let variables = json!({ "id": request["id"], "after": "bm9uc2Vuc2U" });
    assert_eq!(tu.refusal(read, variables).await, "INVALID_INPUT");
    let node = "query($id: ID!) { node(id: $id) { __typename ... on RequestEvent { kind } } }";
    let document_added = json!({ "id": since[1]["id"] });
    assert_eq!(tu.ask(node, document_added.clone()).await["node"]["kind"], "DOCUMENT_ADDED");
    assert_eq!(opd.ask(node, document_added).await["node"], Value::Null, "an event of the office's own");
}
