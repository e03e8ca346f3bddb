//! The guide to following: each of its examples is run as it stands there.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::install;
use super::program::Program;
use super::proxy::Proxy;
use super::storm::{self, CAST, Storm};
use crate::harness::{PASSWORD, Server};
use crate::socket::Socket;

const GUIDE: &str = include_str!("../../../docs/subscriptions.md");

/// The examples of a language.
fn examples(language: &str) -> Vec<&'static str> {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// The file name of an example, given in its first line.
fn name(example: &'static str) -> &'static str {
    let first = example.lines().next().expect("a line");
    first.trim_start_matches(['/', '#', ' '])
}

/// Lets an example follow a writer, with one interruption where it can reconnect: it must report every event.
async fn follows(what: &str, command: &mut Command, comes_back: bool) {
    let server = Server::with(CAST);
    let proxy = Proxy::to(server.base()).await;
    let token = server.person("tu").await.token().to_owned();
    let begin = storm::cursor(&server, &token).await;
    let url = format!("{}/graphql", proxy.base());
    let environment = [
        ("DISPOSISI_URL", &*url),
        ("DISPOSISI_TOKEN", &token),
        ("DISPOSISI_USERNAME", "tu"),
        ("DISPOSISI_PASSWORD", PASSWORD),
        ("DISPOSISI_AFTER", &begin),
    ];
    let mut client = Program::start(command, &environment);
    let storm = Storm::begin(&server, server.base()).await;
    client.until_got(10).await;
    if comes_back {
        proxy.cut();
        client.until_got(client.events.len() + 30).await;
    }
    storm.end().await;
    let log = storm::log(&server, &token, &begin).await;
    client.until_end_of(&log).await;
    let known = |events: &[Value]| -> Vec<(Value, Value)> {
        events.iter().map(|event| (event["cursor"].clone(), event["kind"].clone())).collect()
    };
    assert_eq!(known(&client.events), known(&log), "{what}");
    assert!(client.notes.iter().all(|note| !note.is_object()), "{what}: {:#?}", client.notes);
    if comes_back {
        let environment = [&environment[..], &[("DISPOSISI_PASSWORD", "wrong")]].concat();
        let ended = Program::start(command, &environment).ended().await;
        assert!(!ended, "{what}: it does not go on with a wrong password");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_typescript_is_sound_and_follows() {
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    let examples = examples("ts");
    for example in &examples {
        fs::write(folder.path().join(name(example)), example).expect("written");
    }
    let mut compiler = Command::new("node");
    compiler.arg(install::node().join("node_modules/typescript/bin/tsc")).args([
        "--strict",
        "--noUncheckedIndexedAccess",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--lib",
        "es2023,dom",
        "--types",
        "node",
    ]);
    compiler.current_dir(folder.path());
    let checked = compiler.args(examples.iter().map(|example| folder.path().join(name(example)))).output();
    let checked = checked.expect("the compiler runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let programs: Vec<&str> =
        examples.iter().map(|example| name(example)).filter(|name| *name != "session.ts").collect();
    assert_eq!(programs, ["follow.ts", "store.ts", "stream.ts", "eventsource.ts"]);
    for program in programs {
        let program = folder.path().join(program).with_extension("js");
        follows(&program.display().to_string(), Command::new("node").arg(&program), true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_python_follows() {
    let [example] = examples("python")[..] else { panic!("one example") };
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join(name(example));
    fs::write(&program, example).expect("written");
    follows("gql", Command::new(install::python()).arg(program), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_shell_follows() {
    let examples = examples("sh");
    assert_eq!(examples.len(), 2);
    for example in examples {
        // One process, ended as one.
        let example = format!("exec {example}");
        follows(&example, Command::new("/bin/sh").args(["-c", &example]), false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_operations_are_valid() {
    let server = Server::with(CAST);
    let tu = server.person("tu").await;
    let examples = examples("graphql");
    assert_eq!(examples.len(), 3);
    let mut socket = Socket::of(&server, tu.token()).await;
    for (number, example) in examples.iter().enumerate() {
        socket
            .subscribe(&number.to_string(), example, json!({ "after": storm::cursor(&server, tu.token()).await }))
            .await;
    }
    socket.subscribe("end", "{ __typename }", json!({})).await;
    // A query is answered; a stream is silent until an event.
    loop {
        let message = socket.receive().await;
        assert_ne!(message["type"], "error", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        if message["id"] == "end" {
            break;
        }
    }
}
