//! Differential test of compiled operations: documents by hand for each rule of the specification, and generated ones, valid and not,
//! are judged here as by graphql-js 16 and 17.

use std::fs;
use std::path::Path;
use std::process::Command;

use disposisi::graphql::{AdmissionRules, ApiSchema, OperationLimits};
use serde_json::Value;

use super::install;
use crate::fuzz::schema;

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
    // Node looks for libraries in the folders above a script.
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    for entry in fs::read_dir(install::sources().join("differential")).expect("the scripts") {
        let entry = entry.expect("a script");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    fs::write(folder.path().join("schema.graphql"), disposisi::graphql::sdl()).expect("written");
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
        for (version, judged) in &judges {
            let theirs: Option<String> = serde_json::from_str(&judged[at]).expect("JSON");
            let differs = ours.is_some() != theirs.is_some();
            if differs && !is_exception && !(is_of_september && *version == "16") {
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
