//! Limits: each is told by its name, with what is taken and what was sent.

use serde_json::{Value, json};

use crate::harness::Server;

/// The answer to a body.
async fn sent(server: &Server, body: &Value) -> Value {
    let url = format!("{}/graphql", server.base());
    let answer = reqwest::Client::new().post(url).json(body).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

/// The limit that refuses an operation: its name, what is taken, and what was sent.
async fn refusal(server: &Server, query: &str) -> (String, u64, u64) {
    let answer = sent(server, &json!({ "query": query })).await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "LIMIT_EXCEEDED", "{answer}");
    assert!(answer.get("data").is_none_or(Value::is_null), "{answer}");
    let number = |name: &str| extensions[name].as_u64().unwrap_or_else(|| panic!("{answer}"));
    (extensions["limit"].as_str().unwrap_or_default().to_owned(), number("max"), number("actual"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_is_told_by_its_name_with_both_numbers() {
    let mut server = Server::with(&[]);
    let aliases: String = (0..501).map(|n| format!("a{n}: key ")).collect();
    let directives = "@include(if: true) ".repeat(201);
    let roots = "__typename ".repeat(101);
    let around = format!("{{ offices {{ {} key {} }} }}", "procedures { office {".repeat(8), "} }".repeat(8));
    let twice: String = (0..14).map(|n| format!("fragment f{n} on Query {{ ...f{} ...f{} }} ", n + 1, n + 1)).collect();
    for (operation, limit, max, actual) in [
        (format!("{}{}", "{a".repeat(65), "}".repeat(65)), "nesting", 64, 65),
        (format!("# {}", "x".repeat(100_000)), "bytes", 100_000, 100_002),
        (format!("{{ {} }}", "x".repeat(129)), "name", 128, 129),
        (format!("{{ {} }}", "a ".repeat(3_999)), "tokens", 4_000, 4_001),
        (format!("{{ offices {{ {} }} }}", "key ".repeat(2_000)), "fields", 2_000, 2_001),
        (
            format!("{{ {} {} {} }}", "... {".repeat(20), "__typename ".repeat(400), "}".repeat(20)),
            "fragments",
            8_000,
            8_400,
        ),
        (around, "depth", 16, 18),
        (format!("{{ offices {{ {aliases} }} }}"), "aliases", 500, 501),
        (format!("{{ offices {{ key {directives} }} }}"), "directives", 200, 201),
        (format!("{{ {roots} }}"), "rootFields", 100, 101),
    ] {
        assert_eq!(refusal(&server, &operation).await, (limit.to_owned(), max, actual));
    }
    let bomb = format!("{{ ...f0 }} {twice} fragment f14 on Query {{ __typename }}");
    let (limit, max, actual) = refusal(&server, &bomb).await;
    assert_eq!((limit.as_str(), max), ("fields", 2_000));
    assert!(actual > 16_384, "every spread counts: {actual}");

    let values = json!({ "query": "{ __typename }", "variables": { "ids": vec![1; 10_000] } });
    let answer = sent(&server, &values).await;
    let told = &answer["errors"][0]["extensions"];
    assert_eq!((&told["limit"], &told["max"], &told["actual"]), (&json!("values"), &json!(10_000), &json!(10_004)));

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
async fn a_cost_is_told_to_who_asks_and_to_nobody_else() {
    let server = Server::with(&[]);
    let query = "{ requests(first: 7) { nodes { id } } }";
    let told = sent(&server, &json!({ "query": query, "extensions": { "cost": true } })).await;
    assert_eq!(told["extensions"]["cost"], json!({ "cost": 15, "max": 50_000, "depth": 3 }), "{told}");
    for extensions in [json!({}), json!({ "cost": false }), json!({ "cost": "true" })] {
        let silent = sent(&server, &json!({ "query": "{ __typename }", "extensions": extensions })).await;
        assert_eq!(silent, json!({ "data": { "__typename": "Query" } }));
    }
}
