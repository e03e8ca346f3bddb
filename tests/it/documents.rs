//! Persisted documents: sent by their ids, from a manifest that is held against the schema at the start.

use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Cast, Folders, Server, command, enter, run};
use crate::socket::Socket;

const CAST: Cast<'static> = &[("opd", "singkawang", "opd", Some("dinkes"))];

const OFFICE: &str = "query Office($key: String!) { office(key: $key) { name } }";
const PAGE: &str =
    "query Page($first: Int, $ids: [ID!]!) { requests(first: $first) { totalCount } nodes(ids: $ids) { id } }";
const EVENTS: &str = "subscription Events { requestEvents { id } }";

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn id(text: &str) -> String {
    format!("sha256:{}", digest(text))
}

/// Writes a manifest beside a server's data.
fn manifest(server: &Server, text: &Value) -> PathBuf {
    let path = server.path().with_file_name("documents.json");
    std::fs::write(&path, text.to_string()).expect("the manifest");
    path
}

/// The answer to a body.
async fn sent(server: &Server, body: &Value) -> Value {
    let url = format!("{}/graphql", server.base());
    reqwest::Client::new().post(url).json(body).send().await.expect("an answer").json().await.expect("JSON")
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_run_by_its_id_however_it_is_sent() {
    let mut server = Server::with(CAST);
    let path = manifest(&server, &json!({ id(OFFICE): OFFICE, id(PAGE): PAGE, digest(EVENTS): EVENTS }));
    server.restart_with(&["--documents", path.to_str().expect("a path")]);
    let asked = json!({ "documentId": id(OFFICE), "variables": { "key": "singkawang" } });
    let office = sent(&server, &asked).await;
    assert!(office["data"]["office"]["name"].is_string(), "{office}");

    let query = format!("documentId={}&variables=%7B%22key%22%3A%22singkawang%22%7D", id(OFFICE));
    let got = reqwest::get(format!("{}/graphql?{query}", server.base())).await.expect("an answer");
    assert_eq!(got.json::<Value>().await.expect("JSON"), office, "by GET");

    let opd = server.person("opd").await;
    let mut socket = Socket::of(&server, opd.token()).await;
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": asked })).await;
    assert_eq!(socket.told("1").await, office["data"], "on a WebSocket");
    assert_eq!(socket.receive().await["type"], "complete");
    socket.send(json!({ "id": "2", "type": "subscribe", "payload": { "documentId": id(EVENTS) } })).await;
    socket.settle().await;

    // A text beside the id must be its own; another text is run where no document has its id.
    let other = "query Other { __typename }";
    for (body, expected) in [
        (json!({ "documentId": id(OFFICE), "query": OFFICE, "variables": { "key": "singkawang" } }), "office"),
        (json!({ "documentId": id(other), "query": other }), "__typename"),
        (json!({ "query": other }), "__typename"),
    ] {
        let answer = sent(&server, &body).await;
        assert!(answer["data"][expected].is_string() || answer["data"][expected].is_object(), "{answer}");
    }
    for (body, expected) in [
        (json!({ "documentId": id(OFFICE), "query": other }), "INVALID_OPERATION"),
        (json!({ "documentId": 1 }), "INVALID_OPERATION"),
        (json!({ "variables": {} }), "INVALID_OPERATION"),
        (json!({ "documentId": id(other) }), "DOCUMENT_NOT_FOUND"),
        (json!({ "documentId": "sha256:" }), "DOCUMENT_NOT_FOUND"),
    ] {
        assert_eq!(code(&sent(&server, &body).await), expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_take_what_it_knows_and_has_a_name_alone() {
    let mut server = Server::with(CAST);
    let apollo = json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        { "id": digest(OFFICE), "name": "Office", "type": "query", "body": OFFICE },
    ] });
    let path = manifest(&server, &apollo);
    server.restart_with(&["--documents", path.to_str().expect("a path"), "--documents-only", "true"]);
    let office = sent(&server, &json!({ "documentId": id(OFFICE), "variables": { "key": "singkawang" } })).await;
    assert!(office["data"]["office"]["name"].is_string(), "{office}");
    let other = "query Other { __typename }";
    assert_eq!(code(&sent(&server, &json!({ "query": other })).await), "DOCUMENT_ID_REQUIRED");
    assert_eq!(code(&sent(&server, &json!({ "query": other, "documentId": id(other) })).await), "DOCUMENT_NOT_FOUND");

    server.restart_with(&["--operation-names", "true", "--introspection", "false"]);
    assert_eq!(sent(&server, &json!({ "query": other })).await["data"]["__typename"], "Query");
    assert_eq!(code(&sent(&server, &json!({ "query": "{ __typename }" })).await), "OPERATION_NAME_REQUIRED");
    for schema in [
        "query A { __schema { types { name } } }",
        "query A { ...f } fragment f on Query { ... { a: __type(name: \"Query\") { name } } }",
    ] {
        assert_eq!(code(&sent(&server, &json!({ "query": schema })).await), "INTROSPECTION_DISABLED", "{schema}");
    }
    let slip = sent(&server, &json!({ "query": "query Slip { ofices { key } }" })).await.to_string();
    assert!(slip.contains("INVALID_OPERATION") && !slip.contains("offices"), "nor by what may have been meant: {slip}");
}

#[test]
fn a_manifest_that_does_not_fit_stops_the_start_with_what_to_mend() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    enter(CAST, |arguments, input| drop(run(&data, &Folders::shipped(), arguments, input)));
    let path = folder.path().join("documents.json");
    let gone = "query Gone { nothing }";
    let dear = "query Dear { requests(first: 100) { nodes { events(first: 100) { nodes { request { events(first: 100) { nodes { id } } } } } } } }";
    for (text, told) in [
        ("{".to_owned(), vec!["it is no JSON", "write a JSON object"]),
        (json!({ id("other"): OFFICE }).to_string(), vec!["has the digest", &digest(OFFICE)]),
        (json!({ id(gone): gone }).to_string(), vec![&digest(gone), "nothing"]),
        (json!({ id(dear): dear }).to_string(), vec![&digest(dear), "The operation costs"]),
    ] {
        std::fs::write(&path, text).expect("the manifest");
        let mut serve = command(&data, &Folders::shipped());
        let output =
            serve.args(["serve", "--listen", "127.0.0.1:0", "--documents"]).arg(&path).output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{said}");
        assert!(said.contains("documents.json"), "{said}");
        assert!(told.iter().all(|told| said.contains(*told)), "{told:?}: {said}");
    }
}
