//! Differential tests of compiled operations against graphql-js 16 and 17. Documents by hand for each rule of the specification, and
//! generated ones, valid and not, are judged here as there; queries give the data that graphql-js gives over the same objects; and of
//! mutations the same acts run.

use std::fs;
use std::path::Path;
use std::process::Command;

use disposisi::graphql::{AdmissionRules, ApiSchema, OperationLimits};
use serde_json::Value;

use super::install;
use crate::cast::{Cast, OPD};
use crate::fuzz::schema;
use crate::harness::{Person, Server, UNLIMITED};
use crate::story::Story;

/// Documents of each seed.
const COUNT: &str = "300";

/// Documents with another verdict here, by id, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("2 Grammar-87", "`\\u{…}` has any number of digits; graphql-js bounds them"),
    ("5.3.1 Field selections-16", "`__Directive.isDeprecated` is of a later draft"),
    ("5.3.2 Field merging-26", "a text and a block of the same value are the same argument"),
    ("variables-id-11", "1e21 is no integer in JSON's own form"),
];

/// `@skip` and `@include` at the root of a subscription are refused since September 2025; graphql-js 16 is older.
const ROOT_DIRECTIVES: &str = "can not specify @skip or @include on root fields";

/// Texts with U+0000 are refused as values, though the grammar takes them.
const NO_NUL: &str = "contains U+0000";

/// A folder with the scripts and the schema.
fn scripts() -> tempfile::TempDir {
    // Node looks for libraries in the folders above a script.
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    for entry in fs::read_dir(install::sources().join("differential")).expect("the scripts") {
        let entry = entry.expect("a script");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    fs::write(folder.path().join("schema.graphql"), disposisi::graphql::sdl()).expect("written");
    folder
}

/// Runs a script of the folder `differential`. Returns the lines of its output.
fn run(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let output = Command::new("node").args(arguments).current_dir(folder).output().expect("node");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// The first error of a document and its variables, none for an accepted operation.
async fn error(schema: &ApiSchema, case: &Value) -> Option<String> {
    let mut request = async_graphql::Request::new(case["text"].as_str().expect("a text"));
    request.variables = async_graphql::Variables::from_json(case["variables"].clone());
    let refused = AdmissionRules::default().admit(request, schema.compiler()).await.err()?;
    Some(refused.errors.first().expect("an error").message.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_judged_as_by_graphql_js() {
    let folder = scripts();
    let cases = run(folder.path(), &["cases.mjs", "schema.graphql", COUNT, "1", "2"]);
    fs::write(folder.path().join("cases.jsonl"), cases.join("\n")).expect("written");
    let judge = |version: &str| run(folder.path(), &["judge.mjs", "schema.graphql", version, "cases.jsonl"]);
    let judges = [("16", judge("graphql")), ("17", judge("graphql17"))];
    let without_limits = OperationLimits {
        values: usize::MAX,
        document: usize::MAX,
        tokens: usize::MAX,
        fields: usize::MAX,
        depth: usize::MAX,
        root_fields: usize::MAX,
        aliases: usize::MAX,
        directives: usize::MAX,
        complexity: usize::MAX,
    };
    let data = tempfile::tempdir().expect("a folder");
    let (_, schema) = schema(data.path(), without_limits).await;
    let (mut wrong, mut accepted, mut refused) = (Vec::new(), 0, 0);
    for (at, case) in cases.iter().enumerate() {
        let case: Value = serde_json::from_str(case).expect("JSON");
        let ours = error(&schema, &case).await;
        *if ours.is_none() { &mut accepted } else { &mut refused } += 1;
        let (id, text) = (case["id"].as_str().expect("an id"), case["text"].as_str().expect("a text"));
        let is_exception = EXCEPTIONS.iter().any(|(excepted, _)| id == *excepted);
        let is_of_september = ours.as_ref().is_some_and(|error| error.contains(ROOT_DIRECTIVES));
        let has_nul = ours.as_ref().is_some_and(|error| error.contains(NO_NUL));
        for (version, judged) in &judges {
            let theirs: Option<String> = serde_json::from_str(&judged[at]).expect("JSON");
            let differs = ours.is_some() != theirs.is_some();
            let is_excepted = is_exception || has_nul || (is_of_september && *version == "16");
            if differs && !is_excepted {
                wrong.push(format!(
                    "{id}: {text}\n  {}\n  here: {ours:?}\n  graphql-js {version}: {theirs:?}",
                    case["variables"]
                ));
            }
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} accepted, {refused} refused");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Runs a script that writes a line for each difference and then one of counts, off the threads of the test. Returns the counts.
async fn counts(arguments: Vec<String>) -> Value {
    let lines = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(scripts().path(), &arguments)
    });
    let mut lines = lines.await.expect("a run");
    let counts = lines.pop().expect("counts");
    assert!(lines.is_empty(), "{} differences, {counts}:\n{}", lines.len(), lines.join("\n"));
    serde_json::from_str(&counts).expect("JSON")
}

fn url(server: &Server) -> String {
    format!("{}/graphql", server.base())
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_give_the_data_of_graphql_js() {
    let story = Story::tell().await;
    let overseer = story.server.person("overseer").await;
    let arguments = ["data.mjs", "schema.graphql", &url(&story.server), overseer.token(), "250", "1"];
    let counts = counts(arguments.map(str::to_owned).to_vec()).await;
    let count = |name: &str| counts[name].as_u64().expect("a count");
    assert!(count("same") > 150 && count("errors") > 20 && count("fields") > 300, "{counts}");
    assert!(count("refused") < 40 && count("lost") < 10, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mutations_run_the_acts_of_graphql_js() {
    const CAST: Cast<'static> = &[OPD, ("admin", "singkawang", "office-admin", None)];
    let server = Server::with_flags(CAST, &UNLIMITED);
    let people: [Person<'_>; 2] = [server.person("admin").await, server.person("opd").await];
    let url = url(&server);
    let arguments = ["acts.mjs", "schema.graphql", &url, "singkawang", people[0].token(), people[1].token(), "80", "1"];
    let counts = counts(arguments.map(str::to_owned).to_vec()).await;
    assert_eq!(counts["same"], 80, "{counts}");
    let count = |name: &str| counts[name].as_u64().expect("a count");
    assert!(count("acts") > 100 && count("selected") > 2 * count("acts"), "{counts}");
}
