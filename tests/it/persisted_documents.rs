//! Persisted documents: sent by their ids, from a manifest validated against the schema at the start.

use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cast::{Cast, OPD};
use crate::harness::with;
use crate::harness::{Folders, Person, Server, command, enter, run};
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD];

const OFFICE: &str = "query Office($key: String!) { office(key: $key) { name } }";
const PAGE: &str =
    "query Page($first: Int, $ids: [ID!]!) { requests(first: $first) { totalCount } nodes(ids: $ids) { id } }";
const DEFAULTS: &str = "query Defaults($names: Boolean = false, $key: String = \"singkawang\") { office(key: $key) { key name @include(if: $names) } }";
const EVENTS: &str = "subscription Events { requestEvents { id } }";

pub(crate) fn digest(text: &str) -> String {
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
async fn a_persisted_document_runs_by_its_id_over_every_transport() {
    let mut server = Server::with(CAST);
    let path = manifest(
        &server,
        &json!({ id(OFFICE): OFFICE, id(PAGE): PAGE, digest(EVENTS): EVENTS, id(DEFAULTS): DEFAULTS }),
    );
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

    // A text beside the id must be its own; another text runs if no document has its id.
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
async fn only_known_or_only_named_operations_may_be_accepted() {
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

/// The answer to a body sent by a person.
async fn sent_by(person: &Person<'_>, server: &Server, body: &Value) -> Value {
    let call = reqwest::Client::new().post(format!("{}/graphql", server.base())).bearer_auth(person.token());
    call.json(body).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_documents_run_for_everybody() {
    let mut server = Server::with(CAST);
    let both = json!({ "documentId": id(OFFICE), "query": OFFICE, "variables": { "key": "singkawang" } });
    let by_id = json!({ "documentId": id(OFFICE), "variables": { "key": "singkawang" } });
    {
        let opd = server.person("opd").await;
        assert!(sent_by(&opd, &server, &both).await["data"]["office"]["name"].is_string());
    }
    assert_eq!(code(&sent(&server, &by_id).await), "DOCUMENT_NOT_FOUND", "it is not switched on");

    server.restart_with(&["--registered-documents", "100"]);
    let opd = server.person("opd").await;
    assert!(sent(&server, &both).await["data"]["office"]["name"].is_string());
    let unknown = sent(&server, &by_id).await;
    assert_eq!(code(&unknown), "DOCUMENT_NOT_FOUND", "nobody registers anything");
    assert!(unknown["errors"][0]["message"].as_str().is_some_and(|told| told.contains("signed in")), "{unknown}");

    let office = sent_by(&opd, &server, &both).await;
    assert!(office["data"]["office"]["name"].is_string(), "{office}");
    assert_eq!(sent(&server, &by_id).await, office);
    let bare = json!({ "documentId": digest(OFFICE).to_uppercase(), "variables": { "key": "singkawang" } });
    assert_eq!(sent(&server, &bare).await, office, "however the id is written");
    let apollo = |text: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": digest(text) } });
    let asked = json!({ "extensions": apollo(OFFICE), "variables": { "key": "singkawang" } });
    assert_eq!(sent(&server, &asked).await, office, "as Apollo Client sends it");
    let parameters = [("extensions", apollo(OFFICE).to_string()), ("variables", asked["variables"].to_string())];
    let url = reqwest::Url::parse_with_params(&format!("{}/graphql", server.base()), parameters).expect("a URL");
    let got = reqwest::get(url).await.expect("an answer");
    assert_eq!(got.json::<Value>().await.expect("JSON"), office, "and by GET");
    let missing = sent(&server, &json!({ "extensions": apollo("{ a }") })).await;
    let told = (code(&missing), &missing["errors"][0]["message"]);
    assert_eq!(told, ("DOCUMENT_NOT_FOUND", &json!("PersistedQueryNotFound")));
    for strange in
        [json!({ "version": 2, "sha256Hash": digest(OFFICE) }), json!({ "version": 1 }), json!(true), json!(null)]
    {
        let body = json!({ "extensions": { "persistedQuery": strange }, "variables": asked["variables"] });
        assert_eq!(code(&sent(&server, &body).await), "INVALID_OPERATION", "{body}");
        let body = with(body, json!({ "query": OFFICE }));
        assert_eq!(sent(&server, &body).await, office, "what is not known is left alone");
    }
    for none in ["\u{0}", "", "sha256:", &"0".repeat(64), &"f".repeat(60_000)] {
        assert_eq!(code(&sent(&server, &json!({ "documentId": none })).await), "DOCUMENT_NOT_FOUND", "{none}");
    }

    // By a WebSocket too, and it outlives the server.
    let mut socket = Socket::of(&server, opd.token()).await;
    let payload = json!({ "documentId": id(EVENTS), "query": EVENTS });
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    socket.settle().await;
    drop(socket);
    server.stop();
    server.start();
    assert_eq!(sent(&server, &by_id).await, office);
    let opd = server.person("opd").await;
    let mut socket = Socket::of(&server, opd.token()).await;
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": { "documentId": id(EVENTS) } })).await;
    socket.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_recently_used_document_is_evicted() {
    let mut server = Server::with_flags(CAST, &["--registered-documents", "3"]);
    let named = |name: &str| format!("query {name} {{ __typename }}");
    {
        let opd = server.person("opd").await;
        for (name, runs) in [("One", "One"), ("Two", "Two"), ("Three", "One"), ("Four", "Four")] {
            let text = named(name);
            let answer = sent_by(&opd, &server, &json!({ "documentId": id(&text), "query": text })).await;
            assert_eq!(answer["data"]["__typename"], "Query", "{answer}");
            assert_eq!(sent(&server, &json!({ "documentId": id(&named(runs)) })).await, answer);
        }
    }
    server.stop();
    server.start();
    for (name, is_there) in [("One", true), ("Two", false), ("Three", true), ("Four", true)] {
        let answer = sent(&server, &json!({ "documentId": id(&named(name)) })).await;
        assert_eq!(answer["data"]["__typename"].is_string(), is_there, "{name}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_or_personal_documents_are_not_registered() {
    let server = Server::with_flags(CAST, &["--registered-documents", "100", "--batch-limit", "2"]);
    let opd = server.person("opd").await;
    let unknown = async |text: &str| {
        let answer = sent(&server, &json!({ "documentId": id(text) })).await;
        assert_eq!(code(&answer), "DOCUMENT_NOT_FOUND", "{text}");
    };
    let dear = "query Dear { requests(first: 100) { nodes { events(first: 100) { nodes { request { events(first: 100) { nodes { id } } } } } } } }";
    let values = json!({ "i": "x", "v": 1, "input": { "username": "nobody", "password": "not this one" } });
    for text in [
        "mutation { signIn(input: { username: \"nobody\", password: \"not this one\" }) { userErrors { code } } }",
        "mutation { signIn(input: { username: \"nobody\", password: \"\"\"not this one\"\"\" }) { userErrors { code } } }",
        "mutation A($p: String = \"not this one\") { signIn(input: { username: $p, password: $p }) { userErrors { code } } }",
        "mutation A($input: SignInInput!) { signIn(input: $input) { userErrors { code } } } # not this one",
        "query A { __typename } # not this one",
        "\"not this one\" query A { __typename }",
        "query A(\"not this one\" $v: Int) { requests(first: $v) { totalCount } }",
        "mutation A($i: ID!, $v: Int!) { executeStep(input: { requestId: $i, step: $i, outcome: $i, expectedVersion: $v, asset: { attributes: { a: 3172 } } }) { userErrors { code } } }",
        "mutation A($i: ID!, $v: Int!) { executeStep(input: { requestId: $i, step: $i, outcome: $i, expectedVersion: $v, asset: { attributes: { a: word } } }) { userErrors { code } } }",
        dear,
        "query Gone { nothing }",
        "query {",
        "",
        "query A { __typename } query B { nothing }",
        "query A($key: String!) { office(key: $key) { name } }",
    ] {
        for body in [json!({}), json!({ "operationName": "A" }), json!({ "variables": values })] {
            sent_by(&opd, &server, &with(body, json!({ "documentId": id(text), "query": text }))).await;
        }
        unknown(text).await;
    }
    assert!(!server.holds("not this one"));

    // Nor an operation refused before it ran.
    let mutation = "mutation SignIn($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }";
    let variables = json!({ "input": { "username": "opd", "password": "not this one" } });
    let get = async |token: &str, text: &str, accept: &str| {
        let parameters = [("query", text), ("documentId", &id(text)), ("variables", &variables.to_string())];
        let url = reqwest::Url::parse_with_params(&format!("{}/graphql", server.base()), parameters).expect("a URL");
        let call = reqwest::Client::new().get(url).header("accept", accept);
        let call = if token.is_empty() { call } else { call.bearer_auth(token) };
        call.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(get(opd.token(), mutation, "*/*").await, 405);
    unknown(mutation).await;
    // Nor one of another site's page, which can have a browser send a GET, but without a token.
    let (read, follow) = ("query Read { __typename }", "subscription Follow { requestEvents { id } }");
    assert_eq!(get("", read, "*/*").await, 200);
    assert_eq!(get("not one", read, "*/*").await, 401);
    unknown(read).await;
    assert_eq!(get(opd.token(), read, "*/*").await, 200);
    assert_eq!(sent(&server, &json!({ "documentId": id(read) })).await["data"]["__typename"], "Query");
    assert_eq!(get(opd.token(), follow, "text/event-stream").await, 200);
    let known = sent(&server, &json!({ "documentId": id(follow) })).await;
    assert_eq!(code(&known), "INVALID_OPERATION", "it is known, and asks for a stream: {known}");
    let batch = json!([
        { "documentId": id(mutation), "query": mutation, "variables": variables },
        { "documentId": id(EVENTS), "query": EVENTS },
    ]);
    assert_eq!(code(&sent_by(&opd, &server, &batch).await), "BATCH_REFUSED");
    unknown(mutation).await;
    unknown(EVENTS).await;
    let other = json!({ "documentId": id(mutation), "query": "{ __typename }" });
    assert_eq!(code(&sent_by(&opd, &server, &other).await), "INVALID_OPERATION", "another text has no such id");

    // User input comes as variables.
    let both = json!({ "documentId": id(mutation), "query": mutation, "variables": variables });
    let answer = sent_by(&opd, &server, &both).await;
    assert_eq!(answer["data"]["signIn"]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{answer}");
    let by_id = json!({ "documentId": id(mutation), "variables": variables });
    assert_eq!(sent(&server, &by_id).await, answer);
    let answer = sent_by(&opd, &server, &json!({ "documentId": id(DEFAULTS), "query": DEFAULTS })).await;
    assert_eq!(answer, json!({ "data": { "office": { "key": "singkawang" } } }));
    assert_eq!(sent(&server, &json!({ "documentId": id(DEFAULTS) })).await, answer);
    assert!(!server.holds("not this one"));
}

#[test]
fn an_invalid_manifest_stops_the_start_with_its_remedy() {
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
