//! Collected selections (GraphQL, September 2025, sections 5.3.2, 6.3 and 6.4): a field of one response key runs once, whatever it is
//! selected by; excluded and inapplicable selections leave an object without fields.

use serde_json::{Value, json};

use crate::acts::{Cloud, Subdomain, cloud_way, error_code, play, sheet};
use crate::cast::{CLOUD, Cast, KABID, KADIS, OPD, SUBKOR, SYSTEM, TU};
use crate::harness::{Person, Server};
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD, TU, KADIS, KABID, SUBKOR, SYSTEM, CLOUD];

/// How many requests the person sees.
async fn count(person: &Person<'_>) -> Value {
    person.ask("{ requests { totalCount } }", json!({})).await["requests"]["totalCount"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_selected_in_parts_runs_once() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    for (at, query) in [
        "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { number } } ...E }
         fragment E on Mutation { submitRequest(input: $input) { userErrors { code } request { version } } }",
        "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { number } }
         submitRequest(input: $input) { request { version } userErrors { code } } }",
        "mutation($input: SubmitRequestInput!) { ... { ... on Mutation { submitRequest(input: $input) { request { number } } } }
         ... { submitRequest(input: $input) { request { version } userErrors { code } } } }",
    ]
    .into_iter()
    .enumerate()
    {
        let payload = opd.ask(query, Cloud::letter(at).variables()).await["submitRequest"].take();
        assert_eq!(payload["userErrors"], json!([]), "{query}");
        assert_eq!(payload["request"]["version"], 1, "{query}");
        assert!(payload["request"]["number"].as_str().is_some_and(|of| of.ends_with(&format!("/000{}", at + 1))));
        assert_eq!(count(&opd).await, at + 1, "{query}");
    }
    let number = opd.submit(Cloud::letter("step")).await.number;
    let id = tu.see(&number).await["id"].take();
    let act = json!({ "input": { "requestId": id, "step": "2", "outcome": "forward", "expectedVersion": 1,
        "documents": sheet()["documents"] } });
    let query = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } } ...E }
        fragment E on Mutation { executeStep(input: $input) { userErrors { code } request { id } } }";
    let payload = tu.ask(query, act).await["executeStep"].take();
    assert_eq!(payload, json!({ "request": { "version": 2, "id": id }, "userErrors": [] }));
    let events = "query($id: ID!) { node(id: $id) { ... on Request { events { nodes { kind version } } } } }";
    let events = tu.ask(events, json!({ "id": id })).await["node"]["events"]["nodes"].take();
    let acted = events
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| event["version"] == 2 && event["kind"] == "STEP_COMPLETED")
        .count();
    assert_eq!(acted, 1, "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_conflict_are_refused_before_anything_runs() {
    let server = Server::with(CAST);
    let opd = server.person("opd").await;
    for query in [
        "{ office(key: \"singkawang\") { key name } ...F } fragment F on Query { office(key: \"denpasar\") { city } }",
        "mutation { submitRequest(input: {}) { userErrors { code } } submitRequest(input: { office: \"x\" }) { request { id } } }",
        "{ requests { nodes { number } } ... { requests(first: 2) { nodes { id } } } }",
        "{ requests { nodes { a: number ... { a: id } } } }",
        "subscription { requestEvents { id } requestEvents(after: \"x\") { kind } }",
    ] {
        let answer = opd.answer(query, json!({})).await;
        assert_eq!(error_code(&answer), "INVALID_OPERATION", "{answer}");
        assert!(answer.get("data").is_none(), "{answer}");
    }
    let both = json!({ "a": Cloud::letter("1").input(), "b": Cloud::letter("2").input() });
    let query =
        "mutation($a: SubmitRequestInput!, $b: SubmitRequestInput!) { submitRequest(input: $a) { request { id } }
        ... { submitRequest(input: $b) { request { id } } } }";
    assert_eq!(error_code(&opd.answer(query, both).await), "INVALID_OPERATION");
    assert_eq!(count(&opd).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_without_selected_fields_are_empty() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let opd = &people["opd"];
    let number = opd.submit(Cloud::letter("005/1")).await.number;
    play(&people, &number, &cloud_way("dinkes")).await;
    opd.submit(Cloud::letter("005/2")).await;
    let seen = opd.see(&number).await;
    let (id, asset) = (seen["id"].clone(), seen["assets"][0]["id"].clone());
    let variables = json!({ "id": id, "asset": asset, "number": number, "no": false });
    for (query, expected) in [
        (
            "{ requests(first: 2) { nodes { number @include(if: false) } } }",
            json!({ "requests": { "nodes": [{}, {}] } }),
        ),
        ("{ assets(first: 2) { nodes { ... on Subdomain { fqdn } } } }", json!({ "assets": { "nodes": [{}] } })),
        (
            "{ assets { nodes { ... on Subdomain { id } ... on CloudAccount { name } } edges { node { ... on Subdomain { id } } } } }",
            json!({ "assets": { "nodes": [{ "name": "dinkes" }], "edges": [{ "node": {} }] } }),
        ),
        ("{ offices @include(if: false) { key } }", json!({})),
        ("{ offices { ... @skip(if: true) { key } } }", json!({ "offices": [{}, {}] })),
        ("query($no: Boolean! = true) { ... @include(if: $no) { offices { key } } }", json!({})),
        ("query($s: Boolean! = true) { offices { key @skip(if: $s) } }", json!({ "offices": [{}, {}] })),
        (
            "query($number: String!) { request(number: $number) { ... on Node { id @skip(if: true) } } }",
            json!({ "request": {} }),
        ),
        ("query($id: ID!) { node(id: $id) { ... on Subdomain { fqdn } } }", json!({ "node": {} })),
        (
            "query($asset: ID!) { node(id: $asset) { __typename ... on CloudAccount { username } ... on Subdomain { fqdn } } }",
            json!({ "node": { "__typename": "CloudAccount", "username": "dinkes" } }),
        ),
        (
            "query($id: ID!, $asset: ID!) { nodes(ids: [$id, $asset, $id]) { ... on Request { status } ... on Asset { kind } } }",
            json!({ "nodes": [{ "status": "COMPLETED" }, { "kind": "CloudAccount" }, { "status": "COMPLETED" }] }),
        ),
    ] {
        let answer = opd.answer(query, variables.clone()).await;
        assert_eq!(answer, json!({ "data": expected }), "{query}");
    }
    let query = "{ offices { key @include(if: false) } requests(first: 1000) { totalCount } }";
    let beside_an_error = opd.answer(query, json!({})).await["data"].take();
    assert_eq!(beside_an_error, json!({ "offices": [{}, {}], "requests": null }));
    let mutation =
        "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id @skip(if: true) } } }";
    let payload = opd.ask(mutation, Cloud::letter("005/3").variables()).await;
    assert_eq!(payload, json!({ "submitRequest": { "request": {} } }), "not null, which would be a refusal");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_collect_their_fields_too() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let mut socket = Socket::of(&server, tu.token()).await;
    let query = "subscription { ...A ... { requestEvents { request { id @include(if: false) } } } }
        fragment A on Subscription { requestEvents { kind request { ... on Node { id @skip(if: true) } } } }";
    socket.subscribe("1", query, json!({})).await;
    socket.settle().await;
    opd.submit(Cloud::letter("005/1")).await;
    let event = socket.told("1").await;
    assert_eq!(event, json!({ "requestEvents": { "kind": "SUBMITTED", "request": {} } }));
    for query in [
        "subscription { ... @include(if: false) { requestEvents { kind } } }",
        "subscription { requestEvents { kind } inboxChanges { waiting } }",
        "subscription { requestEvents @skip(if: true) { kind } }",
    ] {
        let answer = tu.answer(query, json!({})).await;
        assert_eq!(error_code(&answer), "INVALID_OPERATION", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_once_and_keys_follow_the_selection() {
    let server = Server::with(CAST);
    let opd = server.person("opd").await;
    let query = "{ offices { key city } requests(first: 500) { totalCount } ... { requests(first: 500) { pageInfo { endCursor } } } }";
    let answer = opd.answer(query, json!({})).await;
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["errors"][0]["path"], json!(["requests"]), "{answer}");
    assert_eq!(answer["errors"][0]["locations"], json!([{ "line": 1, "column": 24 }]), "{answer}");
    opd.submit(Subdomain::letter("005/1")).await;
    let query = "query($w: Boolean!) { ...B requests { nodes { status ...A number } totalCount } }
        fragment A on Request { version @include(if: $w) number } fragment B on Query { requests { nodes { id } } offices { key } }";
    let body = json!({ "query": query, "variables": { "w": true } });
    let call = reqwest::Client::new().post(format!("{}/graphql", server.base())).bearer_auth(opd.token());
    let text = call.json(&body).send().await.expect("an answer").text().await.expect("text");
    let places: Vec<usize> = ["requests", "nodes", "\"id\"", "status", "version", "number", "totalCount", "offices"]
        .iter()
        .map(|key| text.find(key).unwrap_or_else(|| panic!("{key} in {text}")))
        .collect();
    assert!(places.is_sorted(), "{text}");
}

/// While others write, each object of a list that is selected in two parts is of one request.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_mix_no_objects() {
    const ANSWERS: usize = 1_000;
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    for letter in 0..5 {
        opd.submit(Cloud::letter(format!("L{letter}"))).await;
    }
    let query = "{ requests(first: 5) { nodes { number letter { subject } } } ...F }
        fragment F on Query { requests(first: 5) { nodes { id letter { number } ... on Node { id } } } }";
    let write = async {
        for letter in 5..60 {
            opd.submit(Cloud::letter(format!("L{letter}"))).await;
        }
    };
    let read = async || {
        for _ in 0..ANSWERS / 4 {
            let page = tu.ask(query, json!({})).await["requests"]["nodes"].take();
            for node in page.as_array().expect("a list") {
                let number = node["number"].as_str().and_then(|of| of.rsplit('/').next()?.parse::<usize>().ok());
                let letter = format!("L{}", number.expect("a number") - 1);
                assert_eq!(node["letter"]["number"], letter, "{node}");
            }
        }
    };
    tokio::join!(write, read(), read(), read(), read());
}
