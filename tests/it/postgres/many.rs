//! Several instances behind one database, in a storm: writers on all, subscribers on all; one is killed, the database is
//! restarted. In the end everybody was told all that they may read, once and in order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::acts::submission;
use super::empty::{Empty, said};
use super::instance::Instance;
use crate::cast::{AUDITOR, CHIEF, Cast, KADIS, OPD, OTHER, TU, WAYAN};
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD, CHIEF, OTHER, TU, KADIS, AUDITOR, WAYAN];

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id number version } \
    userErrors { code } } }";
const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } \
    userErrors { code } } }";
const EVENTS: &str = "subscription($after: String) { requestEvents(after: $after) { id cursor kind } }";

/// How many requests each writer takes on.
const REQUESTS: usize = 25;

/// Where instances are to be found.
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

/// The answer to a mutation, which is sent with the same key until there is one.
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

/// Submits request after request, and forwards each.
async fn write(addresses: Addresses, number: usize, opd: String, tu: String) {
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
    }
}

/// Follows from a cursor on, by whatever instance there is, coming back whenever it is cut off, until it is over and nothing
/// else comes. What it was told.
async fn follow(
    addresses: Addresses,
    turn: usize,
    token: String,
    begin: Value,
    over: watch::Receiver<bool>,
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
        loop {
            match socket.receive_within(Duration::from_secs(3)).await {
                Some(message) if message["type"] == "next" => {
                    told.push(message["payload"]["data"]["requestEvents"].clone())
                }
                // Cut off, or refused while the database is away: once more.
                Some(_) => break,
                None if *over.borrow() => return told,
                None => {}
            }
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

    let (end, over) = watch::channel(false);
    let mut followers = Vec::new();
    for (name, token) in &tokens {
        for turn in 0..3 {
            let following = follow(addresses.clone(), turn, token.clone(), begin.clone(), over.clone());
            followers.push((*name, tokio::spawn(following)));
        }
    }
    let writers: Vec<_> = (0..3)
        .map(|number| tokio::spawn(write(addresses.clone(), number, tokens["opd"].clone(), tokens["tu"].clone())))
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // One is killed in the middle of what it does.
    let killed = instances.remove(0);
    addresses.forget(killed.base());
    drop(killed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.cluster.stop();
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.cluster.start();
    for writer in join_all(writers).await {
        writer.expect("all was written");
    }
    end.send_replace(true);

    let mut read = BTreeMap::new();
    for (name, token) in &tokens {
        let (_, over) = watch::channel(true);
        read.insert(*name, follow(addresses.clone(), 0, token.clone(), begin.clone(), over).await);
    }
    let written = 3 * REQUESTS * 6;
    assert_eq!(read["auditor"].len(), written, "each request had six events");
    assert_eq!((read["other"].len(), read["wayan"].len()), (0, 0));
    assert!(read["opd"].len() > 3 * REQUESTS && read["kadis"].len() == written);
    for (name, following) in followers {
        let told = following.await.expect("it followed");
        assert_eq!(told, read[name], "{name}");
    }
    for instance in &instances {
        assert!(!instance.log().contains("panicked"), "{}", instance.log());
    }
    let verified = world.run("data", &["audit", "verify"]);
    assert!(said(&verified).contains("nothing was touched"), "{}", said(&verified));
}
