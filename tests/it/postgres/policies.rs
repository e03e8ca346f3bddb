//! The active policy on PostgreSQL: a row, for all instances at once, whatever files each has.

use std::path::Path;

use sea_orm::ConnectionTrait;
use serde_json::json;

use super::instance::Instance;
use crate::cast::{ADMIN, AUDITOR, Cast, OPD, TU};
use crate::database;
use crate::harness::{Folders, Server, command, eventually, output, run, signal};
use crate::policy_live::{SEES, copied};
use crate::tamper::value;

const CAST: Cast<'static> = &[OPD, TU, AUDITOR, ADMIN];

/// How many requests the auditor sees at an instance.
async fn seen(instance: &Instance, token: &str) -> u64 {
    let answer = instance.send(token, "{ requests { totalCount } }", json!({})).await;
    answer["data"]["requests"]["totalCount"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

async fn until_seen(instances: &[Instance], token: &str, count: u64) {
    for instance in instances {
        eventually(|| instance.log(), async || seen(instance, token).await == count).await;
    }
}

/// The shipped files in a folder, but for the auditor's line.
fn without_auditor(home: &Path) -> Folders {
    let (folders, file, shipped) = copied(home);
    std::fs::write(file, shipped.replace(SEES, "")).expect("written");
    folders
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn one_policy_is_active_for_all_instances() {
    let server = Server::with(CAST);
    let (path, shipped) = (server.path(), Folders::shipped());
    let home = tempfile::tempdir().expect("a folder");
    let without = without_auditor(home.path());
    let start = |folders: &Folders, name: &str| Instance::start(command(&path, folders), &path.with_extension(name));
    // The second one's files differ from the active policy: it says so, and goes by the active one.
    let instances = [start(&shipped, "one.log"), start(&without, "two.log")];
    assert!(!instances[0].log().contains("differ from the active policy"));
    assert!(instances[1].log().contains("the policy files differ from the active policy"), "{}", instances[1].log());
    let submit = super::acts::submission("005/1");
    let opd = instances[0].sign_in("opd").await;
    let answer = instances[0].send(&opd, super::acts::SUBMIT, submit).await;
    assert!(answer["data"]["submitRequest"]["request"]["number"].is_string(), "{answer}");
    let auditor = instances[1].sign_in("auditor").await;
    until_seen(&instances, &auditor, 1).await;
    let differ = "the active policy is another than these files";
    assert!(!run(&path, &shipped, &["check"], "").contains(differ));
    assert!(run(&path, &without, &["check"], "").contains(differ));

    // Changed files change nothing here, even after a signal.
    signal(instances[1].process(), "HUP");
    instances[1].until_logged("the policy files differ from the active policy", 2).await;
    assert_eq!((seen(&instances[0], &auditor).await, seen(&instances[1], &auditor).await), (1, 1));

    // A new policy is active for both, at once.
    let told = run(&path, &without, &["policy", "apply"], "");
    assert!(told.contains("is active; singkawang: - p, auditor, singkawang, requests, see-all"), "{told}");
    until_seen(&instances, &auditor, 0).await;
    assert!(run(&path, &without, &["policy", "apply"], "").contains("already active"));
    assert!(run(&path, &shipped, &["check"], "").contains(differ));
    let explain = ["policy", "explain", "--user", "auditor", "--action", "see", "--request"];
    let number = answer["data"]["submitRequest"]["request"]["number"].as_str().expect("a number");
    let told = run(&path, &shipped, &[&explain[..], &[number]].concat(), "");
    assert!(
        told.contains("may not see") && told.contains("by policy 2"),
        "by what is active, not by the files: {told}"
    );

    // A fault changes nothing.
    let edit = database::open(&path).await;
    let policies = async || value::<i64>(&edit, "SELECT count(*) FROM policies").await;
    let before = policies().await;
    let file = without.policies.join("singkawang.csv");
    let text = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, format!("{text}p, tu, singkawang, nothing/1, execute\n")).expect("written");
    let refused = output(&path, &without, &["policy", "apply"], "");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("no procedure `nothing`"));
    assert_eq!(policies().await, before);
    assert_eq!((seen(&instances[0], &auditor).await, seen(&instances[1], &auditor).await), (0, 0));

    // The office's record has the change.
    let events = "{ office(key: \"singkawang\") { events(last: 1) { nodes { kind policy actor { role { key } } } } } }";
    let admin = instances[0].sign_in("admin").await;
    let told = instances[0].send(&admin, events, json!({})).await;
    let last = &told["data"]["office"]["events"]["nodes"][0];
    assert_eq!((&last["kind"], &last["actor"]), (&json!("POLICY_CHANGED"), &json!(null)), "{told}");
    assert!(run(&path, &shipped, &["audit", "verify"], "").contains("nothing was touched"));

    // A forged row decides nothing, and no server starts by it.
    let forge = "INSERT INTO policies SELECT number + 1, replace(text, 'see-reached', 'see-all'), hash, since, by_whom, mac \
        FROM policies ORDER BY number DESC LIMIT 1";
    edit.execute_unprepared(forge).await.expect("written");
    for instance in &instances {
        instance.until_logged("the active policy cannot be taken up", 1).await;
        assert_eq!(seen(instance, &auditor).await, 0);
    }
    let refused = output(&path, &shipped, &["serve"], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("disposisi policy apply"), "{said}");
    assert!(run(&path, &shipped, &["policy", "apply"], "").contains("is active"));
    until_seen(&instances, &auditor, 1).await;
}
