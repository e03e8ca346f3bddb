//! The explorer without a browser: it is served whole, and its modules sign in, ask and follow.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::examples::execute;
use super::frameworks::{folder, lines};
use super::program::Program;
use super::proxy::Proxy;
use crate::demo::{Demo, PASSWORD};

fn source() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("explorer")
}

/// The explorer's modules, with a script in place of the browser.
fn modules() -> tempfile::TempDir {
    let folder = folder(&["explorer.mjs"]);
    for module in ["session.js", "fetcher.js", "examples.js"] {
        fs::copy(source().join(module), folder.path().join(module)).expect("a copy");
    }
    fs::write(folder.path().join("package.json"), "{ \"type\": \"module\" }").expect("written");
    folder
}

fn script(folder: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut node = Command::new("node");
    node.arg(folder.join("explorer.mjs")).args(arguments);
    node.env("DISPOSISI_URL", url).env("DISPOSISI_PASSWORD", PASSWORD);
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn its_examples_sign_in_and_resume_after_a_disconnect() {
    let folder = modules();
    let demo = Demo::new();
    let proxy = Proxy::to(&demo.base).await;

    let came = lines(&script(folder.path(), &demo.url(), &["session"]).output().expect("node"));
    let expected = [
        json!({ "nobody": "UNAUTHENTICATED" }),
        json!({ "wrong": "INVALID_CREDENTIALS" }),
        json!({ "who": "hadi" }),
        json!({ "refreshes": 0 }),
        json!({ "refreshes": 1, "same": true, "who": "hadi" }),
        json!({ "who": "hadi", "refreshes": 2 }),
        json!({ "lost": "hadi", "refreshes": 4 }),
        json!({ "lost": "the answer is lost" }),
        json!({ "who": "hadi", "refreshes": 7 }),
        json!({ "headers": "UNAUTHENTICATED" }),
        json!({ "socket": 4403 }),
        json!({ "after": null, "nobody": "UNAUTHENTICATED" }),
        json!({ "asks": "TOTP_REQUIRED" }),
        json!({ "who": "hadi", "seen": ["Hadi Contoh", null, "Hadi Contoh"] }),
    ];
    assert_eq!(came, expected);

    // It follows, is cut off, and gets the missed events, each once.
    let agus = demo.token("agus").await;
    let answer = demo.send(Some(&agus), "{ viewer { eventCursor } }", json!({})).await;
    let begin = answer["data"]["viewer"]["eventCursor"].as_str().expect("a cursor").to_owned();
    let url = format!("{}/graphql", proxy.base());
    let mut follower = Program::start(&mut script(folder.path(), &url, &["follow", &begin]), &[]);
    let number = demo.number("SKW/CLOUD/0003");

    let came = lines(&script(folder.path(), &demo.url(), &["examples"]).output().expect("node"));
    let told: Vec<&Value> = came.iter().filter_map(|line| line.get("told")).collect();
    assert_eq!(told, ["requestEvents", "inboxChanges"]);
    assert_eq!(came.iter().filter(|line| line.get("example").is_some()).count(), 6, "{came:#?}");
    for line in &came {
        assert_eq!(line["refused"], json!([]), "{line:#}");
        assert!(line["empty"] != true, "{line:#}");
    }
    follower.until_got(1).await;
    proxy.cut();
    let dispose = json!({ "step": "4", "outcome": "dispose", "disposition": { "instruction": "Proses sesuai SOP" } });
    execute(&demo, "andi", &number, dispose).await;
    let read = "query($number: String!, $after: String) { request(number: $number) { \
        events(first: 100, after: $after) { nodes { cursor } } } }";
    let answer = demo.send(Some(&agus), read, json!({ "number": number, "after": begin })).await;
    let log = answer["data"]["request"]["events"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    follower.until_end_of(&log).await;
    let mut cursors: Vec<&Value> = follower.events.iter().map(|event| &event["cursor"]).collect();
    assert!(log.iter().all(|event| cursors.contains(&&event["cursor"])), "{log:#?}");
    let all = cursors.len();
    cursors.sort_by_key(|cursor| cursor.as_str());
    cursors.dedup();
    assert_eq!(cursors.len(), all, "nothing comes twice");
}

#[test]
fn its_files_send_no_requests_to_other_hosts() {
    let built = source().join("dist");
    let mut addresses = Vec::new();
    for entry in fs::read_dir(&built).expect("the built files") {
        let path = entry.expect("an entry").path();
        // The licences are text, read by no code.
        if path.extension().is_some_and(|extension| extension == "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        for (at, _) in text.match_indices("://") {
            let scheme = text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            let host: String =
                text[at + 3..].chars().take_while(|c| c.is_alphanumeric() || ".-".contains(*c)).collect();
            if ["http", "https", "ws", "wss"].contains(&scheme) && host.contains('.') {
                addresses.push(host);
            }
        }
    }
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses, NAMED, "what is named in the built files: is anything of it asked?");
}

/// Hosts named by the built files: links for people, and names of vocabularies. The page's policy allows requests to none of
/// them.
const NAMED: &[&str] = &[
    "code.visualstudio.com",
    "commonmark.org",
    "en.wikipedia.org",
    "github.com",
    "json-schema.org",
    "microsoft.com",
    "prettier.io",
    "react.dev",
    "www.w3.org",
    "yarnpkg.com",
];
