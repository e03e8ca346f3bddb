//! A storm of writers: several people act at once, over HTTP, until told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::acts::Cloud;
use crate::cast::{Cast, KADIS, OPD, TU};
use crate::harness::Server;
use crate::socket::Socket;

pub(super) const CAST: Cast<'static> = &[OPD, TU, KADIS];

const WRITERS: usize = 3;

/// Pause of a writer between requests: a client on a busy machine has to get some thirty acts in a second, not hundreds.
const PAUSE: Duration = Duration::from_millis(200);

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { done: submitRequest(input: $input) { request { id } \
    userErrors { code path } } }";
const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { done: executeStep(input: $input) { request { id } \
    userErrors { code path } } }";

/// The subscription of every client here.
pub(super) const EVENTS: &str =
    "subscription($after: String) { requestEvents(after: $after) { id cursor kind sequence version } }";

/// The writers.
pub(super) struct Storm {
    over: Arc<AtomicBool>,
    writers: Vec<JoinHandle<()>>,
}

/// A writer's state.
#[derive(Clone)]
struct Writer {
    http: reqwest::Client,
    url: String,
    tokens: Arc<Vec<(&'static str, String)>>,
}

impl Storm {
    /// Starts them at that address: they submit, forward and dispose requests.
    pub(super) async fn begin(server: &Server, base: &str) -> Self {
        let mut tokens = Vec::new();
        for (name, ..) in CAST {
            tokens.push((*name, server.person(name).await.token().to_owned()));
        }
        let over = Arc::new(AtomicBool::new(false));
        let writer = Writer { http: reqwest::Client::new(), url: format!("{base}/graphql"), tokens: Arc::new(tokens) };
        let writers = (0..WRITERS).map(|number| {
            let (writer, over) = (writer.clone(), over.clone());
            tokio::spawn(async move {
                let mut round = 0;
                while !over.load(Ordering::Relaxed) {
                    writer.write(&format!("{number}/{round}")).await;
                    round += 1;
                    tokio::time::sleep(PAUSE).await;
                }
            })
        });
        let writers = writers.collect();
        Self { over, writers }
    }

    /// Lets them finish their present acts.
    pub(super) async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.await.expect("a writer ends");
        }
    }
}

impl Writer {
    /// Takes one request its way.
    async fn write(&self, letter: &str) {
        let input = Cloud::letter(letter).key(letter).input();
        let request = self.act("opd", SUBMIT, input).await;
        let input = json!({
            "requestId": request, "step": "2", "outcome": "forward", "expectedVersion": 1, "idempotencyKey": letter,
            "documents": [{ "kind": "lembar-disposisi", "title": "Lembar", "number": "1" }],
        });
        self.act("tu", EXECUTE, input).await;
        let input = json!({
            "requestId": request, "step": "3", "outcome": "dispose", "expectedVersion": 2, "idempotencyKey": letter,
            "disposition": { "instruction": "Tindak lanjuti" },
        });
        self.act("kadis", EXECUTE, input).await;
    }

    /// Acts, again and again until there is an answer; the request's id.
    async fn act(&self, who: &str, query: &str, input: Value) -> Value {
        let token = &self.tokens.iter().find(|(name, _)| *name == who).expect("a person").1;
        loop {
            let sent = self.http.post(&self.url).bearer_auth(token);
            let sent = sent.json(&json!({ "query": query, "variables": { "input": input } })).send().await;
            let answer = match sent {
                Ok(response) => response.json::<Value>().await.ok(),
                Err(_) => None,
            };
            if let Some(answer) = answer {
                let id = answer["data"]["done"]["request"]["id"].clone();
                assert!(id.is_string(), "{who}: {answer:#}");
                return id;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A person's cursor at the end of the log.
pub(super) async fn cursor(server: &Server, token: &str) -> String {
    let answer = server.send(Some(token), "{ viewer { eventCursor } }", json!({})).await;
    answer["data"]["viewer"]["eventCursor"].as_str().expect("a cursor").to_owned()
}

/// The log from a cursor to its end, as a person sees it: as a subscription delivers it, and compared with the history of each
/// request.
pub(super) async fn log(server: &Server, token: &str, after: &str) -> Vec<Value> {
    let mut histories = Vec::new();
    let mut page = Value::Null;
    loop {
        let query = "query($after: String) { requests(first: 100, after: $after) { \
            nodes { events(first: 50) { nodes { id cursor kind sequence version } } } \
            pageInfo { hasNextPage endCursor } } }";
        let answer = server.send(Some(token), query, json!({ "after": page })).await;
        let requests = &answer["data"]["requests"];
        let nodes = requests["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        histories.extend(nodes.iter().map(|node| node["events"]["nodes"].as_array().expect("a list").clone()));
        if requests["pageInfo"]["hasNextPage"] != true {
            break;
        }
        page = requests["pageInfo"]["endCursor"].clone();
    }
    let mut socket = Socket::of(server, token).await;
    socket.subscribe("1", EVENTS, json!({ "after": after })).await;
    let mut told = Vec::new();
    for _ in 0..histories.iter().map(Vec::len).sum() {
        told.push(socket.told("1").await["requestEvents"].clone());
    }
    for history in histories {
        let ids: Vec<&Value> = history.iter().map(|event| &event["id"]).collect();
        let same: Vec<&Value> = told.iter().filter(|event| ids.contains(&&event["id"])).collect();
        assert_eq!(same, history.iter().collect::<Vec<_>>());
    }
    told
}
