//! Number of SQL statements of an operation: the same for a page of 5 and of 100.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::acts::{Cloud, cloud_way, dispose, mutation, play};
use crate::cast::SINGKAWANG;
use crate::database::{self, Engine};
use crate::harness::{Server, command, eventually, with};

/// A second server on the same data, with its statements read from its log.
pub(crate) struct Listened {
    child: Child,
    url: String,
    heard: Arc<Mutex<Heard>>,
}

/// What the log says: statements, and the number of calls answered.
#[derive(Default)]
struct Heard {
    statements: Vec<String>,
    answered: usize,
}

impl Drop for Listened {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Listened {
    /// Starts it, and asks once as somebody: the statements of the start are none of an operation's.
    pub(crate) async fn beside(server: &Server, token: &str) -> Self {
        Self::beside_with(server, token, &[]).await
    }

    /// The same, with flags.
    pub(crate) async fn beside_with(server: &Server, token: &str, flags: &[&str]) -> Self {
        let mut child = command(&server.path(), server.folders())
            .args([
                "--log",
                "off,sqlx::query=debug,tower_http=debug,disposisi=info",
                "--log-format",
                "json",
                "serve",
                "--listen",
                "127.0.0.1:0",
            ])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("standard output")).read_line(&mut line).expect("it says where");
        let url = line.trim().strip_prefix("serving ").expect("the address").to_owned();
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let (log, into) = (BufReader::new(child.stderr.take().expect("the log")), heard.clone());
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).expect("a line of the log is JSON");
                // Background work stands in a span of its own.
                let by_itself = matches!(event["span"]["name"].as_str(), Some("read_log" | "background"));
                let mut heard = into.lock().expect("no panic");
                if !by_itself && !event["fields"]["summary"].is_null() {
                    // A long one stands in a field of its own, its beginning in the summary.
                    let [whole, summary] = ["db.statement", "summary"].map(|field| event["fields"][field].as_str());
                    let text = whole.filter(|text| !text.is_empty()).or(summary).expect("a statement");
                    heard.statements.push(text.trim().to_owned());
                } else if event["fields"]["message"] == "finished processing request" {
                    heard.answered += 1;
                }
            }
        });
        let listened = Self { child, url, heard };
        listened.statements(token, "{ offices { key } }", json!({})).await;
        listened
    }

    /// The statements of an operation that must not fail, but for those of opening a connection.
    pub(crate) async fn statements(&self, token: &str, query: &str, variables: Value) -> (Value, Vec<String>) {
        let (answer, statements) = self.hear(token, query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        (answer["data"].clone(), statements)
    }

    /// The whole answer to an operation, and its statements.
    pub(crate) async fn hear(&self, token: &str, query: &str, variables: Value) -> (Value, Vec<String>) {
        *self.heard.lock().expect("no panic") = Heard::default();
        let request = reqwest::Client::new().post(&self.url).bearer_auth(token);
        let answer = request.json(&json!({ "query": query, "variables": variables })).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        // The log is written before the answer; its reader may be a moment behind.
        eventually(|| "the log has no answer".to_owned(), async || self.heard.lock().expect("no panic").answered > 0)
            .await;
        let heard = std::mem::take(&mut *self.heard.lock().expect("no panic"));
        let ours = |statement: &String| !["BEGIN", "ROLLBACK", "PRAGMA"].iter().any(|no| statement.contains(no));
        (answer, heard.statements.into_iter().filter(ours).collect())
    }
}

const PAGE: &str = "query($first: Int) { requests(first: $first) { nodes { id number status procedure { title version } \
    currentVisit { step { key activity } dueAt } visits { step { key } visit outcome { label } completedAt note \
    performedBy { user { name } role { name } } } dispositions { instruction from { user { name } } toRole { name } } \
    documents { kind { name } title addedBy { user { name } } } assets { id name status attributes } \
    submittedBy { name } } } }";

const INBOX: &str = "query($first: Int) { viewer { inbox(first: $first) { edges { node { number letter { subject } agency { name } } \
    actions { kind step { key } outcomes { key label } recipients { name } } waitingSince dueAt } } } }";

const EVENTS: &str = "query($first: Int) { requests(first: $first) { nodes { number events(last: 3) { nodes { kind sequence \
    actor { user { name } } } } } } }";

const CLOSED: &str = "query($first: Int) { requests(first: $first) { nodes { number availableActions { kind } closedActions { kind \
    step { key } reasons message awaited { step { key } roles { name } people { name } } needs { records { name } \
    signatures { document { name } roles { name } } } } } } }";

const DEEP: &str = "query($first: Int) { requests(first: $first) { nodes { documents { signatures { by { user { name } } } } \
    dispositions { reads { by { user { name } } } } assets { ... on CloudAccount { credential { state recipient { name } } } } \
    submissions { by { user { name } } letter { number } } agency { name } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_statements_does_not_grow_with_the_page() {
    let server = Server::with(SINGKAWANG);
    let people = server.everybody(SINGKAWANG).await;
    let mut ids = Vec::new();
    for letter in 0..100 {
        let request = people["opd"].submit(Cloud::letter(format!("005/{letter}"))).await;
        let acts = if letter % 3 == 0 { 5 } else { 2 };
        play(&people, &request.number, &cloud_way(&format!("akun{letter}"))[..acts]).await;
        ids.push(request.id);
    }
    let nothing_known = ["--cache-bytes", "0"];
    let listened = Listened::beside_with(&server, people["kadis"].token(), &nothing_known).await;
    // The most statements of a page, its inbox, its events, and everything deeper.
    for (name, who, query, most) in [
        ("page", "kadis", PAGE, 7),
        ("inbox", "kabid", INBOX, 7),
        ("events", "kadis", EVENTS, 4),
        ("deep", "kadis", DEEP, 11),
        ("closed", "kabid", CLOSED, 6),
    ] {
        let token = people[who].token();
        let mut counts = Vec::new();
        for first in [5, 100] {
            let (answer, statements) = listened.statements(token, query, json!({ "first": first })).await;
            let entries = answer["requests"]["nodes"].as_array().or(answer["viewer"]["inbox"]["edges"].as_array());
            assert!(entries.expect("a page").len() >= 5, "{name}");
            counts.push(statements);
        }
        assert_eq!(counts[0].len(), counts[1].len(), "{name}: {:#?}", counts[1]);
        assert!(counts[1].len() <= most, "{name} takes {} statements: {:#?}", counts[1].len(), counts[1]);
    }
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Request { number visits { visit } assets { name } submittedBy { name } } } }";
    let token = people["kadis"].token();
    let few = listened.statements(token, nodes, json!({ "ids": ids[..5] })).await.1;
    let many = listened.statements(token, nodes, json!({ "ids": ids })).await.1;
    assert_eq!(few.len(), many.len(), "{many:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_takes_few_statements() {
    let server = Server::with(SINGKAWANG);
    let people = server.everybody(SINGKAWANG).await;
    let request = people["opd"].submit(Cloud::default()).await;
    play(&people, &request.number, &cloud_way("akun")[..1]).await;
    let kadis = people["kadis"].token();
    let listened = Listened::beside(&server, kadis).await;
    let read = "query($number: String!) { request(number: $number) { id version } }";
    let (seen, statements) = listened.statements(kadis, read, json!({ "number": request.number })).await;
    assert!(statements.len() <= 1, "a request takes {} statements: {statements:#?}", statements.len());
    let input = with(
        json!({
            "requestId": seen["request"]["id"], "expectedVersion": seen["request"]["version"],
            "step": "3", "outcome": "dispose", "idempotencyKey": "once",
        }),
        dispose(),
    );
    let act = mutation("executeStep", "request { id status version }");
    let (answer, statements) = listened.statements(kadis, &act, json!({ "input": input })).await;
    assert_eq!(answer["executeStep"]["userErrors"], json!([]), "{answer}");
    let most = if database::engine() == Engine::Postgres { 18 } else { 8 };
    assert!(statements.len() <= most, "an act takes {} statements: {statements:#?}", statements.len());
}
