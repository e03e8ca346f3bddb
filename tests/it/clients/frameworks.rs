//! Front-end frameworks: each pages, acts and follows by the schema.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::install;
use super::storm::CAST;
use crate::harness::Server;

/// A folder of the frameworks with its files, under the libraries.
pub(super) fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(install::node_of_frameworks()).expect("a folder");
    for file in files {
        let copy = folder.path().join(Path::new(file).file_name().expect("a name"));
        fs::copy(install::sources().join("frameworks").join(file), copy).expect("a copy");
    }
    folder
}

/// The lines of JSON printed by a program that ended well.
pub(super) fn lines(output: &Output) -> Vec<Value> {
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// A server with five requests at TU, and their numbers in order.
async fn five() -> (Server, Vec<Value>) {
    let server = Server::with(CAST);
    let opd = server.person("opd").await;
    let submit = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { number } } }";
    let mut numbers = Vec::new();
    for letter in 1..=5 {
        let input = json!({
            "office": "singkawang", "procedure": "permohonan-cloud-service",
            "letter": { "number": letter.to_string(), "date": "2026-01-05", "subject": "Permohonan" },
            "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
            "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
        });
        let answer = opd.ask(submit, json!({ "input": input })).await;
        numbers.push(answer["submitRequest"]["request"]["number"].clone());
    }
    (server, numbers)
}

/// Runs a script as TU.
async fn run(script: &Path, server: &Server, number: &Value) -> Vec<Value> {
    run_with(server.person("tu").await.token(), script, server, number)
}

/// Runs a script with a token.
fn run_with(token: &str, script: &Path, server: &Server, number: &Value) -> Vec<Value> {
    let mut node = Command::new("node");
    node.arg(script).env("DISPOSISI_URL", format!("{}/graphql", server.base())).env("DISPOSISI_TOKEN", token);
    lines(&node.env("DISPOSISI_NUMBER", number.as_str().expect("a number")).output().expect("node"))
}

/// Runs the compiler of Relay on the app in a folder, with these changes to it.
fn compile(folder: &Path, changes: &[(&str, &str)]) -> Output {
    fs::write(folder.join("schema.graphql"), include_str!("../../../schema.graphql")).expect("the schema");
    let app = folder.join("Requests.js");
    let mut text = fs::read_to_string(&app).expect("the app");
    for (before, after) in changes {
        assert!(text.contains(before), "{before}");
        text = text.replace(before, after);
    }
    fs::write(app, text).expect("the app");
    fs::create_dir_all(folder.join("__generated__")).expect("a folder");
    let compiler = install::node_of_frameworks().join("node_modules/relay-compiler/cli.js");
    Command::new("node").arg(compiler).arg("relay.config.json").current_dir(folder).output().expect("node")
}

const RELAY: &[&str] = &["relay/relay.config.json", "relay/Requests.js", "relay/send.mjs"];

#[tokio::test(flavor = "multi_thread")]
async fn relay_compiles_pages_by_fragments_and_acts() {
    let folder = folder(RELAY);
    let compiled = compile(folder.path(), &[]);
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let (server, numbers) = five().await;
    let came = run(&folder.path().join("send.mjs"), &server, &numbers[0]).await;
    assert_eq!(came, came_of_relay());
}

/// The output of Relay's script.
fn came_of_relay() -> [Value; 4] {
    [
        json!({ "requests": [2, 2, 1] }),
        json!({ "inbox": [2, 2, 1] }),
        json!({ "history": [2, 1] }),
        json!({ "step": "3", "userErrors": [] }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_runs_the_manifests_of_relay_and_apollo_alone() {
    let relay = folder(RELAY);
    let config = relay.path().join("relay.config.json");
    let mut settings: Value = serde_json::from_str(&fs::read_to_string(&config).expect("settings")).expect("JSON");
    settings["persistConfig"] = json!({ "file": "./persisted.json", "algorithm": "SHA256" });
    fs::write(&config, settings.to_string()).expect("written");
    // The compiler adds its documents to a file.
    fs::write(relay.path().join("persisted.json"), "{}").expect("written");
    let compiled = compile(relay.path(), &[]);
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

    let apollo = folder(&["caller.mjs", "manifest.mjs"]);
    fs::create_dir(apollo.path().join("src")).expect("a folder");
    let page = "query Page { requests(first: 2) { edges { node { id number } } } }";
    fs::write(apollo.path().join("src/page.graphql"), page).expect("written");
    let tool = install::node_of_frameworks().join("node_modules/@apollo/generate-persisted-query-manifest/cli.js");
    let written = Command::new("node").arg(tool).current_dir(apollo.path()).output().expect("node");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));

    let (mut server, numbers) = five().await;
    let token = server.person("tu").await.token().to_owned();
    let read = json!({ "read": 2 });
    for (folder, manifest, script, came) in [
        (&relay, "persisted.json", "send.mjs", &came_of_relay()[..]),
        (&apollo, "persisted-query-manifest.json", "manifest.mjs", &[read.clone(), read]),
    ] {
        let manifest = folder.path().join(manifest);
        server.restart_with(&["--documents", manifest.to_str().expect("a path"), "--documents-only", "true"]);
        assert_eq!(run_with(&token, &folder.path().join(script), &server, &numbers[0]), came, "{script}");
    }
}

#[test]
fn relay_rejects_missing_fields_and_non_connections() {
    for (wrong, why) in [
        (("requests(first: $count", "requests(first: 2"), "count"),
        (("          number\n", "          nummer\n"), "nummer"),
    ] {
        let folder = folder(RELAY);
        let compiled = compile(folder.path(), &[wrong]);
        let told = String::from_utf8_lossy(&compiled.stderr);
        assert!(!compiled.status.success() && told.contains(why), "{wrong:?}: {told}");
    }
}

/// The output of each client after it paged to the end, acted, saw the act in its cache, and got its event.
async fn goes_through(script: &str) {
    let folder = folder(&["caller.mjs", script]);
    let (server, numbers) = five().await;
    let came = run(&folder.path().join(script), &server, &numbers[0]).await;
    let expected = [
        json!({ "pages": 3, "numbers": numbers }),
        json!({ "step": "3", "userErrors": [] }),
        json!({ "shown": 2 }),
        json!({ "told": numbers[0] }),
    ];
    assert_eq!(came, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn apollo_client_pages_acts_and_follows() {
    goes_through("apollo.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apollo_client_and_urql_register_persisted_documents() {
    let folder = folder(&["caller.mjs", "persisted.mjs"]);
    let script = folder.path().join("persisted.mjs");
    let (mut server, numbers) = five().await;
    let came = |first: [[&str; 2]; 4], later: [&[&str]; 4]| -> Vec<Value> {
        let calls = first.iter().zip(later).flat_map(|(first, later)| [json!(first), json!(later)]);
        calls.map(|calls| json!({ "calls": calls, "read": 2 })).collect()
    };
    let without =
        [["POST hash", "POST query"], ["GET hash", "POST query"], ["GET hash", "GET query"], ["GET hash", "GET query"]];
    let never = without.each_ref().map(|calls| &calls[..]);
    assert_eq!(run(&script, &server, &numbers[0]).await, came(without, never), "it is not switched on");
    server.restart_with(&["--registered-documents", "10"]);
    let first = [
        ["POST hash", "POST query and hash"],
        ["GET hash", "POST query and hash"],
        ["GET hash", "GET query and hash"],
        ["GET hash", "GET query and hash"],
    ];
    let later: [&[&str]; 4] = [&["POST hash"], &["GET hash"], &["GET hash"], &["GET hash"]];
    assert_eq!(run(&script, &server, &numbers[0]).await, came(first, later));
}

#[tokio::test(flavor = "multi_thread")]
async fn urql_pages_acts_and_follows() {
    goes_through("urql.mjs").await;
}

#[test]
fn gql_validates_documents_by_introspection() {
    let server = Server::with(CAST);
    let mut python = Command::new(install::python());
    python.arg(install::sources().join("documents.py")).env("DISPOSISI_URL", format!("{}/graphql", server.base()));
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python");
    let documents = json!([
        super::storm::EVENTS,
        "query($number: String!) { request(number: $number) { id ... on Node { id } status visits { step { key } } } }",
        "{ requests { nodes { nummer } } }",
        "{ requests(filter: { status: [GONE] }) { totalCount } }",
        "mutation { executeStep(input: { step: \"2\" }) { userErrors { code } } }",
    ]);
    let mut input = child.stdin.take().expect("its input");
    input.write_all(documents.to_string().as_bytes()).expect("written");
    drop(input);
    let came = lines(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.len(), 5);
    assert_eq!(came[..2], [json!({ "wrong": [] }), json!({ "wrong": [] })]);
    for (came, name) in came[2..].iter().zip(["nummer", "GONE", "requestId"]) {
        assert!(came["wrong"].to_string().contains(name), "{came}");
    }
}
