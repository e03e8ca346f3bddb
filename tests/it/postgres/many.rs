//! Several instances behind one database, in a storm: writers on all, subscribers on all; one is killed, the database is
//! restarted. In the end every follower has every visible event, once and in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::acts::submission;
use super::empty::{Empty, said};
use super::instance::Instance;
use crate::cast::{AUDITOR, CHIEF, Cast, KADIS, OPD, OTHER, TU, WAYAN};
use crate::harness::eventually;
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD, CHIEF, OTHER, TU, KADIS, AUDITOR, WAYAN];

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id number version } \
    userErrors { code } } }";
const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } \
    userErrors { code } } }";
const EVENTS: &str = "subscription($after: String) { requestEvents(after: $after) { id cursor kind } }";

/// How many requests each writer takes on.
const REQUESTS: usize = 25;

/// The addresses of the running instances.
#[derive(Clone)]
struct Addresses(Arc<Mutex<Vec<String>>>);

impl Addresses {
    /// One of them, another each time.
    fn one(&self, turn: usize) -> String {
        let all = self.0.lock().expect("no panic");
        all[turn % all.len()].clone()
    }

    fn forget(&self, base: &str) {
        self.0.lock().expect("no panic").retain(|known| known != base);
    }
}

/// The answer to a mutation, repeated with the same key until there is one.
async fn act(addresses: &Addresses, turn: usize, token: &str, query: &str, variables: &Value) -> Value {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
    for attempt in 0..200 {
        let url = format!("{}/graphql", addresses.one(turn + attempt));
        let body = json!({ "query": query, "variables": variables });
        let answer = http.post(url).bearer_auth(token).json(&body).send().await;
        if let Ok(answer) = answer
            && let Ok(answer) = answer.json::<Value>().await
            && answer.get("errors").is_none()
        {
            return answer["data"].clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody answers");
}

/// Submits request after request, and forwards each; counts them.
async fn write(addresses: Addresses, number: usize, opd: String, tu: String, done: Arc<AtomicUsize>) {
    for request in 0..REQUESTS {
        let letter = format!("W{number}/{request}");
        let submitted = act(&addresses, number + request, &opd, SUBMIT, &submission(&letter)).await;
        let submitted = &submitted["submitRequest"]["request"];
        assert!(submitted["id"].is_string(), "{submitted}");
        let forward = json!({ "input": {
            "requestId": submitted["id"], "step": "2", "outcome": "forward", "expectedVersion": submitted["version"],
            "idempotencyKey": letter, "documents": [{ "kind": "lembar-disposisi", "title": "Lembar", "number": "1" }],
        } });
        let forwarded = act(&addresses, number + request + 1, &tu, EXECUTE, &forward).await;
        assert_eq!(forwarded["executeStep"]["userErrors"], json!([]), "{forwarded}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Follows from a cursor on, by any of the instances, and reconnects whenever it is cut off, until it has been told as many events
/// as there are at last for this person. Returns the events.
async fn follow(
    addresses: Addresses,
    turn: usize,
    token: String,
    begin: Value,
    mut all: watch::Receiver<Option<usize>>,
) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    for attempt in 0.. {
        let base = addresses.one(turn + attempt);
        let Some(mut socket) = Socket::try_at(&base, &token).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let after = told.last().map_or(&begin, |event| &event["cursor"]);
        socket.subscribe("1", EVENTS, json!({ "after": after })).await;
        while all.borrow().is_none_or(|all| told.len() < all) {
            let message = tokio::select! {
                message = socket.receive_within(Duration::from_secs(600)) => message.expect("the end of a test"),
                _ = all.changed() => continue,
            };
            // Cut off, or refused while the database is away: once more.
            if message["type"] != "next" {
                break;
            }
            told.push(message["payload"]["data"]["requestEvents"].clone());
        }
        if all.borrow().is_some_and(|all| told.len() >= all) {
            let more = socket.receive_within(Duration::from_millis(300)).await;
            assert!(more.is_none_or(|message| message["type"] != "next"), "nothing comes twice");
            break;
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn every_event_is_delivered_once_through_crashes_and_restarts() {
    let mut world = Empty::new("disposisi");
    world.begin(CAST);
    let mut instances: Vec<Instance> =
        (0..3).map(|index| Instance::start(world.command("data"), &world.data(&format!("{index}.log")))).collect();
    let addresses = Addresses(Arc::new(Mutex::new(instances.iter().map(|one| one.base().to_owned()).collect())));
    let mut tokens = BTreeMap::new();
    for (name, ..) in CAST {
        tokens.insert(*name, instances[0].sign_in(name).await);
    }
    let viewer = instances[0].send(&tokens["tu"], "{ viewer { eventCursor } }", json!({})).await;
    let begin = viewer["data"]["viewer"]["eventCursor"].clone();

    let mut followers = Vec::new();
    for (name, token) in &tokens {
        let (end, all) = watch::channel(None);
        let follows = |turn| tokio::spawn(follow(addresses.clone(), turn, token.clone(), begin.clone(), all.clone()));
        followers.push((*name, end, [0, 1, 2].map(follows)));
    }
    let done = Arc::new(AtomicUsize::new(0));
    let until_done = async |count: usize| {
        eventually(|| "nothing is written".to_owned(), async || done.load(Ordering::Relaxed) >= count).await;
    };
    let (opd, tu) = (&tokens["opd"], &tokens["tu"]);
    let write = |number| tokio::spawn(write(addresses.clone(), number, opd.clone(), tu.clone(), done.clone()));
    let writers = [0, 1, 2].map(write);
    until_done(REQUESTS / 2).await;
    // One is killed in the middle of its work.
    let killed = instances.remove(0);
    addresses.forget(killed.base());
    drop(killed);
    until_done(REQUESTS).await;
    world.cluster.stop();
    eventually(|| "the database is gone".to_owned(), async || !instances[0].is_ready().await).await;
    world.cluster.start();
    for writer in join_all(writers).await {
        writer.expect("all was written");
    }

    let written = 3 * REQUESTS * 6;
    let page = "{ requests(first: 100) { nodes { events(first: 100) { nodes { id } } } } }";
    for (name, end, following) in followers {
        let page = instances[0].send(&tokens[name], page, json!({})).await;
        let requests = page["data"]["requests"]["nodes"].as_array().expect("requests").iter();
        let all = requests.map(|request| request["events"]["nodes"].as_array().map_or(0, Vec::len)).sum::<usize>();
        match name {
            "auditor" | "kadis" => assert_eq!(all, written, "{name}: each request had six events"),
            "other" | "wayan" => assert_eq!(all, 0, "{name}"),
            _ => assert!(all > 3 * REQUESTS, "{name}"),
        }
        end.send_replace(Some(all));
        let (_end, over) = watch::channel(Some(all));
        let read = follow(addresses.clone(), 0, tokens[name].clone(), begin.clone(), over).await;
        for following in join_all(following).await {
            assert_eq!(following.expect("it followed"), read, "{name}");
        }
    }
    for instance in &instances {
        assert!(!instance.log().contains("panicked"), "{}", instance.log());
    }
    let verified = world.run("data", &["audit", "verify"]);
    assert!(said(&verified).contains("nothing was touched"), "{}", said(&verified));
}
