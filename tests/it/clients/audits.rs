//! GraphQL over HTTP as its own working group audits it: every audit of the reference implementation passes.

use serde_json::Value;

use super::Script;
use crate::harness::Server;

const AUDITS: Script = Script::Node("audits.mjs", &[]);

#[test]
fn every_audit_of_graphql_over_http_passes() {
    let server = Server::with(&[]);
    let (_folder, mut command) = AUDITS.command();
    let output = command.env("DISPOSISI_URL", format!("{}/graphql", server.base())).output().expect("node");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}");
    let printed = String::from_utf8(output.stdout).expect("text");
    let audits: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(audits.len(), 61);
    // Notices and warnings are a SHOULD or a MAY: those are kept too.
    let failed: Vec<&Value> = audits.iter().filter(|audit| audit["status"] != "ok").collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
