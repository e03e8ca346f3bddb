//! Introspection, compared with the published schema by graphql-js of three generations and by a tool that finds changes.

use std::process::Command;

use super::install;
use crate::harness::Server;

#[tokio::test(flavor = "multi_thread")]
async fn introspection_is_the_published_schema() {
    let server = Server::with(&[]);
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    let script = folder.path().join("introspection.mjs");
    std::fs::copy(install::sources().join("introspection.mjs"), &script).expect("a copy");
    std::fs::write(folder.path().join("schema.graphql"), disposisi::graphql::sdl()).expect("written");
    let differences = |schema: &str| {
        let mut node = Command::new("node");
        node.arg(&script).args([&format!("{}/graphql", server.base()), schema]).current_dir(folder.path());
        let output = node.output().expect("node");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(differences("schema.graphql"), "");
    // A difference is found by each.
    let other = disposisi::graphql::sdl().replacen("submittedAt: DateTime!", "submittedAt: DateTime", 1);
    std::fs::write(folder.path().join("other.graphql"), other).expect("written");
    let told = differences("other.graphql");
    for who in ["graphql-js 16: ", "graphql-js 16 prints", "graphql-js 17: ", "graphql-inspector: "] {
        assert!(told.contains(who), "{who} finds nothing: {told}");
    }
}
