//! A standard `EventSource`, as in browsers: it resumes by itself, and ends where its operation ends.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::program::Program;
use super::proxy::Proxy;
use super::storm::{self, CAST, EVENTS};
use super::{Script, connected};
use crate::acts::Cloud;
use crate::harness::{Server, with};

/// Starts one with an operation; its folder is kept while it runs.
fn start(base: &str, query: &'static str, token: &str, after: &str) -> (tempfile::TempDir, Program) {
    let (folder, mut command) = Script::Node("eventsource.mjs", &[]).command();
    let url = format!("{base}/graphql");
    let environment = [("DISPOSISI_URL", &*url), ("DISPOSISI_TOKEN", token), ("DISPOSISI_AFTER", after)];
    (folder, Program::start(command.arg(query), &environment))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_resumes_by_itself_and_ends_with_its_token() {
    let mut server = Server::with_clock(CAST);
    let proxy = Proxy::to(server.base()).await;
    let token = server.person("tu").await.token().to_owned();
    let begin = storm::cursor(&server, &token).await;
    let (_folder, mut client) = start(&proxy.base(), EVENTS, &token, &begin);
    for count in 1..=3 {
        client.until_noted(count, connected).await;
        server.person("opd").await.submit(Cloud::letter(count)).await;
        let log = storm::log(&server, &token, &begin).await;
        client.until_got(log.len()).await;
        match count {
            1 => proxy.cut(),
            2 => {
                assert!(server.stop().success());
                server.start();
                proxy.lead(server.base());
            }
            _ => server.advance(TimeDelta::minutes(16)),
        }
    }
    client.until_noted(1, |note| note["ended"] == true).await;
    let mut expected = storm::log(&server, server.person("tu").await.token(), &begin).await;
    for event in &mut expected {
        event["lastEventId"] = event["cursor"].clone();
    }
    assert_eq!(client.events, expected);
    // A restarting server may not be reached at first.
    let cursor = |at: usize| Some(&expected[at]["cursor"]);
    let last: Vec<Option<&Value>> =
        client.notes.iter().filter(|note| connected(note)).map(|note| note.get("last")).collect();
    assert_eq!(last.len(), 4, "{:#?}", client.notes);
    assert_eq!(last[..3], [Some(&Value::Null), cursor(2), cursor(5)], "{:#?}", client.notes);
    let rest: Vec<&Value> = client.notes.iter().skip_while(|note| note.get("failed").is_none()).collect();
    let ends = [
        json!({ "failed": "UNAUTHENTICATED", "closeCode": 4403 }),
        json!({ "complete": "" }),
        json!({ "connected": 401, "last": "complete" }),
        json!({ "ended": true }),
    ];
    assert_eq!(rest, ends.iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_its_operation() {
    let server = Server::with(CAST);
    let token = server.person("tu").await.token().to_owned();
    let failed = |code: &str| json!({ "failed": code, "closeCode": null });
    let complete = json!({ "complete": "" });
    let again = json!({ "connected": 204, "last": "complete" });
    let cases: [(&'static str, &str, &str, Vec<Value>); 7] = [
        ("{ __typename }", "", "", vec![json!({ "told": { "__typename": "Query" } })]),
        (
            "{ viewer { user { username } } }",
            &token,
            "",
            vec![json!({ "told": { "viewer": { "user": { "username": "tu" } } } })],
        ),
        ("{", "", "", vec![failed("INVALID_OPERATION")]),
        (EVENTS, &token, "x", vec![failed("INVALID_CURSOR")]),
        (EVENTS, "", "", vec![failed("UNAUTHENTICATED")]),
        (EVENTS, "not one", "", vec![]),
        ("mutation { signOut(input: {}) { userErrors { code } } }", &token, "", vec![]),
    ];
    let statuses = [200, 200, 200, 200, 200, 401, 405];
    let clients = cases.iter().map(|(query, token, after, _)| start(server.base(), query, token, after));
    let mut clients: Vec<_> = clients.collect();
    for ((_, client), ((query, _, _, told), status)) in clients.iter_mut().zip(cases.iter().zip(statuses)) {
        client.until_noted(1, |note| note["ended"] == true).await;
        let mut expected = vec![json!({ "connected": status, "last": null })];
        expected.extend(told.clone());
        if status == 200 {
            expected.extend([complete.clone(), again.clone()]);
        }
        expected.push(json!({ "ended": true }));
        assert_eq!(client.notes, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn line_breaks_in_a_text_stay_in_it() {
    let server = Server::with(CAST);
    let token = server.person("tu").await.token().to_owned();
    let begin = storm::cursor(&server, &token).await;
    let query = "subscription($after: String) { requestEvents(after: $after, filter: { kinds: [SUBMITTED] }) { \
        cursor request { details } } }";
    let (_folder, mut client) = start(server.base(), query, &token, &begin);
    let text = "satu\ndua\r\ntiga\n\nevent: complete\ndata: \u{2028}empat";
    let details = json!({ "purpose": text, "quotaGib": 50, "users": 3 });
    let submission = with(Cloud::letter("1").input(), json!({ "details": details }));
    server.person("opd").await.submit(submission).await;
    client.until_got(1).await;
    assert_eq!(client.events[0]["request"]["details"]["purpose"], text);
}
