//! What the documentation tells clients to send is what the server takes.

use serde_json::json;

use crate::harness::Server;

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_in_the_clients_guide_is_taken() {
    let server = Server::with(&[("tu", "singkawang", "tu", None)]);
    let tu = server.person("tu").await;
    let guide = include_str!("../../docs/clients.md");
    let operations: Vec<&str> =
        guide.split("```graphql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(operations.len() > 8, "{} operations", operations.len());
    for operation in operations {
        let nothing = json!({ "request": "x", "asset": "x", "version": 1 });
        let answer = tu.answer(operation, nothing).await;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        // TU may do none of it; but all of it is in the schema.
        let understood = errors.iter().all(|error| error["extensions"]["code"] == "FORBIDDEN");
        assert!(understood, "{operation}\n{answer:#}");
    }
}

#[test]
fn every_error_code_is_in_the_clients_guide() {
    let guide = include_str!("../../docs/clients.md");
    let schema = disposisi::graphql::sdl();
    let codes = schema.split("enum UserErrorCode {").nth(1).and_then(|rest| rest.split('}').next()).expect("the codes");
    let codes = codes.lines().map(str::trim).filter(|line| line.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    let codes: Vec<&str> = codes.filter(|code| !code.is_empty()).collect();
    assert!(codes.len() >= 20, "{codes:?}");
    for code in codes {
        assert!(guide.contains(&format!("| `{code}` |")), "{code}");
    }
}
