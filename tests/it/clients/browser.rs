//! The guide's session of a browser in a real one, with several tabs, and the browser's own EventSource; sessions of apps by the grammars
//! of their languages.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::frameworks::lines;
use super::install;
use super::syntax::faults;
use crate::demo::{Demo, PASSWORD};
use crate::harness::Server;

const GUIDE: &str = include_str!("../../../docs/authentication.md");

/// The example of a language.
fn example(language: &str) -> &'static str {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    let mut of_language = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    of_language.next().unwrap_or_else(|| panic!("no example in {language}"))
}

/// A script that drives the browser, in a folder of its own.
fn script(name: &str) -> (tempfile::TempDir, Command) {
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    for file in [name, "browser.mjs"] {
        fs::copy(install::sources().join(file), folder.path().join(file)).expect("a copy");
    }
    let mut node = Command::new("node");
    node.arg(folder.path().join(name)).env("BROWSER", install::browser());
    (folder, node)
}

#[tokio::test(flavor = "multi_thread")]
async fn its_event_source_ends_with_its_operation() {
    let server = Server::with(&[]);
    let (_folder, mut node) = script("browser_events.mjs");
    node.env("DISPOSISI_URL", format!("{}/graphql", server.base()));
    node.args(["{ __typename }", "{", "subscription { requestEvents { kind } }"]);
    let came = lines(&node.output().expect("node"));
    let ends = |told: Value| json!({ "told": [told, "complete"], "statuses": [200, 204] });
    let expected = [json!({ "__typename": "Query" }), json!("INVALID_OPERATION"), json!("UNAUTHENTICATED")];
    assert_eq!(came, expected.map(ends));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_tabs_share_a_session_and_repeat_a_lost_refresh() {
    let demo = Demo::new();
    let (folder, mut node) = script("tabs.mjs");
    fs::write(folder.path().join("session.js"), example("js")).expect("written");
    node.env("DISPOSISI_URL", demo.url()).env("DISPOSISI_PASSWORD", PASSWORD);
    let came = lines(&node.output().expect("node"));
    let state =
        |refreshes: u32, keys: u32| json!({ "who": "hadi", "sessions": 1, "refreshes": refreshes, "keys": keys });
    let expected = [
        json!({ "signedIn": state(0, 0) }),
        json!({ "tokens": 6, "different": 1, "who": "hadi", "sessions": 1, "refreshes": 1, "keys": 1 }),
        json!({ "lost": state(4, 2) }),
        json!({ "closed": state(6, 3) }),
        json!({ "left": null, "told": ["signed in", "signed out"] }),
    ];
    assert_eq!(came, expected);
}

#[test]
fn its_kotlin_swift_and_dart_are_well_formed() {
    let languages = ["kotlin", "swift", "dart"];
    let mut texts: BTreeMap<&str, String> = languages.map(|language| (language, example(language).to_owned())).into();
    assert_eq!(faults(&texts), [json!([]), json!([]), json!([])]);
    // A brace too few is found.
    for text in texts.values_mut() {
        let last = text.rfind('}').expect("a brace");
        text.truncate(last);
    }
    assert!(faults(&texts).iter().all(|found| *found != json!([])), "{texts:?}");
}
