//! Limits: each refusal has the limit's name, its bound and the actual number.

use serde_json::{Value, json};

use crate::cast::SINGKAWANG;
use crate::harness::{Server, now};
use crate::hostile;
use crate::socket::Socket;

/// The answer to a body.
async fn sent(server: &Server, body: &Value) -> Value {
    let url = format!("{}/graphql", server.base());
    let answer = reqwest::Client::new().post(url).json(body).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

/// The limit that refuses an operation: its name, its bound, and the actual number.
async fn refusal(server: &Server, query: &str) -> (String, u64, u64) {
    let answer = sent(server, &json!({ "query": query })).await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "LIMIT_EXCEEDED", "{answer}");
    assert!(answer.get("data").is_none_or(Value::is_null), "{answer}");
    let number = |name: &str| extensions[name].as_u64().unwrap_or_else(|| panic!("{answer}"));
    (extensions["limit"].as_str().unwrap_or_default().to_owned(), number("max"), number("actual"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_is_named_with_its_bound_and_the_actual_number() {
    let mut server = Server::with(&[]);
    let aliases: String = (0..501).map(|n| format!("a{n}: key ")).collect();
    let directives = "@include(if: true) ".repeat(201);
    let roots = "__typename ".repeat(101);
    let around = format!("{{ offices {{ {} key {} }} }}", "procedures { office {".repeat(8), "} }".repeat(8));
    let twice: String = (0..14).map(|n| format!("fragment f{n} on Query {{ ...f{} ...f{} }} ", n + 1, n + 1)).collect();
    for (operation, limit, max, actual) in [
        (format!("{}{}", "{a".repeat(65), "}".repeat(65)), "nesting", 64, 65),
        (format!("# {}", "x".repeat(65_535)), "bytes", 65_536, 65_537),
        (format!("{{ {} }}", "x".repeat(129)), "name", 128, 129),
        (format!("{{ {} }}", "a ".repeat(1_999)), "tokens", 2_000, 2_001),
        (hostile::spread_twice(999), "fields", 2_000, 2_001),
        (hostile::fragments_by_type(6), "fragments", 4_500, 4_501),
        (around, "depth", 16, 18),
        (format!("{{ offices {{ {aliases} }} }}"), "aliases", 500, 501),
        (format!("{{ offices {{ key {directives} }} }}"), "directives", 200, 201),
        (format!("{{ {roots} }}"), "rootFields", 100, 101),
    ] {
        assert_eq!(refusal(&server, &operation).await, (limit.to_owned(), max, actual));
    }
    for within in [
        format!("{{ __typename }}{}", " ".repeat(65_536 - 14)),
        format!("{{ offices {{ {} }} }}", "key ".repeat(1_995)),
        hostile::spread_twice(998),
    ] {
        let answer = sent(&server, &json!({ "query": within })).await;
        assert!(answer["data"].is_object() && answer["errors"].is_null(), "{within:.60}: {answer:.300}");
    }
    let bomb = format!("{{ ...f0 }} {twice} fragment f14 on Query {{ __typename }}");
    let (limit, max, actual) = refusal(&server, &bomb).await;
    assert_eq!((limit.as_str(), max), ("fields", 2_000));
    assert!(actual > 16_384, "every spread counts: {actual}");

    let values = json!({ "query": "{ __typename }", "variables": { "ids": vec![1; 5_000] } });
    let answer = sent(&server, &values).await;
    let told = &answer["errors"][0]["extensions"];
    assert_eq!((&told["limit"], &told["max"], &told["actual"]), (&json!("values"), &json!(5_000), &json!(5_004)));
    let ones = vec!["1"; 10_000].join(",");
    let url = format!("{}/graphql?query=%7B__typename%7D&variables=%7B%22ids%22:[{ones}]%7D", server.base());
    let answer: Value = reqwest::get(url).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["errors"][0]["extensions"]["limit"], "values", "by GET too: {answer}");

    server.restart_with(&["--complexity-limit", "3", "--depth-limit", "3", "--token-limit", "50"]);
    assert_eq!(refusal(&server, "{ offices { procedures { office { key } } } }").await, ("depth".to_owned(), 3, 4));
    let offices = json!({ "query": "{ offices { key name } }", "extensions": { "cost": true } });
    let answer = sent(&server, &offices).await;
    let cost = &answer["extensions"]["cost"];
    assert_eq!((&cost["max"], &cost["depth"]), (&json!(3), &json!(2)), "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["limit"], "cost", "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["actual"], cost["cost"], "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_reported_on_request_only() {
    let server = Server::with(&[]);
    let query = "{ requests(first: 7) { nodes { id } } }";
    let told = sent(&server, &json!({ "query": query, "extensions": { "cost": true } })).await;
    assert_eq!(told["extensions"]["cost"], json!({ "cost": 15, "max": 50_000, "depth": 3 }), "{told}");
    // Without a size, a page has its default.
    let query = "query($first: Int) { requests(first: $first) { nodes { id } } }";
    let told = sent(&server, &json!({ "query": query, "extensions": { "cost": true } })).await;
    assert_eq!(told["extensions"]["cost"]["cost"], 41, "{told}");
    for extensions in [json!({}), json!({ "cost": false }), json!({ "cost": "true" })] {
        let silent = sent(&server, &json!({ "query": "{ __typename }", "extensions": extensions })).await;
        assert_eq!(silent, json!({ "data": { "__typename": "Query" } }));
    }
}

/// A call with or without a token: its status, its rate-limit headers, and its answer.
async fn call(server: &Server, token: Option<&str>, body: &Value) -> (u16, [String; 3], Value) {
    let call = reqwest::Client::new().post(format!("{}/graphql", server.base())).header("accept-language", "id");
    let call = token.iter().fold(call.json(body), |call, token| call.bearer_auth(token));
    let answer = call.send().await.expect("an answer");
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().expect("text")).to_owned();
    let headers = ["ratelimit-policy", "ratelimit", "retry-after"].map(header);
    (answer.status().as_u16(), headers, answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_limit_answers_with_retry_after() {
    let mut server = Server::with(SINGKAWANG);
    let few = ["--person-rate", "1", "--person-burst", "3", "--address-rate", "1", "--address-burst", "6"];
    server.restart_with(&[&few[..], &["--key-rate", "1", "--key-burst", "2", "--batch-limit", "5"]].concat());
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let asked = json!({ "query": "{ viewer { user { id } } }" });
    let key = "mutation($ends: DateTime!) { createApiKey(input: { name: \"skrip\", scopes: [READ_STATUS], expiresAt: $ends }) \
        { key } }";
    let soon = now() + chrono::TimeDelta::days(1);
    let made = tu.ask(key, json!({ "ends": soon })).await["createApiKey"]["key"].clone();
    for left in [2, 1, 0] {
        let (status, [policy, standing, retry], _) = call(&server, Some(opd.token()), &asked).await;
        assert_eq!((status, policy.as_str(), retry.as_str()), (200, "\"person\";q=3;w=180", ""));
        assert!(standing.starts_with(&format!("\"person\";r={left};t=")), "{standing}");
    }
    let (status, [_, standing, retry], answer) = call(&server, Some(opd.token()), &asked).await;
    assert_eq!(status, 429, "{answer}");
    assert!(standing.starts_with("\"person\";r=0;t="), "{standing}");
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(error["extensions"]["retryAfter"].to_string(), retry);
    assert!((1..=60).contains(&retry.parse::<u32>().expect("seconds")), "{retry}");
    assert!(error["message"].as_str().is_some_and(|message| message.starts_with("Anda mengirim")), "{error}");

    let mut socket = Socket::of(&server, opd.token()).await;
    socket.subscribe("1", "{ viewer { user { id } } }", json!({})).await;
    let refused = socket.receive().await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED", "{refused}");
    assert!(refused["payload"][0]["extensions"]["retryAfter"].is_u64(), "{refused}");

    // Another person has a bucket of their own, and their key has another within it.
    let (status, [_, standing, retry], _) = call(&server, Some(tu.token()), &json!([asked, asked, asked])).await;
    assert_eq!((status, standing.as_str()), (429, ""), "of three, which are refused together, nobody knows");
    assert!(!retry.is_empty());
    for left in [1, 0] {
        let (status, [policy, standing, _], _) = call(&server, made.as_str(), &asked).await;
        assert_eq!((status, policy.as_str()), (200, "\"key\";q=2;w=120"));
        assert!(standing.starts_with(&format!("\"key\";r={left};t=")), "{standing}");
    }
    assert_eq!(call(&server, made.as_str(), &asked).await.0, 429);
    let (status, [policy, ..], _) = call(&server, Some(tu.token()), &asked).await;
    assert_eq!((status, policy.as_str()), (429, "\"person\";q=3;w=180"), "more keys are no more calls");

    // Two have signed in from here; four more are nobody's, whatever they bring.
    for _ in 0..2 {
        assert_eq!(call(&server, Some("x"), &asked).await.0, 401);
        assert_eq!(call(&server, None, &json!({ "query": 1 })).await.0, 400);
    }
    assert_eq!(call(&server, Some("x"), &asked).await.0, 429);
    let (status, [policy, ..], _) = call(&server, None, &json!({ "query": "{ __typename }" })).await;
    assert_eq!((status, policy.as_str()), (429, "\"address\";q=6;w=360"));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_operations_are_limited_per_person() {
    let server = Server::with_flags(SINGKAWANG, &["--person-sockets", "2", "--person-operations", "3"]);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let events = "subscription { requestEvents { id } }";
    let (mut one, mut two) = (Socket::of(&server, opd.token()).await, Socket::of(&server, opd.token()).await);
    let mut three = Socket::open(&server, Some("graphql-transport-ws"), &[]).await;
    three.send(json!({ "type": "connection_init", "payload": { "token": opd.token() } })).await;
    assert_eq!(three.closed().await, 4430);
    // Anonymous callers share a bucket by address.
    let mut nobody = Vec::new();
    for told in [json!({ "type": "connection_ack" }), json!({ "type": "connection_ack" }), json!({ "close": 4430 })] {
        let mut socket = Socket::open(&server, Some("graphql-transport-ws"), &[]).await;
        socket.send(json!({ "type": "connection_init" })).await;
        let answer = socket.receive().await;
        assert!(answer == told || answer["close"] == told["close"] && told["close"] == 4430, "{answer}, not {told}");
        nobody.push(socket);
    }
    drop(nobody);
    let mut other = Socket::of(&server, tu.token()).await;
    let alive = async |socket: &mut Socket| {
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.receive().await, json!({ "type": "pong" }), "what came before was taken");
    };
    one.subscribe("1", events, json!({})).await;
    one.subscribe("2", events, json!({})).await;
    alive(&mut one).await;
    two.subscribe("3", events, json!({})).await;
    two.subscribe("4", events, json!({})).await;
    let refused = two.receive().await;
    assert_eq!(refused["id"], "4", "{refused}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "TOO_MANY_OPERATIONS", "{refused}");
    let url = format!("{}/graphql", server.base());
    let stream = reqwest::Client::new().post(url).bearer_auth(opd.token()).header("accept", "text/event-stream");
    let stream =
        stream.json(&json!({ "query": events })).send().await.expect("an answer").text().await.expect("its end");
    assert!(stream.contains("TOO_MANY_OPERATIONS"), "{stream}");
    other.subscribe("1", events, json!({})).await;
    alive(&mut other).await;
    two.send(json!({ "type": "complete", "id": "3" })).await;
    two.subscribe("5", events, json!({})).await;
    alive(&mut two).await;
}
