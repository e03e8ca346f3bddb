//! Two instances; one has the new signing key first.

use serde_json::json;

use super::instance::Instance;
use crate::cast::SINGKAWANG;
use crate::database;
use crate::database::cluster::copy_keys;
use crate::harness::{Folders, Server, bare, signal};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn instances_accept_each_others_tokens_during_a_key_rotation() {
    let mut server = Server::with(SINGKAWANG);
    server.kill();
    let (near, elsewhere) = (server.path(), tempfile::tempdir().expect("a folder"));
    let far = elsewhere.path().join("far");
    copy_keys(&near.join("keys"), &far.join("keys"));
    let start = |data: &std::path::Path, log: &str| {
        let mut command = bare(data, &Folders::shipped());
        command.envs(database::environment(&near));
        Instance::start(command, &elsewhere.path().join(log))
    };
    let instances = [start(&near, "near.log"), start(&far, "far.log")];
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
