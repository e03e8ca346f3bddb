//! The examples for users, each run against a demo as its README says.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::install;
use super::program::Program;
use super::proxy::Proxy;
use crate::demo::{Demo, PASSWORD};
use crate::harness::now;

/// Ends a step for somebody, at the request's present version.
pub(super) async fn execute(demo: &Demo, who: &str, number: &str, mut input: Value) {
    let token = demo.token(who).await;
    let read = "query($number: String!) { request(number: $number) { id version } }";
    let request = demo.send(Some(&token), read, json!({ "number": number })).await["data"]["request"].clone();
    input["requestId"] = request["id"].clone();
    input["expectedVersion"] = request["version"].clone();
    let query = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { userErrors { code path } } }";
    let answer = demo.send(Some(&token), query, json!({ "input": input })).await;
    assert_eq!(answer["data"]["executeStep"]["userErrors"], json!([]), "{answer}");
}

fn text(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A refresh with a lost answer, in TypeScript.
const LOST: &str = "const send = globalThis.fetch
let refreshes = 0
globalThis.fetch = async (input, init) => {
  const answer = await send(input, init)
  if (String(init?.body).includes('refreshSession') && refreshes++ === 0) throw new TypeError('lost')
  return answer
}
session.doubt()
await session.token()
console.log(`${refreshes} refreshes`)
";

/// The TypeScript example, built as its README says, in a temporary folder.
fn typescript() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(install::node_of_example()).expect("a folder");
    let example = install::example("typescript");
    fs::create_dir(folder.path().join("src")).expect("a folder");
    let sources = fs::read_dir(example.join("src")).expect("the sources").map(|entry| entry.expect("an entry").path());
    let files = ["package.json", "codegen.ts", "tsconfig.json"].map(|file| example.join(file));
    for file in sources.filter(|path| path.is_file()).chain(files) {
        fs::copy(&file, folder.path().join(file.strip_prefix(&example).expect("inside"))).expect("a copy");
    }
    // With the README's additions.
    let readme = fs::read_to_string(example.join("README.md")).expect("the README");
    let mut blocks = readme.split("```ts\n").skip(1).map(|rest| rest.split("```").next().expect("a block"));
    let documents = folder.path().join("src/documents.ts");
    let mut text_of = fs::read_to_string(&documents).expect("the documents");
    text_of.push_str(blocks.next().expect("a document"));
    fs::write(documents, text_of).expect("written");
    let asks = blocks.next().expect("what asks for it");
    let own = format!(
        "import {{ connect }} from './client.js'\nimport {{ Procedures }} from './documents.js'\n\
         import {{ Session }} from './session.js'\nconst url = process.env.DISPOSISI_URL ?? ''\n\
         const session = new Session(url)\nawait session.signIn('kadri', '{PASSWORD}')\n{LOST}\
         const client = connect(url, session)\n{asks}console.log(JSON.stringify({{ data, error }}))\nprocess.exit(0)\n"
    );
    fs::write(folder.path().join("src/own.ts"), own).expect("written");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let binaries = install::node_of_example().join("node_modules/.bin");
    for tool in ["graphql-codegen", "tsc"] {
        let mut made = Command::new(binaries.join(tool));
        let made = made.current_dir(folder.path()).env("DISPOSISI_SCHEMA", &schema).output().expect("it runs");
        assert!(made.status.success(), "{tool}: {:?}", text(&made));
    }
    folder
}

/// A command of it, as somebody.
fn program(folder: &Path, url: &str, who: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.arg(folder.join("dist/main.js")).args(arguments);
    command.env("DISPOSISI_URL", url).env("DISPOSISI_USERNAME", who).env("DISPOSISI_PASSWORD", PASSWORD);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_reads_follows_acts_and_explains_refusals() {
    let folder = typescript();
    let demo = Demo::new();
    let proxy = Proxy::to(&demo.base).await;
    let number = demo.number("DPS/DC/0003");

    let own = Command::new("node").arg(folder.path().join("dist/own.js")).env("DISPOSISI_URL", demo.url()).output();
    let (told, complaints) = text(&own.expect("it runs"));
    assert!(told.contains("Permohonan Subdomain") && complaints.is_empty(), "{told} {complaints}");
    assert!(told.starts_with("2 refreshes\n"), "{told}");
    let read = program(folder.path(), &demo.url(), "kadek", &["inbox"]).output().expect("it runs");
    let (told, complaints) = text(&read);
    assert!(read.status.success(), "{complaints}");
    assert!(told.contains(&format!("{number}  Penetapan")) && told.contains("3 placeable"), "{told}");
    let cursor = told.trim().rsplit(' ').next().expect("a cursor").to_owned();

    // It follows, and is cut off: after the reconnection it gets the missed events, none twice.
    let follow = &["follow", &cursor];
    let mut follower =
        Program::start(&mut program(folder.path(), &format!("{}/graphql", proxy.base()), "kadek", follow), &[]);
    let place = json!({
        "step": "3", "outcome": "placeable", "documents": [{ "kind": "bentuk-sistem", "title": "Analisa" }],
        "asset": { "attributes": { "placementKind": "SERVER", "name": "srv-arsip", "rack": "A1", "unitFrom": 20, "unitTo": 23 } },
    });
    execute(&demo, "kadek", &number, place).await;
    follower.until_got(1).await;

    // It asks for what it read; meanwhile somebody acts twice, so the step is open again at another version.
    let draft = json!({ "documents": [{ "kind": "rancangan-penitipan-server", "title": "Rancangan" }] });
    let mut command = program(folder.path(), &demo.url(), "kadek", &["act", &number, "4", "draft", &draft.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut answers = child.stdin.take().expect("standard input");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines().map_while(Result::ok);
    let mut until = |end: &str| -> Vec<String> {
        let mut read = Vec::new();
        while read.last().is_none_or(|line: &String| !line.contains(end)) {
            read.push(lines.next().unwrap_or_else(|| panic!("no “{end}” after {read:#?}")));
        }
        read
    };
    until("4 draft? (y/n)");
    proxy.cut();
    let mut again = draft.clone();
    (again["step"], again["outcome"]) = ("4".into(), "draft".into());
    execute(&demo, "kadek", &number, again).await;
    execute(&demo, "wayan", &number, json!({ "step": "5", "outcome": "disagree", "note": "Cantumkan nomor rak" }))
        .await;
    answers.write_all(b"y\n").expect("written");
    let read = until("somebody acted meanwhile");
    // Shown as done at once, and taken back when the server refused it.
    let shown = read.iter().skip_while(|line| *line != "waiting: nothing").skip(1);
    assert!(shown.clone().any(|line| *line == format!("waiting: {number}")), "{read:#?}");
    answers.write_all(b"y\n").expect("written");
    let read = until("done: ");
    assert!(read.iter().any(|line| line == "waiting: nothing"), "{read:#?}");
    assert!(read.last().is_some_and(|line| line.ends_with("at step 5")), "{read:#?}");
    assert!(child.wait().expect("it ends").success());

    let token = demo.token("kadek").await;
    let query = "query($number: String!, $after: String) { request(number: $number) { \
        events(first: 100, after: $after) { nodes { id cursor kind version } } } }";
    let answer = demo.send(Some(&token), query, json!({ "number": number, "after": cursor })).await;
    let log = answer["data"]["request"]["events"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    assert!(log.len() > 8, "{log:#?}");
    follower.until_end_of(&log).await;
    let known = |events: &[Value]| -> Vec<Value> { events.iter().map(|event| event["cursor"].clone()).collect() };
    assert_eq!(known(&follower.events), known(&log));

    let number = demo.number("SKW/CLOUD/0003");
    // It is another's step: nothing is asked, and nothing is sent.
    let left =
        program(folder.path(), &demo.url(), "tono", &["act", &number, "3", "dispose"]).output().expect("it runs");
    assert!(text(&left).0.contains(&format!("left as it is: {number} (IN_PROGRESS, version 2)")), "{left:?}");
    let mut wrong = program(folder.path(), &demo.url(), "tono", &["inbox"]);
    let wrong = wrong.env("DISPOSISI_PASSWORD", "wrong").output().expect("it runs");
    assert!(!wrong.status.success() && text(&wrong).1.contains("password"), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_reports_request_statuses() {
    let demo = Demo::new();
    let script = install::example("python").join("status.py");
    let run = |environment: &[(&str, &str)]| {
        let mut command = Command::new(install::python_of_example());
        command.arg(&script).arg("singkawang").env("DISPOSISI_URL", demo.url()).envs(environment.iter().copied());
        command.output().expect("it runs")
    };
    let told = run(&[("DISPOSISI_USERNAME", "agus"), ("DISPOSISI_PASSWORD", PASSWORD)]);
    let (board, complaints) = text(&told);
    assert!(told.status.success(), "{complaints}");
    let standing: Vec<&str> = board.lines().collect();
    assert_eq!(standing.len(), 2, "{board}");
    assert!(board.contains(&demo.number("SKW/CLOUD/0003")) && board.contains("step 3"), "{board}");

    // And by a key with no further scope.
    let token = demo.token("agus").await;
    let make = "mutation($until: DateTime!) { createApiKey(input: { name: \"papan\", scopes: [READ_STATUS], \
        expiresAt: $until }) { key userErrors { message } } }";
    let until = now() + chrono::TimeDelta::days(30);
    let made = demo.send(Some(&token), make, json!({ "until": until.to_rfc3339() })).await;
    let key = made["data"]["createApiKey"]["key"].as_str().unwrap_or_else(|| panic!("{made}"));
    assert_eq!(text(&run(&[("DISPOSISI_TOKEN", key)])).0, board);

    let refused = run(&[("DISPOSISI_TOKEN", "dsp_none")]);
    assert!(!refused.status.success() && text(&refused).1.contains("UNAUTHENTICATED"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_signs_in_reads_and_acts() {
    let demo = Demo::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/curl.sh");
    let run = |password: &str| {
        let mut command = Command::new("/bin/sh");
        command.arg(&script).env("DISPOSISI_URL", demo.url()).env("DISPOSISI_PASSWORD", password);
        command.output().expect("it runs")
    };
    let refused = run("wrong");
    assert!(!refused.status.success() && text(&refused).1.contains("password"), "{refused:?}");
    let done = run(PASSWORD);
    let (told, complaints) = text(&done);
    assert!(done.status.success(), "{complaints}");
    assert!(told.contains(&format!("What became of {}", demo.number("SKW/CLOUD/0003"))), "{told}");
    assert!(told.contains("\"key\": \"4\"") && told.contains("\"version\": 3"), "{told}");
}
