//! Bad input: a clear error with a code, and nothing else.

use serde_json::{Value, json};

use crate::acts::Cloud;
use crate::cast::SINGKAWANG;
use crate::harness::{Server, with};

/// The status of the answer to a body, and the code of its first error.
async fn post(server: &Server, body: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = reqwest::Client::new().post(format!("{}/graphql", server.base())).body(body);
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"));
    assert!(json["errors"][0]["message"].as_str().is_some_and(|message| message.len() < 400), "{text}");
    (status, json["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {text}")).to_owned())
}

fn query(text: &str) -> String {
    json!({ "query": text }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_operations_are_refused() {
    let server = Server::with(&[]);
    let invalid = |status| (status, "INVALID_OPERATION".to_owned());
    let exceeded = (200, "LIMIT_EXCEEDED".to_owned());
    assert_eq!(post(&server, "{", &[]).await, invalid(400));
    assert_eq!(post(&server, "[]", &[]).await, invalid(400));
    assert_eq!(post(&server, vec![0xff, 0xfe], &[]).await, invalid(400));
    assert_eq!(post(&server, query("{ offices { key } }"), &[("content-type", "text/plain")]).await, invalid(415));
    for operation in ["{", "{ nothing }", "query { offices }", "{ viewer { inbox(first: \"x\") { totalCount } } }"] {
        assert_eq!(post(&server, query(operation), &[]).await, invalid(200), "{operation}");
    }
    for deep in ["[".repeat(100_000), format!("{{ office(key: {}", "{a:".repeat(100_000)), "{a".repeat(5_000)] {
        assert_eq!(post(&server, query(&deep), &[]).await, exceeded);
    }
    let nested = format!("{{ offices {{ {} key {} }} }}", "procedures { office {".repeat(8), "} }".repeat(8));
    assert_eq!(post(&server, query(&nested), &[]).await, exceeded, "too deep");
    let wide: String = (0..60_000).map(|number| format!("a{number}: key ")).collect();
    assert_eq!(post(&server, query(&format!("{{ offices {{ {wide} }} }}")), &[]).await, exceeded, "too much");
    let around = format!("{{ offices {{ {} key {} }} }}", "procedures { office {".repeat(6), "} }".repeat(6));
    assert_eq!(post(&server, query(&around), &[]).await, exceeded, "lists of lists of lists");
    let chain: String = (0..20_000).map(|at| format!("fragment f{at} on Query {{ ...f{} }} ", at + 1)).collect();
    for fragments in [
        "{ ...f } fragment f on Query { ...f ...f }".to_owned(),
        "{ ...f } fragment f on Query { ...g ...g } fragment g on Query { ...f ...f }".to_owned(),
        "{ __typename } fragment f on Query { offices { key } ...f ...f }".to_owned(),
    ] {
        assert_eq!(post(&server, query(&fragments), &[]).await, invalid(200), "fragments that lead back");
    }
    for fragments in [
        format!("{{ ...f0 }} {chain}"),
        format!("{{ ...f19990 ...f19900 ...f19800 ...f0 }} {chain} fragment f20000 on Query {{ __typename }}"),
    ] {
        assert_eq!(post(&server, query(&fragments), &[]).await, exceeded, "fragments that lead on and on");
    }
    let large = query(&format!("# {}", "x".repeat(10_000_000)));
    assert_eq!(post(&server, large, &[]).await, (413, "BODY_TOO_LARGE".to_owned()));
    let introspected = server.send(None, "{ __schema { queryType { name } } }", json!({})).await;
    assert_eq!(introspected["data"]["__schema"]["queryType"]["name"], "Query", "it lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_callers_are_refused() {
    let server = Server::with(SINGKAWANG);
    let refused = (401, "UNAUTHENTICATED".to_owned());
    let operation = query("{ offices { key } }");
    for header in ["Bearer nonsense", "Basic c2l0aTp4", "Bearer", "nonsense", "Bearer a.b.c"] {
        assert_eq!(post(&server, operation.clone(), &[("authorization", header)]).await, refused, "{header}");
    }
    let nobody = server.send(None, "{ viewer { user { name } } offices { key } }", json!({})).await;
    assert_eq!(nobody["data"]["viewer"], Value::Null);
    assert_eq!(nobody["data"]["offices"][0]["key"], "denpasar", "what is public is answered beside it");
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let node = server.send(None, "{ nodes(ids: [\"UmVxdWVzdDoxMjM\", \"\", \"x\"]) { id } }", json!({})).await;
    assert_eq!(node["data"]["nodes"], json!([null, null, null]));

    let sign_in = |name: &str, password: &str| {
        format!(
            "signIn(input: {{ username: \"{name}\", password: \"{password}\" }}) {{ accessToken \
             viewer {{ user {{ username }} grants {{ role {{ key }} }} }} userErrors {{ code }} }}"
        )
    };
    for name in ["tu", "nobody"] {
        let answer = server.send(None, &format!("mutation {{ {} }}", sign_in(name, "wrong password")), json!({})).await;
        assert_eq!(answer["data"]["signIn"]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{name}");
    }
    let both = format!(
        "mutation {{ a: {} b: {} }}",
        sign_in("TU", "demonstration only"),
        sign_in("opd", "demonstration only")
    );
    let answer = server.send(None, &both, json!({})).await;
    assert_eq!(answer["data"]["a"]["viewer"]["user"]["username"], "tu", "one sees oneself at once: {answer}");
    assert_eq!(answer["data"]["b"]["userErrors"][0]["code"], "TOO_MANY_ATTEMPTS", "one operation signs in once");
    let wrong = format!("mutation {{ {} }}", sign_in("tu", "wrong password"));
    let mut codes = Vec::new();
    for _ in 0..12 {
        let answer = server.send(None, &wrong, json!({})).await;
        codes.push(answer["data"]["signIn"]["userErrors"][0]["code"].as_str().expect("a code").to_owned());
    }
    assert!(codes.contains(&"TOO_MANY_ATTEMPTS".to_owned()), "{codes:?}");
}

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id number version \
    details } userErrors { code path message } } }";

#[tokio::test(flavor = "multi_thread")]
async fn submitted_fields_are_validated() {
    let server = Server::with(SINGKAWANG);
    let opd = server.person("opd").await;
    let set = |path: &str, value: Value| {
        let mut input = Cloud::letter("005/1").input();
        let mut at = &mut input;
        for part in path.split('.') {
            at = &mut at[part];
        }
        *at = value;
        input
    };
    for (path, value, code) in [
        ("letter.number", json!(""), "INVALID_INPUT"),
        ("letter.number", json!("x".repeat(301)), "INVALID_INPUT"),
        ("letter.subject", json!("a\u{1}b"), "INVALID_INPUT"),
        ("letter.subject", json!("a\u{202e}b"), "INVALID_INPUT"),
        ("letter.date", json!("2999-01-01"), "INVALID_INPUT"),
        ("letter.date", json!("1900-01-01"), "INVALID_INPUT"),
        ("contact.nip", json!("123"), "INVALID_INPUT"),
        ("contact.phone", json!("call me"), "INVALID_INPUT"),
        ("contact.email", json!("nobody"), "INVALID_INPUT"),
        ("idempotencyKey", json!("  "), "INVALID_INPUT"),
        ("idempotencyKey", json!("x".repeat(201)), "INVALID_INPUT"),
        ("details.quotaGib", json!(0), "INVALID_DETAILS"),
        ("details.purpose", json!("a\u{1}b\u{202e}"), "INVALID_DETAILS"),
        ("details.users", json!("three"), "INVALID_DETAILS"),
        ("procedure", json!("nothing"), "NOT_FOUND"),
        ("office", json!("nowhere"), "NOT_FOUND"),
        ("agency", json!("disdik"), "NOT_FOUND"),
        ("procedureVersion", json!(2), "PROCEDURE_CHANGED"),
    ] {
        let answer = opd.ask(SUBMIT, json!({ "input": set(path, value) })).await["submitRequest"].clone();
        assert_eq!(answer["request"], Value::Null, "{path}");
        let error = &answer["userErrors"][0];
        assert_eq!(error["code"], code, "{path}: {answer}");
        let told: Vec<&str> = error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        assert_eq!(told.join("."), path, "{answer}");
    }
    for (path, value) in [
        ("letter.date", json!("2026-02-30")),
        ("letter.date", json!("5.1.2026")),
        ("letter.confidentiality", json!("VERY")),
    ] {
        let answer = opd.answer(SUBMIT, json!({ "input": set(path, value) })).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "INVALID_OPERATION", "{path}: {answer}");
        assert!(error["message"].as_str().is_some_and(|told| told.contains(&format!("$input.{path}"))), "{answer}");
    }
    assert_eq!(opd.refusal(SUBMIT, json!({ "input": set("letter", json!(1)) })).await, "INVALID_OPERATION");
    let submitted = "query($since: DateTime) { requests(filter: { submittedFrom: $since }) { totalCount } }";
    for (since, is_one) in [
        ("2026-01-05T01:30:00Z", true),
        ("2026-01-05T08:30:00.5+07:00", true),
        ("2027-01-05T12:34:60Z", false),
        ("2027-03-01T00:00:00\u{2212}07:00", false),
        ("9999-12-31T23:59:59-23:59", false),
        ("2026-01-05", false),
        ("yesterday", false),
    ] {
        let answer = opd.answer(submitted, json!({ "since": since })).await;
        assert_eq!(answer.get("errors").is_none(), is_one, "{since}: {answer}");
    }
    // Nothing of all this took a number.
    let whole = set("details.quotaGib", json!(10.0));
    let answer = opd.ask(SUBMIT, json!({ "input": whole })).await["submitRequest"]["request"].clone();
    assert!(answer["number"].as_str().is_some_and(|number| number.ends_with("/0001")), "{answer}");
    assert_eq!(answer["details"]["quotaGib"], json!(10), "a whole number is an integer");

    let spelled = |letter: &str| Cloud::letter(letter).variables();
    opd.ask(SUBMIT, spelled("005/caf\u{e9}")).await;
    let same = opd.ask(SUBMIT, spelled("005/cafe\u{301}")).await["submitRequest"]["userErrors"][0]["code"].clone();
    assert_eq!(same, "DUPLICATE_LETTER", "what looks alike is alike");

    let key = |letter: &str, key: &str| Cloud::letter(letter).key(key).variables();
    let first = opd.ask(SUBMIT, key("005/2", "one")).await["submitRequest"]["request"]["id"].clone();
    assert_eq!(opd.ask(SUBMIT, key("005/2", "one")).await["submitRequest"]["request"]["id"], first);
    let reused = opd.ask(SUBMIT, key("005/3", "one")).await["submitRequest"]["userErrors"][0].clone();
    assert_eq!(reused["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(reused["path"], json!(["idempotencyKey"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_kind_and_steps_out_of_turn_change_nothing() {
    let server = Server::with(SINGKAWANG);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let request = opd.submit(Cloud::default()).await;
    let missing = uuid::Uuid::from_u128(0x019b_0000_0000_7000_8000_0000_0000_0001);
    let execute = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } \
        userErrors { code path message } } }";
    let act = |changes: Value| {
        let input = json!({
            "requestId": request.id, "step": "2", "outcome": "forward", "expectedVersion": 1,
            "documents": [{ "kind": "lembar-disposisi", "title": "Lembar" }],
        });
        json!({ "input": with(input, changes) })
    };
    for (changes, code, path) in [
        (json!({ "requestId": server.id_of("Request", missing) }), "NOT_FOUND", "requestId"),
        (json!({ "step": "nothing" }), "INVALID_INPUT", "step"),
        (json!({ "outcome": "yes" }), "OUTCOME_NOT_AVAILABLE", "outcome"),
        (json!({ "expectedVersion": 7 }), "STALE_VERSION", "expectedVersion"),
        (json!({ "documents": [] }), "MISSING_RECORD", "documents"),
        (
            json!({ "documents": [{ "kind": "laporan", "title": "x" }, { "kind": "lembar-disposisi", "title": "x" }] }),
            "INVALID_INPUT",
            "documents",
        ),
        (json!({ "documents": [{ "kind": "lembar-disposisi", "title": " " }] }), "INVALID_INPUT", "documents.0.title"),
        (
            json!({ "documents": [{ "kind": "lembar-disposisi", "title": "x", "date": "2999-01-01" }] }),
            "INVALID_INPUT",
            "documents.0.date",
        ),
        (json!({ "note": "x".repeat(60_000) }), "INVALID_INPUT", "note"),
        (json!({ "disposition": { "instruction": "x" } }), "INVALID_INPUT", "disposition"),
        (json!({ "asset": { "attributes": {}, "secret": "12345678" } }), "INVALID_INPUT", "asset"),
    ] {
        let answer = tu.ask(execute, act(changes.clone())).await["executeStep"].clone();
        assert_eq!(answer["userErrors"][0]["code"], code, "{changes}: {answer}");
        let told: Vec<&str> =
            answer["userErrors"][0]["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        assert_eq!(told.join("."), path, "{changes}");
    }
    for id in ["UmVxdWVzdDoxMjM".to_owned(), String::new(), server.id_of("Asset", missing)] {
        assert_eq!(tu.refusal(execute, act(json!({ "requestId": id }))).await, "INVALID_INPUT", "{id}");
    }
    assert_eq!(tu.refusal(execute, act(json!({ "step": "3", "outcome": "dispose" }))).await, "FORBIDDEN");
    assert_eq!(opd.refusal(execute, act(json!({}))).await, "FORBIDDEN");
    let first = opd.ask(execute, act(json!({ "step": "1", "outcome": "submit" }))).await["executeStep"].clone();
    assert_eq!(first["userErrors"][0]["code"], "OUTCOME_NOT_AVAILABLE");
    assert!(first["userErrors"][0]["message"].as_str().is_some_and(|message| message.contains("resubmitRequest")));
    let done = tu.ask(execute, act(json!({}))).await["executeStep"].clone();
    assert_eq!(done["request"]["version"], 2, "nothing of all this had changed anything: {done}");
    let again = tu.ask(execute, act(json!({ "expectedVersion": 2 }))).await["executeStep"].clone();
    assert_eq!(again["userErrors"][0]["code"], "STEP_NOT_CURRENT");
    for wrong in
        [json!({ "unknown": 1 }), json!({ "expectedVersion": "two" }), json!({ "documents": [{ "title": "x" }] })]
    {
        let code = tu.refusal(execute, act(wrong.clone())).await;
        assert!(["INVALID_OPERATION", "INVALID_INPUT"].contains(&code.as_str()), "{wrong}: {code}");
    }
    let withdraw = "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "requestId": request.id, "reason": "Batal", "expectedVersion": 2 } });
    assert_eq!(opd.ask(withdraw, input.clone()).await["withdrawRequest"]["userErrors"], json!([]));
    let ended =
        tu.ask(execute, act(json!({ "expectedVersion": 3 }))).await["executeStep"]["userErrors"][0]["code"].clone();
    assert_eq!(ended, "REQUEST_ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_field_is_null_and_keeps_its_place() {
    let server = Server::with(SINGKAWANG);
    let token = server.person("tu").await.token().to_owned();
    let raw = async |query: &str| {
        let request = reqwest::Client::new().post(format!("{}/graphql", server.base())).bearer_auth(&token);
        request.json(&json!({ "query": query })).send().await.expect("an answer").text().await.expect("text")
    };
    let answer =
        raw("{ z: offices { key } a: assets(after: \"xx\") { nodes { name } } r: requests { nodes { number } } }")
            .await;
    let expected = r#"{"data":{"z":[{"key":"denpasar"},{"key":"singkawang"}],"a":null,"r":{"nodes":[]}},"errors":[{"#;
    assert!(answer.starts_with(expected), "{answer}");
    let alone = raw("{ a: assets(after: \"xx\") { nodes { name } } }").await;
    assert!(alone.starts_with(r#"{"data":{"a":null},"errors":"#), "{alone}");
    let inbox = raw("{ viewer { user { name } inbox(after: \"xx\") { totalCount } } }").await;
    assert!(inbox.starts_with(r#"{"data":{"viewer":{"user":{"name":"tu"},"inbox":null}},"#), "{inbox}");
}

#[tokio::test(flavor = "multi_thread")]
async fn costly_operations_and_slow_senders_are_cut_short() {
    use std::io::{Read, Write};
    let mut server = Server::with(&[]);
    let bomb: String = (0..30).map(|n| format!("fragment f{n} on Query {{ ...f{} ...f{} }} ", n + 1, n + 1)).collect();
    let bomb = format!("{{ ...f0 }} {bomb} fragment f30 on Query {{ __typename }}");
    let cycle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned();
    let wide: String = (0..200).map(|n| format!("a{n}: offices {{ key }} ")).collect();
    let schema: String = (0..200).map(|n| format!("a{n}: __schema {{ types {{ name }} }} ")).collect();
    assert_eq!(post(&server, query(&cycle), &[]).await, (200, "INVALID_OPERATION".to_owned()));
    for operation in [bomb, format!("{{ {wide} }}"), format!("{{ {schema} }}")] {
        assert_eq!(post(&server, query(&operation), &[]).await, (200, "LIMIT_EXCEEDED".to_owned()));
    }
    server.restart_with(&["--operation-seconds", "1"]);
    let address = server.base().trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut slow = std::net::TcpStream::connect(address).expect("a connection");
        let head =
            "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        slow.write_all(head.as_bytes()).expect("sent");
        let mut answer = [0; 4_096];
        let read = slow.read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    let answer = answer.await.expect("no panic");
    assert!(answer.starts_with("HTTP/1.1 504") && answer.contains("\"TIMEOUT\""), "{answer}");
}
