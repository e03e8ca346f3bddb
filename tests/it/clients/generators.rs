//! Generators of client code from npm and PyPI, which read the schema by introspection.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use super::frameworks::lines;
use super::install;
use super::syntax::faults;
use crate::acts::Cloud;
use crate::cast::OPD;
use crate::harness::Server;

fn sources() -> PathBuf {
    install::sources().join("generators")
}

/// Copies files to a folder.
fn copy(files: &[&str], to: &Path) {
    for file in files {
        std::fs::copy(sources().join(file), to.join(file)).expect("a copy");
    }
}

/// Runs a command to its end, off the threads of the test.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.expect("a run").expect("it begins")
}

#[tokio::test(flavor = "multi_thread")]
async fn kotlin_swift_and_dart_are_generated() {
    let server = Server::with(&[]);
    // Node looks for libraries in the folders above a script.
    let folder = tempfile::tempdir_in(install::node_of_generators()).expect("a folder");
    copy(&["generate.mjs", "queries.graphql"], folder.path());
    let mut node = Command::new("node");
    node.args(["generate.mjs", &format!("{}/graphql", server.base()), "queries.graphql"]).current_dir(folder.path());
    let generated = lines(&output(node).await);
    assert_eq!(generated.len(), 6);
    for made in &generated {
        let [generator, language, text] =
            ["generator", "language", "text"].map(|name| made[name].as_str().expect("a text"));
        // Types of the queries, or of the schema.
        for name in ["Letter", if generator == "quicktype" { "Permohonan" } else { "RequestFilter" }] {
            assert!(text.contains(name), "{generator} makes {language} without {name}:\n{text}");
        }
        if language != "python" {
            assert_eq!(faults(&[(language, text.to_owned())].into()), [json!([])], "{generator}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_python_clients_ask() {
    let server = Server::with(&[OPD]);
    let opd = server.person("opd").await;
    opd.submit(Cloud::letter("005/7")).await;
    let url = format!("{}/graphql", server.base());
    let folder = tempfile::tempdir().expect("a folder");
    copy(&["generated.py", "pyproject.toml", "queries.graphql"], folder.path());
    let python = |arguments: &[&str]| {
        let mut command = Command::new(install::python_of_generators());
        command.args(arguments).current_dir(folder.path()).env("DISPOSISI_URL", &url);
        command
    };
    for generator in [
        &["-m", "ariadne_codegen"][..],
        &["-m", "sgqlc.introspection", &url, "schema.json"],
        &["-m", "sgqlc.codegen", "schema", "schema.json", "sgqlc_schema.py"],
    ] {
        let made = output(python(generator)).await;
        assert!(made.status.success(), "{generator:?}: {}", String::from_utf8_lossy(&made.stderr));
    }
    let procedures = json!(["permohonan-cloud-service", "permohonan-subdomain"]);
    let request = json!({ "total": 1, "status": "IN_PROGRESS", "letter": "005/7" });
    let answers = lines(&output(python(&["generated.py", &url, opd.token()])).await);
    assert_eq!(answers, [procedures.clone(), request, procedures]);
}
