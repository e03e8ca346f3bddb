//! Two instances of the same keys: each repeats the other's refresh; one has the new signing key first.

use async_graphql::futures_util::future::join_all;
use serde_json::{Value, json};

use super::instance::Instance;
use crate::cast::SINGKAWANG;
use crate::database;
use crate::database::cluster::copy_keys;
use crate::harness::{Folders, Server, bare, credentials, signal};
use crate::tamper::value;

/// Two instances on a server's database, and the folder of the second one's keys.
fn pair(server: &mut Server) -> ([Instance; 2], tempfile::TempDir) {
    server.kill();
    let (near, elsewhere) = (server.path(), tempfile::tempdir().expect("a folder"));
    let far = elsewhere.path().join("far");
    copy_keys(&near.join("keys"), &far.join("keys"));
    let start = |data: &std::path::Path, log: &str| {
        let mut command = bare(data, &Folders::shipped());
        command.envs(database::environment(&near));
        Instance::start(command, &elsewhere.path().join(log))
    };
    ([start(&near, "near.log"), start(&far, "far.log")], elsewhere)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn instances_give_the_same_tokens_for_one_refresh() {
    let mut server = Server::with(SINGKAWANG);
    let (instances, _elsewhere) = pair(&mut server);
    let ask = async |instance: &Instance, field: &str, kind: &str, input: &Value| {
        let fields = "accessToken expiresAt refreshToken refreshExpiresAt userErrors { code }";
        let query = format!("mutation($input: {kind}!) {{ {field}(input: $input) {{ {fields} }} }}");
        instance.send("", &query, json!({ "input": input })).await["data"][field].clone()
    };
    let mut person = credentials("tu")["input"].take();
    for round in 0..5 {
        person["idempotencyKey"] = json!(format!("sign-in {round}"));
        let both = instances.iter().map(|instance| ask(instance, "signIn", "SignInInput", &person));
        let begun = join_all(both).await;
        assert_eq!(begun[0], begun[1]);
        let input = json!({ "refreshToken": begun[0]["refreshToken"], "idempotencyKey": "one" });
        let refresh = async |instance: &Instance| ask(instance, "refreshSession", "RefreshSessionInput", &input).await;
        let all = join_all((0..6).map(|turn| refresh(&instances[turn % 2]))).await;
        assert!(all[0]["refreshToken"].is_string() && all.iter().all(|answer| *answer == all[0]), "{all:?}");
        // Other keys at once, at both: nobody gets in any more.
        let others = (0..4).map(|turn| {
            let input = json!({ "refreshToken": all[0]["refreshToken"], "idempotencyKey": turn.to_string() });
            let instance = &instances[turn % 2];
            async move { ask(instance, "refreshSession", "RefreshSessionInput", &input).await }
        });
        let others = join_all(others).await;
        assert_eq!(others.iter().filter(|answer| answer["accessToken"].is_string()).count(), 1, "{others:?}");
        let token = all[0]["accessToken"].as_str().expect("a token");
        for instance in &instances {
            let answer = instance.send(token, "{ viewer { user { username } } }", json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
        }
    }
    let database = database::open(&server.path()).await;
    assert_eq!(value::<i64>(&database, "SELECT count(*) FROM sessions").await, 5);
    assert_eq!(value::<i64>(&database, "SELECT count(*) FROM refresh_tokens").await, 15);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn instances_accept_each_others_tokens_during_a_key_rotation() {
    let mut server = Server::with(SINGKAWANG);
    let (instances, elsewhere) = pair(&mut server);
    let (near, far) = (server.path(), elsewhere.path().join("far"));
    let is_in = async |token: &str| {
        for instance in &instances {
            let answer = instance.send(token, "{ viewer { user { username } } }", json!({})).await;
            assert_eq!(answer["data"]["viewer"]["user"]["username"], "tu", "{answer}");
        }
    };
    let hang_up = async |index: usize| {
        signal(instances[index].process(), "HUP");
        instances[index].until_logged("tokens are signed by the key on record", 1).await;
    };
    let before = [instances[0].sign_in("tu").await, instances[1].sign_in("tu").await];
    server.run(&["keys", "rotate"]);
    hang_up(0).await;
    let between = [instances[0].sign_in("tu").await, instances[1].sign_in("tu").await];
    let header = |token: &str| token.split('.').next().map(str::to_owned);
    assert_ne!(header(&between[0]), header(&between[1]), "one signs with the new key, one with the old");
    for token in before.iter().chain(&between) {
        is_in(token).await;
    }
    std::fs::copy(near.join("keys/signing.key"), far.join("keys/signing.key")).expect("a copy");
    hang_up(1).await;
    let after = [instances[0].sign_in("tu").await, instances[1].sign_in("tu").await];
    assert_eq!(header(&after[0]), header(&after[1]));
    for token in before.iter().chain(&between).chain(&after) {
        is_in(token).await;
    }
    // A session ended at one is ended at the other.
    let out = "mutation { signOut(input: { everywhere: true }) { userErrors { code } } }";
    instances[0].send(&after[0], out, json!({})).await;
    for token in before.iter().chain(&between).chain(&after) {
        let answer = instances[1].send(token, "{ viewer { user { username } } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
}
