//! Hostile operations: each is refused, and costs the server less than an honest page does.
//!
//! The costs stand in `docs/performance.md`; `cargo test --release --test it hostile -- --nocapture` prints them. Only the answers
//! are asserted: the time is up to the machine.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::acts::Cloud;
use crate::cast::{Cast, OPD};
use crate::harness::Server;

const CAST: Cast<'static> = &[OPD];

/// How often each is sent, by turns with the others.
const ROUNDS: usize = 5;

/// An honest client's query: a page with the fields it shows.
const HONEST: &str = "{ requests(first: 20) { nodes { id number status procedure { title } currentVisit { step { key activity } dueAt } \
    visits { step { key } visit outcome { label } completedAt note performedBy { user { name } role { name } } } \
    documents { kind { name } title addedBy { user { name } } } submittedBy { name } } } }";

/// A body with an operation.
fn asking(query: impl Into<String>) -> String {
    json!({ "query": query.into() }).to_string()
}

/// A document of fragments, each with two spreads of the next.
fn bomb(doublings: usize) -> String {
    let twice = |at: usize| format!("fragment f{at} on Query {{ ...f{0} ...f{0} }} ", at + 1);
    let all: String = (0..doublings).map(twice).collect();
    format!("{{ ...f0 }} {all} fragment f{doublings} on Query {{ offices {{ key }} }}")
}

/// A document with a field of an interface that each of its four types merges with another one, within each other.
pub(crate) fn fragments_by_type(levels: usize) -> String {
    let types = ["CloudAccount", "Subdomain", "ServerPlacement", "GenericAsset"];
    let each: String = types.iter().map(|of| format!("... on {of} {{ request {{ a{of}: id }} }} ")).collect();
    let asset = (0..levels).fold("id".to_owned(), |asset, _| format!("request {{ id assets {{ {asset} }} }} {each}"));
    format!("{{ assets(first: 1) {{ nodes {{ {asset} }} }} }}")
}

/// A document with a fragment of so many fields, spread twice.
pub(crate) fn spread_twice(fields: usize) -> String {
    format!("{{ offices {{ ...f ...f }} }} fragment f on Office {{ {} }}", "key ".repeat(fields))
}

/// The hostile operations: name, body, and the code of the refusal.
fn hostile() -> Vec<(&'static str, String, &'static str)> {
    let numbered = |count: usize, each: &str| (0..count).map(|n| each.replace('#', &n.to_string())).collect::<String>();
    let around = |inner: String| format!("{{ offices {{ {inner} }} }}");
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let long = "n".repeat(120);
    let cycle = |length: usize| {
        let next = |at: usize| format!("fragment f{at} on Query {{ ...f{} }} ", (at + 1) % length);
        (0..length).map(next).fold("{ ...f0 } ".to_owned(), |all, one| format!("{all}{one}"))
    };
    let (limit, invalid) = ("LIMIT_EXCEEDED", "INVALID_OPERATION");
    vec![
        ("10,000 aliases", asking(around(numbered(10_000, "a#: key "))), limit),
        ("660 aliases", asking(around(numbered(660, "a#: key "))), limit),
        ("50,000 directives", asking(format!("{{ __typename {} }}", "@include(if: true) ".repeat(50_000))), limit),
        ("280 directives", asking(format!("{{ __typename {} }}", "@include(if: true) ".repeat(280))), limit),
        ("990 directives that do not exist", asking(format!("{{ __typename {} }}", "@a ".repeat(990))), limit),
        ("5,000 deep", asking(format!("{}{}", "{a".repeat(5_000), "}".repeat(5_000))), limit),
        ("60 deep", asking(format!("{}{{ id }}{}", "{ office ".repeat(60), "}".repeat(60))), limit),
        ("a fragment that leads to itself", asking("{ ...f } fragment f on Query { ...f ...f }"), invalid),
        ("a cycle of 60 fragments", asking(cycle(60)), invalid),
        ("1 MB of tokens", asking("a ".repeat(500_000)), limit),
        ("1 MB of punctuation", asking("{}".repeat(500_000)), limit),
        ("1 MB of comment", asking(format!("# {}\n{{ __typename }}", "x".repeat(1_000_000))), limit),
        ("1 MB of strings without an end", asking("\"\\".repeat(250_000)), limit),
        ("10,000 times one field", asking(around("key ".repeat(10_000))), limit),
        ("1,900 times one field, spread twice", asking(spread_twice(1_900)), limit),
        ("fields that each of four types merges by itself, 6 deep", asking(fragments_by_type(6)), limit),
        (
            "conflicting arguments",
            asking(around(numbered(140, "e: events(first: #) { pageInfo { endCursor } } "))),
            invalid,
        ),
        (
            "1,900 unknown fields with long names",
            asking(around(numbered(1_900, &format!("{}# ", &long[..100])))),
            limit,
        ),
        ("600 unknown fields with long names", asking(around(numbered(600, &format!("{}# ", &long[..100])))), invalid),
        (
            "650 unknown arguments",
            asking(format!("{{ requests({}) {{ totalCount }} }}", numbered(650, "nothing#: 1 "))),
            invalid,
        ),
        ("990 unknown fragments", asking(format!("{{ {} }}", numbered(990, "...f# "))), invalid),
        ("390 operations", asking(numbered(390, "query q# { __typename } ")), invalid),
        (
            "200 operations of 200 fields by a fragment",
            asking(format!(
                "{} fragment f on Query {{ offices {{ {} }} }}",
                numbered(200, "query q# { ...f } "),
                "key ".repeat(200)
            )),
            limit,
        ),
        ("500 fields that conflict", asking(around(numbered(250, "a: key a: name "))), invalid),
        ("a name of 1 MB", asking(format!("{{ {} }}", "n".repeat(1_000_000))), limit),
        ("a name of 60 kB", asking(format!("{{ {} }}", "n".repeat(60_000))), limit),
        ("a fragment bomb, 2 to the 14", asking(bomb(14)), limit),
        ("a fragment bomb, 2 to the 100", asking(bomb(100)), limit),
        ("100,000 ids", json!({ "query": nodes, "variables": { "ids": vec!["x"; 100_000] } }).to_string(), limit),
        ("4,900 ids", json!({ "query": nodes, "variables": { "ids": vec!["x"; 4_900] } }).to_string(), "INVALID_INPUT"),
        (
            "1 MB in a variable",
            json!({ "query": nodes, "variables": { "ids": "x".repeat(1_000_000) } }).to_string(),
            limit,
        ),
        (
            "a long text in a variable of another type",
            json!({ "query": nodes, "variables": { "ids": { "a": "x".repeat(60_000) } } }).to_string(),
            invalid,
        ),
        (
            "lists 100,000 deep in a variable",
            format!("{{\"query\":\"{{ __typename }}\",\"variables\":{{\"a\":{}", "[".repeat(100_000)),
            limit,
        ),
        (
            "lists 100 deep in a variable",
            format!(
                "{{\"query\":\"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id }} }}\",\"variables\":{{\"ids\":{}{}}}}}",
                "[".repeat(100),
                "]".repeat(100)
            ),
            invalid,
        ),
        ("a batch of 20,000", json!(vec![json!({ "query": "{ __typename }" }); 20_000]).to_string(), limit),
        (
            "a page of pages",
            asking(
                "{ requests(first: 100) { nodes { events(first: 100) { nodes { request { events(first: 100) { nodes { id } } } } } } } }",
            ),
            limit,
        ),
        ("the schema 200 times", asking(format!("{{ {} }}", numbered(200, "a#: __schema { types { name } } "))), limit),
    ]
}

/// The run time of a process's threads, if its system tells.
fn run_time(process: u32) -> Option<Duration> {
    let threads = std::fs::read_dir(Path::new("/proc").join(process.to_string()).join("task")).ok()?;
    let of_thread = |path: std::path::PathBuf| -> Option<u64> {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    let all: u64 = threads.filter_map(|thread| of_thread(thread.ok()?.path())).sum();
    (all > 0).then(|| Duration::from_nanos(all))
}

/// The answer to a body, and its cost to the server: the run time of its threads, or the caller's wait.
async fn sent(server: &Server, client: &reqwest::Client, token: &str, body: &str) -> (Value, Duration) {
    let url = format!("{}/graphql", server.base());
    let call = client.post(url).bearer_auth(token).header("content-type", "application/json").body(body.to_owned());
    let (before, begun) = (run_time(server.process()), Instant::now());
    let answer = call.send().await.expect("an answer").json().await.expect("JSON");
    let (waited, after) = (begun.elapsed(), run_time(server.process()));
    (answer, after.zip(before).map_or(waited, |(after, before)| after.saturating_sub(before)))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusing_a_hostile_operation_costs_less_than_an_honest_page() {
    let server = Server::with(CAST);
    let opd = server.person("opd").await;
    for letter in 0..20 {
        opd.submit(Cloud::letter(format!("005/{letter}"))).await;
    }
    let (client, hostile, honest) = (reqwest::Client::new(), hostile(), asking(HONEST));
    let mut costs = vec![Vec::new(); hostile.len()];
    let (mut honest_costs, mut wrong) = (Vec::new(), BTreeSet::new());
    for _ in 0..ROUNDS {
        for ((name, body, code), costs) in hostile.iter().zip(&mut costs) {
            let (answer, cost) = sent(&server, &client, opd.token(), body).await;
            let told = answer.to_string();
            if answer["errors"][0]["extensions"]["code"] != *code || told.len() > 10_000 {
                wrong.insert(format!("{name}: {} bytes, {told:.300}", told.len()));
            }
            costs.push(cost);
            let (page, cost) = sent(&server, &client, opd.token(), &honest).await;
            assert_eq!(page["data"]["requests"]["nodes"].as_array().map(Vec::len), Some(20), "{page}");
            honest_costs.push(cost);
        }
    }
    let page = median(honest_costs);
    println!("| operation | code | to an honest page |\n|---|---|---|");
    for ((name, _, code), costs) in hostile.iter().zip(costs) {
        println!("| {name} | `{code}` | {:.2} |", median(costs) / page);
    }
    println!("\nAn honest page takes {:.1} ms here.", page * 1000.0);
    assert!(wrong.is_empty(), "each is told its code, and little is said of much: {wrong:#?}");
}
