//! Registered documents with several instances: all run them, their texts cannot be replaced, and no caller waits for their
//! storage.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use async_graphql::futures_util::future::join_all;
use serde_json::{Value, json};

use super::empty::Empty;
use super::instance::Instance;
use crate::cast::{Cast, OPD};
use crate::harness::eventually;
use crate::persisted_documents::digest;
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD];

/// How many documents are kept.
const MOST: usize = 5;

async fn send(instance: &Instance, token: Option<&str>, body: &Value) -> Value {
    let mut call = reqwest::Client::new().post(format!("{}/graphql", instance.base())).json(body);
    if let Some(token) = token {
        call = call.bearer_auth(token);
    }
    call.send().await.expect("an answer").json().await.expect("JSON")
}

/// Waits until the database counts that many rows.
async fn until(world: &Empty, sql: &str, number: usize) {
    eventually(|| format!("{sql} is not {number}"), async || world.cluster.sql("empty", sql) == number.to_string())
        .await;
}

fn start(world: &Empty, index: usize) -> Instance {
    let mut command = world.command("data");
    command.env("DISPOSISI_REGISTERED_DOCUMENTS", MOST.to_string());
    Instance::start(command, &world.data(&format!("{index}.log")))
}

const COUNT: &str = "SELECT count(*) FROM registered_documents";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn a_registered_document_runs_on_all_instances() {
    let mut world = Empty::new("disposisi");
    world.begin(CAST);
    let instances = [start(&world, 0), start(&world, 1)];
    let token = instances[0].sign_in("opd").await;

    // Many at once, each again and again.
    let texts: Vec<String> =
        (0..MOST * 4).map(|number| format!("query Name{number} {{ viewer {{ user {{ username }} }} }}")).collect();
    let register = |number: usize| {
        let (instance, text, token) = (&instances[number % 2], &texts[number % texts.len()], &token);
        async move { send(instance, Some(token), &json!({ "documentId": digest(text), "query": text })).await }
    };
    for answer in join_all((0..texts.len() * 3).map(register)).await {
        assert_eq!(answer["data"]["viewer"]["user"]["username"], "opd", "{answer}");
    }
    until(&world, COUNT, MOST).await;
    for instance in &instances {
        assert!(!instance.log().contains("a background job failed"), "{}", instance.log());
    }

    let text = "query Shared { viewer { user { username } } }";
    let by_id = json!({ "documentId": digest(text) });
    send(&instances[0], Some(&token), &json!({ "documentId": digest(text), "query": text })).await;
    until(&world, &format!("{COUNT} WHERE digest = '{}'", digest(text)), 1).await;
    assert_eq!(send(&instances[1], Some(&token), &by_id).await["data"]["viewer"]["user"]["username"], "opd");
    assert_eq!(send(&instances[1], None, &by_id).await["data"]["viewer"], Value::Null, "by the right of whoever sends");

    // Its use is on record before long; long unused documents are forgotten.
    drop(instances);
    world.cluster.sql("empty", "UPDATE registered_documents SET used_at = now() - interval '60 days'");
    let instance = start(&world, 2);
    send(&instance, None, &by_id).await;
    until(&world, &format!("{COUNT} WHERE used_at > now() - interval '1 day'"), 1).await;
    drop(instance);
    world.cluster.sql("empty", "UPDATE registered_documents SET used_at = used_at - interval '40 days'");
    let instance = start(&world, 3);
    until(&world, COUNT, 1).await;
    assert_eq!(send(&instance, Some(&token), &by_id).await["data"]["viewer"]["user"]["username"], "opd");
    drop(instance);

    // A replaced text is not run; a client sending both repairs it.
    let other = "UPDATE registered_documents SET text = 'mutation { signOut { userErrors { code } } }'";
    world.cluster.sql("empty", other);
    let instance = start(&world, 4);
    let answer = send(&instance, Some(&token), &by_id).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "DOCUMENT_NOT_FOUND", "{answer}");
    send(&instance, Some(&token), &json!({ "documentId": digest(text), "query": text })).await;
    until(&world, &format!("{COUNT} WHERE text LIKE 'query Shared%'"), 1).await;
    drop(instance);

    // A fault of ours is told as one, in either type.
    let instance = start(&world, 5);
    world.cluster.stop();
    for accepted in ["application/json", "application/graphql-response+json"] {
        let call = reqwest::Client::new().post(format!("{}/graphql", instance.base())).header("accept", accepted);
        let answer = call.json(&by_id).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 503, "{accepted}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn a_locked_table_of_documents_delays_nothing_else() {
    let world = Empty::new("disposisi");
    world.begin(CAST);
    let instance = start(&world, 0);
    let token = instance.sign_in("opd").await;
    let text = "query Held { viewer { user { username } } }";
    let lock = "BEGIN; LOCK TABLE registered_documents IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n";
    let mut psql = world.cluster.psql("empty");
    let mut holder = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql");
    let mut input = holder.stdin.take().expect("its input");
    input.write_all(lock.as_bytes()).expect("it is told");
    let mut line = String::new();
    BufReader::new(holder.stdout.take().expect("its output")).read_line(&mut line).expect("it says so");
    assert_eq!(line.trim(), "held");

    // While it is locked: a registering client is answered, by the digest too; a socket goes on during the lookup of an unknown
    // document.
    let answer = send(&instance, Some(&token), &json!({ "documentId": digest(text), "query": text })).await;
    assert_eq!(answer["data"]["viewer"]["user"]["username"], "opd", "{answer}");
    assert_eq!(send(&instance, Some(&token), &json!({ "documentId": digest(text) })).await, answer);
    let mut socket = Socket::at(instance.base(), &token).await;
    let payload = json!({ "documentId": digest("query Unknown { __typename }") });
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await["type"], "pong");

    drop(input);
    holder.wait().expect("it ends");
    let refused = socket.receive().await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "DOCUMENT_NOT_FOUND", "{refused}");
    until(&world, COUNT, 1).await;
}
