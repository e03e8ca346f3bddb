//! Documents that clients register with one instance are run by all, by any number at once, and nobody can put another text in their
//! place.

use async_graphql::futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::empty::Empty;
use crate::harness::Cast;
use crate::instance::Instance;

const CAST: Cast<'static> = &[("opd", "singkawang", "opd", Some("dinkes"))];

/// How many documents are kept.
const MOST: usize = 5;

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn send(instance: &Instance, token: Option<&str>, body: &Value) -> Value {
    let mut call = reqwest::Client::new().post(format!("{}/graphql", instance.base())).json(body);
    if let Some(token) = token {
        call = call.bearer_auth(token);
    }
    call.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_with_one_instance_is_run_by_all() {
    let world = Empty::new("disposisi");
    world.begin(CAST);
    let start = |index: usize| {
        let mut command = world.command("data");
        command.env("DISPOSISI_REGISTERED_DOCUMENTS", MOST.to_string());
        Instance::start(command, &world.data(&format!("{index}.log")))
    };
    let instances = [start(0), start(1)];
    let token = instances[0].sign_in("opd").await;

    // Many at once, of one text and of others, with both.
    let texts: Vec<String> =
        (0..MOST * 4).map(|number| format!("query Name{number} {{ viewer {{ user {{ username }} }} }}")).collect();
    let register = |number: usize| {
        let (instance, text, token) = (&instances[number % 2], &texts[number % texts.len()], &token);
        async move { send(instance, Some(token), &json!({ "documentId": digest(text), "query": text })).await }
    };
    for answer in join_all((0..texts.len() * 3).map(register)).await {
        assert_eq!(answer["data"]["viewer"]["user"]["username"], "opd", "{answer}");
    }
    let count = || world.cluster.sql("empty", "SELECT count(*) FROM registered_documents");
    assert_eq!(count().trim(), MOST.to_string(), "however many come at once");
    for instance in &instances {
        assert!(!instance.log().contains("not registered"), "{}", instance.log());
    }

    let text = "query Shared { viewer { user { username } } }";
    let by_id = json!({ "documentId": digest(text) });
    send(&instances[0], Some(&token), &json!({ "documentId": digest(text), "query": text })).await;
    assert_eq!(send(&instances[1], Some(&token), &by_id).await["data"]["viewer"]["user"]["username"], "opd");
    assert_eq!(
        send(&instances[1], None, &by_id).await["data"]["viewer"],
        Value::Null,
        "by the right of whoever sends it"
    );

    // Its use is noted, once a day at most.
    let age = "UPDATE registered_documents SET used_at = now() - interval '60 days'";
    let old = "SELECT count(*) FROM registered_documents WHERE used_at < now() - interval '1 day'";
    world.cluster.sql("empty", age);
    let before: usize = world.cluster.sql("empty", old).trim().parse().expect("a number");
    send(&instances[1], None, &by_id).await;
    let after: usize = world.cluster.sql("empty", old).trim().parse().expect("a number");
    assert_eq!(after, before - 1);

    let other = "UPDATE registered_documents SET text = 'mutation { revokeSessions { userErrors { code } } }'";
    world.cluster.sql("empty", other);
    let answer = send(&instances[1], Some(&token), &by_id).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "DOCUMENT_NOT_FOUND", "{answer}");
}
