//! Tools from before 2018.

use std::process::Command;

use serde_json::json;

use super::install;
use crate::harness::Server;

#[tokio::test(flavor = "multi_thread")]
async fn an_old_tool_reads_the_schema() {
    let server = Server::with(&[]);
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    let script = folder.path().join("old.mjs");
    std::fs::copy(install::sources().join("old.mjs"), &script).expect("a copy");
    let good = "query($after: String) { requests(first: 5, after: $after) { nodes { id assets { ... on Subdomain { fqdn } } } } }";
    let bad = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { nothing } }";
    let url = format!("{}/graphql", server.base());
    let output = Command::new("node").arg(script).args([&url, good, bad]).output().expect("node");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said, json!([[], ["Cannot query field \"nothing\" on type \"SubmitRequestPayload\"."]]));
}
