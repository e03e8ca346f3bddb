//! What the passing of time does: a server whose clock the test sets and moves while it runs.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::cast::{ADMIN, Cast, OPD, TU};
use crate::harness::{Server, command, run, set_time};

const CAST: Cast<'static> = &[OPD, TU, ADMIN];

/// A moment, as it is written.
fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

const VIEWER: &str = "{ viewer { user { name } } }";

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_ends_by_the_programs_clock() {
    let begun = moment("2026-03-02T02:00:00Z");
    let server = Server::at(begun, CAST);
    let tu = server.person("tu").await;
    tu.ask(VIEWER, json!({})).await;
    server.set_time(begun + TimeDelta::minutes(14));
    tu.ask(VIEWER, json!({})).await;
    server.set_time(begun + TimeDelta::minutes(16));
    assert_eq!(tu.refusal(VIEWER, json!({})).await, "UNAUTHENTICATED");
    server.person("tu").await.ask(VIEWER, json!({})).await;
    assert!(server.log().contains("the clock is set by a test"), "{}", server.log());
}

#[test]
fn a_clock_without_a_time_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, folders) = (folder.path().join("data"), crate::harness::Folders::shipped());
    set_time(&data, moment("2030-01-01T00:00:00Z"));
    run(&data, &folders, &["check"], "");
    std::fs::write(data.with_extension("clock"), "tomorrow").expect("written");
    let output = command(&data, &folders).arg("check").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("DISPOSISI_TEST_CLOCK"), "{said}");
}
