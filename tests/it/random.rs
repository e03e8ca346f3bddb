//! Random numbers of a program whose seed the test sets.

use serde_json::{Value, json};

use crate::cast::{Cast, TU};
use crate::harness::{Folders, Server, bare, credentials};

const CAST: Cast<'static> = &[TU];

/// The refresh token of a new session, and the random part of the request's id; the other part is the time.
async fn sign_in(server: &Server) -> (Value, String) {
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { refreshToken } }";
    let call = json!({ "query": query, "variables": credentials("tu") });
    let url = format!("{}/graphql", server.base());
    let answer = reqwest::Client::new().post(url).json(&call).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("an id").to_owned();
    let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    let token = body["data"]["signIn"]["refreshToken"].clone();
    assert!(token.is_string(), "{body}");
    (token, id[14..].to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_determines_tokens_and_ids() {
    let seeded = [7, 7, 8].map(|seed| Server::seeded(seed, CAST));
    let [first, same, other] = [sign_in(&seeded[0]).await, sign_in(&seeded[1]).await, sign_in(&seeded[2]).await];
    assert_eq!(first, same, "one seed");
    assert!(first.0 != other.0 && first.1 != other.1, "another seed: {first:?} {other:?}");
    let log = seeded[0].log();
    assert!(log.contains("random numbers follow from the seed of a test"), "{log}");
    let system = [Server::with(CAST), Server::with(CAST)];
    let (one, two) = (sign_in(&system[0]).await, sign_in(&system[1]).await);
    assert!(one.0 != two.0 && one.1 != two.1, "without a seed: {one:?} {two:?}");
}

#[test]
fn a_seed_that_is_no_number_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut check = bare(&folder.path().join("data"), &Folders::shipped());
    let output = check.arg("check").env(disposisi::random::TEST_SEED, "seven").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("DISPOSISI_TEST_SEED"), "{said}");
}
