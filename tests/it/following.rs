//! Following: both protocols to the letter, every event once and in order, visible events only.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::acts::Cloud;
use crate::cast::{Cast, KABID, KADIS, OPD, TU};
use crate::database;
use crate::harness::{PATIENCE, Person, Server, UNDER_WAY};
use crate::socket::Socket;
use crate::stream::Stream;

const CAST: Cast<'static> = &[OPD, TU, KADIS, KABID];

/// Every event, with its identifying fields.
const EVENTS: &str = "subscription($after: String, $filter: RequestEventFilter) { \
    requestEvents(after: $after, filter: $filter) { id cursor kind sequence version } }";

/// Submits a request; its id and number.
async fn submit(person: &Person<'_>, letter: &str) -> (String, String) {
    let request = person.submit(Cloud::letter(letter)).await;
    (request.id, request.number)
}

async fn cursor(person: &Person<'_>) -> String {
    person.ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"]
        .as_str()
        .expect("a cursor")
        .to_owned()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().expect("a kind")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_closes_with_the_codes_of_the_protocol() {
    let mut server = Server::with_flags(&[TU], &["--socket-init-seconds", "1"]);
    let token = server.person("tu").await.token().to_owned();
    let open = async || Socket::open(&server, Some("graphql-transport-ws"), &[]).await;
    let init = || json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });

    assert_eq!(Socket::open(&server, None, &[]).await.closed().await, 4406, "without the subprotocol");
    assert_eq!(open().await.closed().await, 4408, "without an init");

    for malformed in ["", "{", "[]", "null", "{}", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":1,"payload":{}}"#]
    {
        let mut socket = open().await;
        socket.send_raw(Message::text(malformed)).await;
        assert_eq!(socket.closed().await, 4400, "{malformed}");
    }
    for malformed in [
        json!({ "type": "subscribe", "id": "", "payload": { "query": "{ __typename }" } }),
        json!({ "type": "subscribe", "id": "1", "payload": { "query": 1 } }),
        json!({ "type": "subscribe", "id": "1", "payload": ["{ __typename }"] }),
        json!({ "type": "subscribe", "id": "1" }),
        json!({ "type": "complete" }),
    ] {
        let mut socket = Socket::of(&server, &token).await;
        socket.send(malformed.clone()).await;
        assert_eq!(socket.closed().await, 4400, "{malformed}");
    }
    let mut socket = open().await;
    socket.send_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.closed().await, 4400, "binary");
    let mut socket = Socket::of(&server, &token).await;
    // Data still on its way at the close may cut the connection, before all is sent or before the close frame is read.
    let much = json!({ "type": "ping", "payload": { "much": "x".repeat(2_000_000) } });
    if socket.try_send(Message::text(much.to_string())).await {
        assert!([4400, 0].contains(&socket.closed().await), "more than is taken");
    }

    let mut socket = open().await;
    socket.subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(socket.closed().await, 4401, "subscribed before the init");
    for bad in [json!({ "Authorization": "Bearer x" }), json!({ "token": 1 }), json!({ "authorization": "" })] {
        let mut socket = open().await;
        socket.send(json!({ "type": "connection_init", "payload": bad })).await;
        assert_eq!(socket.closed().await, 4403, "{bad}");
    }
    let mut socket =
        Socket::open(&server, Some("graphql-transport-ws"), &[("authorization", "Bearer x".to_owned())]).await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await, 4403, "a bad token in the header");

    let mut socket = Socket::of(&server, &token).await;
    socket.send(init()).await;
    assert_eq!(socket.closed().await, 4429, "two inits");
    let mut socket = Socket::of(&server, &token).await;
    socket.subscribe("a", EVENTS, json!({})).await;
    socket.subscribe("a", EVENTS, json!({})).await;
    assert_eq!(socket.closed().await, 4409, "an id in use");

    // The time for the init does not run on after it.
    let mut socket = Socket::of(&server, &token).await;
    socket.sleep(Duration::from_millis(1500)).await;
    socket.send(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong", "payload": { "a": 1 } }));
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong" }));
    socket.send(json!({ "type": "pong" })).await;

    // The server's stop has a close code after which clients reconnect.
    assert!(server.stop().success());
    assert_eq!(socket.closed().await, 1012);
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_of_every_kind_go_over_a_socket() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let mut socket =
        Socket::open(&server, Some("graphql-transport-ws"), &[("authorization", format!("Bearer {}", opd.token()))])
            .await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    socket
        .subscribe("q", "query($x: Boolean!) { viewer @include(if: $x) { user { username } } }", json!({ "x": true }))
        .await;
    assert_eq!(socket.told("q").await, json!({ "viewer": { "user": { "username": "opd" } } }));
    assert_eq!(socket.receive().await, json!({ "id": "q", "type": "complete" }));
    // The id of a completed operation can be used again.
    socket.subscribe("q", "{ nothing }", json!({})).await;
    let failed = socket.receive().await;
    assert_eq!((&failed["type"], &failed["id"]), (&json!("error"), &json!("q")), "{failed}");
    assert_eq!(failed["payload"][0]["extensions"]["code"], "INVALID_OPERATION");
    let mut other = Socket::of(&server, opd.token()).await;
    other.subscribe("q", "{ __typename }", json!({})).await;
    other.told("q").await;
    assert_eq!(other.receive().await["type"], "complete");
    assert_eq!(other.goodbye(1000).await, 1000, "a goodbye is answered");
    socket.subscribe("q", "subscription { requestEvent { id } }", json!({})).await;
    let failed = socket.receive().await;
    assert_eq!(failed["payload"][0]["locations"], json!([{ "line": 1, "column": 16 }]), "{failed}");

    socket.subscribe("s", EVENTS, json!({})).await;
    socket.subscribe("t", EVENTS, json!({ "filter": { "kinds": ["STEP_COMPLETED"] } })).await;
    socket.settle().await;
    submit(&opd, "W/1").await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let message = socket.receive().await;
        let event = message["payload"]["data"]["requestEvents"].clone();
        seen.push(format!("{} {}", message["id"].as_str().expect("an id"), event["kind"].as_str().expect("a kind")));
    }
    assert!(seen.contains(&"s SUBMITTED".to_owned()), "{seen:?}");
    socket.send(json!({ "id": "s", "type": "complete" })).await;
    socket.send(json!({ "id": "none", "type": "complete" })).await;
    socket.settle().await;
    let (_, number) = submit(&opd, "W/2").await;
    tu.forward(&number).await;
    let message = socket.receive().await;
    assert_eq!(message["id"], "t", "the other was completed: {message}");
    for (query, code) in [
        ("subscription { requestEvents { id } inboxChanges { waiting } }", "INVALID_OPERATION"),
        (
            "subscription { ...F } fragment F on Subscription { requestEvents { id } again: requestEvents { id } }",
            "INVALID_OPERATION",
        ),
        ("subscription { requestEvents @skip(if: true) { id } }", "INVALID_OPERATION"),
        ("subscription { requestEvents { nothing } }", "INVALID_OPERATION"),
        ("subscription { requestEvents(after: \"x\") { id } }", "INVALID_CURSOR"),
        ("subscription {", "INVALID_OPERATION"),
    ] {
        let mut socket = Socket::of(&server, opd.token()).await;
        socket.subscribe("e", query, json!({})).await;
        let message = socket.receive().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("e")), "{query}: {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{query}: {message}");
    }
    // A fragment at the root is as good as a field.
    let mut socket = Socket::of(&server, opd.token()).await;
    let after = cursor(&opd).await;
    let query =
        "subscription($after: String) { ...F } fragment F on Subscription { requestEvents(after: $after) { kind } }";
    socket.subscribe("f", query, json!({ "after": after })).await;
    submit(&opd, "W/3").await;
    assert_eq!(socket.told("f").await["requestEvents"]["kind"], "SUBMITTED");
    // Nobody follows anonymously.
    let mut socket = Socket::open(&server, Some("graphql-transport-ws"), &[]).await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    socket.subscribe("n", EVENTS, json!({})).await;
    assert_eq!(socket.receive().await["payload"][0]["extensions"]["code"], "UNAUTHENTICATED");
    socket.subscribe("n", "{ offices { key } }", json!({})).await;
    assert_eq!(socket.told("n").await["offices"][0]["key"], "denpasar");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_resumes_from_the_last_event_id() {
    let mut server = Server::with_flags(CAST, &["--heartbeat-seconds", "1"]);
    let (opd, tu, kadis) = (server.person("opd").await, server.person("tu").await, server.person("kadis").await);
    let after = cursor(&kadis).await;
    let (_, number) = submit(&opd, "S/1").await;
    let mut stream = Stream::post(&server, Some(tu.token()), None, EVENTS, json!({ "after": after })).await;
    let (first, id) = stream.told().await;
    assert_eq!(first["data"]["requestEvents"]["kind"], "SUBMITTED");
    assert_eq!(id.as_deref(), first["data"]["requestEvents"]["cursor"].as_str(), "the id is the cursor");
    let mut rest = Vec::new();
    while rest.len() < 2 {
        rest.push(stream.told().await.0["data"]["requestEvents"].clone());
    }
    // A comment as a heartbeat.
    let comment = stream.next().await.expect("a comment");
    assert!(!comment.contains_key("event"), "{comment:?}");
    drop(stream);
    tu.forward(&number).await;
    let mut again = Stream::post(&server, Some(tu.token()), id.as_deref(), EVENTS, json!({ "after": after })).await;
    for event in rest {
        assert_eq!(again.told().await.0["data"]["requestEvents"], event);
    }
    assert_eq!(again.told().await.0["data"]["requestEvents"]["kind"], "STEP_COMPLETED");

    // A query is answered in the same way.
    let mut once = Stream::post(&server, None, None, "{ offices { key } }", json!({})).await;
    assert_eq!(once.told().await.0["data"]["offices"][0]["key"], "denpasar");
    assert_eq!(once.event().await.expect("an event")["event"], "complete");
    assert!(once.event().await.is_none());
    let mut wrong = Stream::post(&server, Some(tu.token()), None, EVENTS, json!({ "after": "x" })).await;
    assert_eq!(wrong.told().await.0["errors"][0]["extensions"]["code"], "INVALID_CURSOR");
    assert_eq!(wrong.event().await.expect("an event")["event"], "complete");

    // By GET too, as a browser's own client does; but no mutation.
    let http = reqwest::Client::new();
    let get = |query: &str| {
        let url =
            reqwest::Url::parse_with_params(&format!("{}/graphql", server.base()), [("query", query)]).expect("a URL");
        http.get(url).bearer_auth(tu.token())
    };
    let follow = format!("subscription {{ requestEvents(after: \"{}\") {{ kind }} }}", cursor(&tu).await);
    let answer = get(&follow).header(ACCEPT, "text/event-stream").send().await;
    let mut stream = Stream::of(answer.expect("an answer").into());
    submit(&opd, "S/2").await;
    assert_eq!(stream.told().await.0["data"]["requestEvents"]["kind"], "SUBMITTED");
    let answer = get("mutation { signOut { userErrors { code } } }").header(ACCEPT, "text/event-stream");
    assert_eq!(answer.send().await.expect("an answer").status(), 405);
    let plain: Value = get("{ __typename }").send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(plain, json!({ "data": { "__typename": "Query" } }), "no stream is asked for");
    let plain = tu.answer(EVENTS, json!({})).await;
    assert_eq!(plain["errors"][0]["extensions"]["code"], "INVALID_OPERATION", "{plain}");

    // The server's stop cuts the stream without a last word, so its client reconnects.
    assert!(server.stop().success());
    assert!(stream.event().await.is_none_or(|fields| fields["event"] == "next"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_closes_its_socket() {
    let server = Server::with_clock(CAST);
    let mut socket = Socket::of(&server, server.person("tu").await.token()).await;
    socket.subscribe("1", EVENTS, json!({})).await;
    socket.settle().await;
    server.advance(TimeDelta::minutes(16));
    assert_eq!(socket.closed().await, 4403);
    let tu = server.person("tu").await;
    let mut stream = Stream::post(&server, Some(tu.token()), None, EVENTS, json!({})).await;
    server.advance(TimeDelta::minutes(16));
    let (last, _) = stream.told().await;
    let extensions = &last["errors"][0]["extensions"];
    assert_eq!((&extensions["code"], &extensions["closeCode"]), (&json!("UNAUTHENTICATED"), &json!(4403)));
    assert_eq!(stream.event().await.expect("an event")["event"], "complete");
    assert!(stream.event().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_peer_is_disconnected() {
    let mut server = Server::with_clock(CAST);
    let mut flags = UNDER_WAY.to_vec();
    flags.extend(["--heartbeat-seconds", "1"]);
    server.restart_with(&flags);
    let tu = server.person("tu").await;
    let mut silent = Socket::of(&server, tu.token()).await;
    let mut alive = Socket::of(&server, tu.token()).await;
    silent.subscribe("1", EVENTS, json!({})).await;
    alive.subscribe("1", EVENTS, json!({})).await;
    silent.settle().await;
    alive.settle().await;
    // One reads, and so answers pings; the other does neither.
    let until_one_follows = async {
        while server.under_way().await.1 != 1 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        () = until_one_follows => {}
        message = alive.receive_within(PATIENCE) => panic!("{message:?}"),
    }
    assert_eq!(silent.closed().await, 0);
    submit(&server.person("opd").await, "P/1").await;
    assert_eq!(alive.told("1").await["requestEvents"]["kind"], "SUBMITTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_from_a_cursor_neither_skips_nor_repeats_events() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let page = "{ viewer { eventCursor } requests(first: 100, orderBy: { field: SUBMITTED_AT, direction: ASC }) { \
        nodes { id version events(first: 100) { nodes { id } } } } }";
    let writer = async {
        for letter in 0..40 {
            let (_, number) = submit(&opd, &format!("R/{letter}")).await;
            if letter % 2 == 0 {
                tu.forward(&number).await;
            }
        }
    };
    let reader = async {
        let mut rounds = Vec::new();
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let found = tu.ask(page, json!({})).await;
            let after = found["viewer"]["eventCursor"].clone();
            let mut socket = Socket::of(&server, tu.token()).await;
            socket.subscribe("1", EVENTS, json!({ "after": after })).await;
            rounds.push((found, socket));
        }
        rounds
    };
    let ((), rounds) = tokio::join!(writer, reader);
    let all = tu.ask(page, json!({})).await;
    let ids = |found: &Value| -> Vec<String> {
        let nodes = found["requests"]["nodes"].as_array().expect("a list").clone();
        let events = nodes.iter().flat_map(|node| node["events"]["nodes"].as_array().expect("a list").clone());
        events.map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
    };
    let mut expected = ids(&all);
    expected.sort();
    for (found, mut socket) in rounds {
        let mut streamed: Vec<String> = Vec::new();
        let read = ids(&found);
        loop {
            let known = read.iter().chain(&streamed).collect::<BTreeSet<_>>().len();
            if known == expected.len() {
                break;
            }
            streamed.push(socket.told("1").await["requestEvents"]["id"].as_str().expect("an id").to_owned());
        }
        // A page may be newer than its cursor, never older: its additional events come too, and nothing else does.
        while let Some(message) = socket.receive_within(Duration::from_millis(200)).await {
            let id = message["payload"]["data"]["requestEvents"]["id"].as_str().map(str::to_owned);
            streamed.push(id.filter(|id| read.contains(id)).unwrap_or_else(|| panic!("nothing else comes: {message}")));
        }
        let mut once = streamed.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), streamed.len(), "none is streamed twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribing_before_reading_misses_no_event() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let inbox = "{ viewer { inbox(first: 100) { edges { node { id } } } } }";
    let changes = "subscription { inboxChanges { requestId waiting } }";
    let page = |data: &Value| -> BTreeSet<String> {
        let edges = data["viewer"]["inbox"]["edges"].as_array().unwrap_or_else(|| panic!("a page: {data}"));
        edges.iter().map(|edge| edge["node"]["id"].as_str().expect("an id").to_owned()).collect()
    };
    let over = AtomicBool::new(false);
    let writer = async {
        for letter in 0..150 {
            let (_, number) = submit(&opd, &format!("B/{letter}")).await;
            if letter % 8 != 0 {
                tu.forward(&number).await;
            }
            if over.load(Ordering::Relaxed) {
                break;
            }
        }
    };
    let reader = async {
        let mut sockets = Vec::new();
        for _ in 0..4 {
            let mut socket = Socket::of(&server, tu.token()).await;
            // The page would come long before the last of so many has begun, if it did not wait for them.
            for id in 0..90 {
                socket.subscribe(&format!("changes {id}"), changes, json!({})).await;
            }
            socket.subscribe("page", inbox, json!({})).await;
            sockets.push(socket);
        }
        let mut readers = Vec::new();
        for mut socket in sockets {
            let mut told = Vec::new();
            let held = loop {
                let message = socket.receive().await;
                match message["id"].as_str() {
                    Some("page") => {
                        assert_eq!(message["type"], "next", "{message}");
                        break page(&message["payload"]["data"]);
                    }
                    Some("changes 89") => told.push(message["payload"]["data"]["inboxChanges"].clone()),
                    _ => {}
                }
            };
            readers.push((socket, held, told));
        }
        over.store(true, Ordering::Relaxed);
        readers
    };
    let ((), readers) = tokio::join!(writer, reader);
    // The last event for all of them.
    let (last, _) = submit(&opd, "B/last").await;
    let waiting = page(&tu.ask(inbox, json!({})).await);
    for (mut socket, mut held, mut told) in readers {
        while told.last().is_none_or(|change| change["requestId"] != *last) {
            let message = socket.receive().await;
            if message["id"] == "changes 89" {
                told.push(message["payload"]["data"]["inboxChanges"].clone());
            }
        }
        for change in told {
            let id = change["requestId"].as_str().expect("an id").to_owned();
            if change["waiting"] == true {
                held.insert(id)
            } else {
                held.remove(&id)
            };
        }
        assert_eq!(held, waiting);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnecting_client_gets_every_event_once_and_in_order() {
    let mut server = Server::with(CAST);
    let begin = cursor(&server.person("tu").await).await;
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    for letter in 0..30 {
        let (_, number) = submit(&opd, &format!("C/{letter}")).await;
        tu.forward(&number).await;
    }
    let mut socket = Socket::of(&server, tu.token()).await;
    socket.subscribe("1", EVENTS, json!({ "after": begin })).await;
    let mut all = Vec::new();
    // SUBMITTED, its end, the next step's begin; the document, TU's end, the head's begin.
    while all.len() < 30 * 6 {
        all.push(socket.told("1").await["requestEvents"].clone());
    }
    // From any place of it, on another day of the same server: the rest.
    server.restart_with(&[]);
    let tu = server.person("tu").await;
    for place in [0, 1, 77, 178] {
        let mut socket = Socket::of(&server, tu.token()).await;
        socket.subscribe("1", EVENTS, json!({ "after": all[place]["cursor"] })).await;
        for event in &all[place + 1..] {
            assert_eq!(socket.told("1").await["requestEvents"], *event);
        }
        assert_eq!(socket.receive_within(Duration::from_millis(100)).await, None);
    }
    // A filter removes only the events outside of it.
    let mut socket = Socket::of(&server, tu.token()).await;
    socket.subscribe("1", EVENTS, json!({ "after": all[3]["cursor"], "filter": { "kinds": ["SUBMITTED"] } })).await;
    for event in all[4..].iter().filter(|event| event["kind"] == "SUBMITTED") {
        assert_eq!(socket.told("1").await["requestEvents"], *event);
    }
    assert_eq!(
        kinds(&all[..6]),
        ["SUBMITTED", "STEP_COMPLETED", "STEP_STARTED", "STEP_COMPLETED", "DOCUMENT_ADDED", "STEP_STARTED"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_beyond_the_log_is_refused() {
    let mut server = Server::with(CAST);
    submit(&server.person("opd").await, "B/1").await;
    server.stop();
    let backup = tempfile::tempdir().expect("a folder");
    database::copy(&server.path(), backup.path());
    server.start();
    submit(&server.person("opd").await, "B/2").await;
    let later = cursor(&server.person("tu").await).await;
    server.stop();
    database::copy(backup.path(), &server.path());
    server.start();
    let tu = server.person("tu").await;
    let mut socket = Socket::of(&server, tu.token()).await;
    socket.subscribe("1", EVENTS, json!({ "after": later })).await;
    let message = socket.receive().await;
    assert_eq!(message["payload"][0]["extensions"]["code"], "CURSOR_AHEAD", "{message}");
    // Also once the log has grown beyond it: another event has that position now.
    for letter in 3..5 {
        submit(&server.person("opd").await, &format!("B/{letter}")).await;
    }
    socket.subscribe("2", EVENTS, json!({ "after": later })).await;
    let message = socket.receive().await;
    assert_eq!(message["payload"][0]["extensions"]["code"], "CURSOR_AHEAD", "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_delays_nobody() {
    // Silent readers are not disconnected meanwhile.
    let server = Server::with_flags(CAST, &["--heartbeat-seconds", "600"]);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    // The same text, so that all share one resolved answer; and so large that a reader that reads nothing is soon stuck.
    let much: String = (0..400).map(|number| format!("a{number}: cursor ")).collect();
    let query = format!("subscription {{ requestEvents {{ id {much} actor {{ user {{ name }} }} }} }}");
    let mut deaf = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::of(&server, tu.token()).await;
        for id in 0..8 {
            socket.subscribe(&id.to_string(), &query, json!({})).await;
        }
        socket.settle().await;
        deaf.push(socket);
    }
    let mut alive = Socket::of(&server, tu.token()).await;
    alive.subscribe("1", &query, json!({})).await;
    alive.settle().await;
    for letter in 0..40 {
        submit(&opd, &format!("D/{letter}")).await;
        for _ in 0..3 {
            alive.told("1").await;
        }
    }
    drop(deaf);
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_per_connection_are_limited() {
    let server = Server::with(CAST);
    let tu = server.person("tu").await;
    let mut socket = Socket::of(&server, tu.token()).await;
    socket.subscribe(&"x".repeat(129), EVENTS, json!({})).await;
    assert_eq!(socket.closed().await, 4400, "an id that stands in every answer is short");
    let mut socket = Socket::of(&server, tu.token()).await;
    let large = json!({ "filter": { "kinds": [] }, "unused": vec!["x".repeat(60_000); 7] });
    socket.subscribe("1", EVENTS, large.clone()).await;
    socket.subscribe("2", EVENTS, large.clone()).await;
    socket.subscribe("3", EVENTS, large).await;
    let refused = socket.receive().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("3"), &json!("error")), "{refused}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "TOO_MANY_OPERATIONS");
    socket.send(json!({ "id": "1", "type": "complete" })).await;
    socket.subscribe("3", "{ viewer { user { username } } }", json!({})).await;
    assert_eq!(socket.told("3").await["viewer"]["user"]["username"], "tu");
    let mut socket = Socket::of(&server, tu.token()).await;
    for id in 0..101 {
        socket.subscribe(&id.to_string(), EVENTS, json!({})).await;
    }
    let refused = socket.receive().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("100"), &json!("error")), "{refused}");
}
