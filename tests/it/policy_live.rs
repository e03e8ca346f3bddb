//! Reload of policy files while a server runs: whole or not at all.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::acts::Cloud;
use crate::cast::{ADMIN, AUDITOR, Cast, OPD, TU};
use crate::harness::{Folders, Person, Server, eventually, signal};
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD, TU, AUDITOR, ADMIN];

/// The line by which the auditor sees requests.
pub(crate) const SEES: &str = "p, auditor,      singkawang, requests, see-all";

/// A copy of the shipped files with the policy file of Singkawang to change, and its text.
pub(crate) fn copied(home: &std::path::Path) -> (Folders, std::path::PathBuf, String) {
    let folders = Folders::copied(home);
    let file = folders.policies.join("singkawang.csv");
    let shipped = std::fs::read_to_string(&file).expect("the file");
    assert!(shipped.contains(SEES));
    (folders, file, shipped)
}

/// The number of requests visible to a person.
async fn seen(person: &Person<'_>) -> Value {
    person.ask("{ requests { totalCount } }", json!({})).await["requests"]["totalCount"].take()
}

/// Waits until a person sees that many requests.
async fn until_seen(server: &Server, person: &Person<'_>, count: i32) {
    eventually(|| server.log(), async || seen(person).await == json!(count)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_files_are_reloaded_whole_or_not_at_all() {
    let home = tempfile::tempdir().expect("a folder");
    let (folders, file, shipped) = copied(home.path());
    let server = Server::of(CAST, folders);
    let (opd, auditor, admin) =
        (server.person("opd").await, server.person("auditor").await, server.person("admin").await);
    opd.submit(Cloud::letter("1")).await;
    let mut socket = Socket::of(&server, auditor.token()).await;
    socket.subscribe("1", "subscription { requestEvents { kind request { letter { number } } } }", json!({})).await;
    socket.settle().await;
    assert_eq!(seen(&auditor).await, 1);

    // By the change of the file alone.
    std::fs::write(&file, shipped.replace(SEES, "")).expect("written");
    until_seen(&server, &auditor, 0).await;
    opd.submit(Cloud::letter("2")).await;
    assert_eq!(socket.receive_within(Duration::from_millis(500)).await, None, "nor is anything told");

    // One with a fault changes nothing, and says why; not even its good lines count.
    std::fs::write(&file, format!("{shipped}\np, tu, singkawang, nothing/1, execute\n")).expect("written");
    signal(server.process(), "HUP");
    server.until_logged("has no procedure `nothing`", 1).await;
    assert_eq!(seen(&auditor).await, 0);

    // The former text, by a file renamed into place.
    let whole = file.with_extension("new");
    std::fs::write(&whole, &shipped).expect("written");
    std::fs::rename(&whole, &file).expect("replaced");
    until_seen(&server, &auditor, 2).await;
    opd.submit(Cloud::letter("3")).await;
    let told = socket.told("1").await;
    assert_eq!(told["requestEvents"]["request"]["letter"]["number"], "3", "{told}");

    // The office's record tells of both.
    let events =
        "{ office(key: \"singkawang\") { events(last: 2) { nodes { kind policy actor { user { name } } } } } }";
    let told = admin.ask(events, json!({})).await["office"]["events"]["nodes"].clone();
    assert_eq!((&told[0]["kind"], &told[1]["kind"]), (&json!("POLICY_CHANGED"), &json!("POLICY_CHANGED")));
    assert_ne!(told[0]["policy"], told[1]["policy"]);
    assert_eq!(auditor.ask(events, json!({})).await["office"]["events"]["nodes"], told);
    let tu = server.person("tu").await;
    assert_eq!(tu.ask(events, json!({})).await["office"]["events"], Value::Null);
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_policy_files_are_not_loaded_and_symlinks_are_followed() {
    let home = tempfile::tempdir().expect("a folder");
    let (kept, file, shipped) = copied(&home.path().join("one"));
    Folders::copied(&home.path().join("two"));
    let link = home.path().join("policies");
    std::os::unix::fs::symlink(&kept.policies, &link).expect("a link");
    let folders = Folders { policies: link.clone(), ..kept.clone() };
    let server = Server::of(CAST, folders);
    let (opd, auditor) = (server.person("opd").await, server.person("auditor").await);
    opd.submit(Cloud::letter("1")).await;

    // Half of it is a policy too, without the auditor's line; but its writer is not done.
    let half = shipped.find(SEES).expect("the line");
    let mut writer = std::fs::File::create(&file).expect("opened");
    writer.write_all(&shipped.as_bytes()[..half]).expect("written");
    for _ in 0..40 {
        assert_eq!(seen(&auditor).await, 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    writer.write_all(shipped[half..].replace(SEES, "").as_bytes()).expect("written");
    drop(writer);
    until_seen(&server, &auditor, 0).await;

    // Another folder in its place, unnoticed by the watched one.
    let other = home.path().join("other");
    std::os::unix::fs::symlink(home.path().join("two/policies"), &other).expect("a link");
    std::fs::rename(&other, &link).expect("replaced");
    until_seen(&server, &auditor, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_follows_one_policy_during_a_reload() {
    let home = tempfile::tempdir().expect("a folder");
    let (folders, file, shipped) = copied(home.path());
    let server = Server::of(CAST, folders);
    server.person("opd").await.submit(Cloud::letter("1")).await;
    let auditor = server.person("auditor").await;
    // With the first one the auditor sees and reads notes; with the other they do neither.
    let without = shipped.replace(SEES, "").replace("p, auditor,      singkawang, field:note, read", "");
    let ask = "{ requests { totalCount nodes { number visits { note } } } office(key: \"singkawang\") { events { \
        nodes { kind } } } }";
    let mut counts = std::collections::BTreeSet::new();
    for turn in 0..12 {
        std::fs::write(&file, if turn % 2 == 0 { &without } else { &shipped }).expect("written");
        signal(server.process(), "HUP");
        for _ in 0..40 {
            let answer = auditor.ask(ask, json!({})).await;
            let count = answer["requests"]["totalCount"].as_u64().expect("a count");
            let nodes = answer["requests"]["nodes"].as_array().expect("a list").len();
            assert_eq!(usize::try_from(count), Ok(nodes), "{answer}");
            counts.insert(count);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [0, 1], "both decided");
}
