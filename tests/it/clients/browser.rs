//! The guide's session of a browser in a real one, with several tabs; its sessions of apps by the grammars of their languages.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::json;

use super::frameworks::lines;
use super::install;
use super::syntax::faults;
use crate::demo::{Demo, PASSWORD};

const GUIDE: &str = include_str!("../../../docs/authentication.md");

/// The example of a language.
fn example(language: &str) -> &'static str {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    let mut of_language = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    of_language.next().unwrap_or_else(|| panic!("no example in {language}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_tabs_share_a_session_and_repeat_a_lost_refresh() {
    let demo = Demo::new();
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    let script = folder.path().join("tabs.mjs");
    fs::copy(install::sources().join("tabs.mjs"), &script).expect("a copy");
    fs::write(folder.path().join("session.js"), example("js")).expect("written");
    let mut node = Command::new("node");
    node.arg(script).env("DISPOSISI_URL", demo.url()).env("DISPOSISI_PASSWORD", PASSWORD);
    let came = lines(&node.env("BROWSER", install::browser()).output().expect("node"));
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
