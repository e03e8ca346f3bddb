//! Real clients, each used as its own documentation says: after a storm of interruptions they have the whole log.

mod audits;
mod browser;
mod differential;
mod event_source;
mod examples;
mod explorer;
mod frameworks;
mod generators;
mod guide;
mod install;
mod introspection;
mod lint;
mod program;
mod proxy;
mod reverse_proxies;
mod storm;
mod syntax;

use std::process::Command;

use serde_json::Value;

use crate::acts::Cloud;
use crate::harness::{PASSWORD, Server};
use program::Program;
use proxy::Proxy;
use storm::{CAST, Storm};

/// One of the scripts.
#[derive(Debug, Clone, Copy)]
enum Script {
    Node(&'static str, &'static [&'static str]),
    Python(&'static str),
}

impl Script {
    fn command(self) -> (tempfile::TempDir, Command) {
        match self {
            Self::Node(script, arguments) => {
                // Node looks for libraries in the folders above a script.
                let folder = tempfile::tempdir_in(install::node()).expect("a folder");
                for name in [script, "caller.mjs"] {
                    std::fs::copy(install::sources().join(name), folder.path().join(name)).expect("a copy");
                }
                let mut command = Command::new("node");
                command.arg(folder.path().join(script)).args(arguments);
                (folder, command)
            }
            Self::Python(script) => {
                let mut command = Command::new(install::python());
                command.arg(install::sources().join(script));
                (tempfile::tempdir().expect("a folder"), command)
            }
        }
    }
}

const SUBSCRIBE: Script = Script::Node("websocket.mjs", &["subscribe"]);
const ITERATE: Script = Script::Node("websocket.mjs", &["iterate"]);
const STREAM: Script = Script::Node("stream.mjs", &[]);
const PYTHON: Script = Script::Python("events.py");

fn connected(note: &Value) -> bool {
    note.get("connected").is_some()
}

/// Lets a client follow while its connection is cut and the server is killed and stopped: in the end it has the log.
async fn weathers_a_storm(script: Script) {
    let (_folder, mut command) = script.command();
    let mut server = Server::with(CAST);
    let (reader, writers) = (Proxy::to(server.base()).await, Proxy::to(server.base()).await);
    let token = server.person("tu").await.token().to_owned();
    let begin = storm::cursor(&server, &token).await;
    let url = format!("{}/graphql", reader.base());
    let environment = [("DISPOSISI_URL", &*url), ("DISPOSISI_TOKEN", &token), ("DISPOSISI_AFTER", &begin)];
    let mut client = Program::start(&mut command, &environment);
    let storm = Storm::begin(&server, &writers.base()).await;
    for cut in 1..=6 {
        client.until_noted(cut, connected).await;
        // It is in the midst of it: more events came over this connection, however long that took.
        client.until_got(client.events.len() + 10).await;
        match cut {
            2 => server.kill(),
            4 => assert!(server.stop().success()),
            _ => {
                reader.cut();
                continue;
            }
        }
        server.start();
        reader.lead(server.base());
        writers.lead(server.base());
    }
    client.until_noted(7, connected).await;
    client.until_got(client.events.len() + 10).await;
    storm.end().await;
    let log = storm::log(&server, &token, &begin).await;
    assert!(log.len() > 60, "{}", log.len());
    client.got(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_ws_reconnects_by_itself_and_has_the_log() {
    weathers_a_storm(SUBSCRIBE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_ws_iterated_in_a_loop_has_the_log() {
    weathers_a_storm(ITERATE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_sse_has_the_log() {
    weathers_a_storm(STREAM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gql_knows_the_schema_and_has_the_log() {
    weathers_a_storm(PYTHON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_ws_reconnects_by_its_defaults() {
    let (_folder, mut command) = Script::Node("websocket.mjs", &["defaults"]).command();
    let server = Server::with(CAST);
    let proxy = Proxy::to(server.base()).await;
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let begin = storm::cursor(&server, tu.token()).await;
    let url = format!("{}/graphql", proxy.base());
    let environment = [("DISPOSISI_URL", &*url), ("DISPOSISI_TOKEN", tu.token()), ("DISPOSISI_AFTER", &begin)];
    let mut client = Program::start(&mut command, &environment);
    for count in 1..=2 {
        client.until_noted(count, connected).await;
        opd.submit(Cloud::letter(count)).await;
        client.until_got(storm::log(&server, tu.token(), &begin).await.len()).await;
        proxy.cut();
    }
    client.until_noted(3, connected).await;
    client.got(&storm::log(&server, tu.token(), &begin).await).await;
}

/// Lets a client follow beyond the end of its token: it is told, signs in, and misses nothing.
async fn outlives_its_token(script: Script) {
    let (_folder, mut command) = script.command();
    let server = Server::with(CAST);
    let token = server.person("tu").await.token().to_owned();
    let begin = storm::cursor(&server, &token).await;
    let short = server.token_for("tu", 0).await;
    let url = format!("{}/graphql", server.base());
    let environment = [
        ("DISPOSISI_URL", &*url),
        ("DISPOSISI_TOKEN", &short),
        ("DISPOSISI_USERNAME", "tu"),
        ("DISPOSISI_PASSWORD", PASSWORD),
        ("DISPOSISI_AFTER", &begin),
    ];
    let mut client = Program::start(&mut command, &environment);
    let storm = Storm::begin(&server, server.base()).await;
    client.until_noted(2, connected).await;
    assert!(!client.events.is_empty(), "the first token was good");
    client.until_got(client.events.len() + 10).await;
    storm.end().await;
    client.got(&storm::log(&server, &token, &begin).await).await;
    let closed: Vec<&Value> = client.notes.iter().filter_map(|note| note.get("closed")).collect();
    assert_eq!(closed, [4403], "{:#?}", client.notes);
    assert_eq!(client.notes.iter().filter(|note| note.get("signedIn").is_some()).count(), 1, "{:#?}", client.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_ws_outlives_its_token() {
    outlives_its_token(SUBSCRIBE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_sse_outlives_its_token() {
    outlives_its_token(STREAM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fatal_errors_are_not_retried() {
    let server = Server::with(CAST);
    let token = server.person("tu").await.token().to_owned();
    let url = format!("{}/graphql", server.base());
    for script in [SUBSCRIBE, ITERATE, STREAM, PYTHON] {
        let (_folder, mut command) = script.command();
        let environment = [("DISPOSISI_URL", &*url), ("DISPOSISI_TOKEN", &token), ("DISPOSISI_AFTER", "x")];
        let mut client = Program::start(&mut command, &environment);
        assert!(!client.ended().await, "{script:?}");
        let failed: Vec<&Value> = client.notes.iter().filter_map(|note| note.get("failed")).collect();
        assert_eq!(failed, ["INVALID_CURSOR"], "{script:?}: {:#?}", client.notes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_ws_tries_again_when_its_token_is_refused() {
    let (_folder, mut command) = SUBSCRIBE.command();
    let server = Server::with(CAST);
    let url = format!("{}/graphql", server.base());
    let mut client = Program::start(&mut command, &[("DISPOSISI_URL", &url), ("DISPOSISI_TOKEN", "not one")]);
    client.until_noted(2, |note| note["closed"] == 4403).await;
    assert!(!client.notes.iter().any(connected), "{:#?}", client.notes);
}
