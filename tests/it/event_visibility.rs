//! Visibility of events: a stream delivers the events visible to its reader, resolved for that reader, until their rights end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::acts::{Cloud, Placement, cloud_way, dispose, play};
use crate::cast::{ADMIN, AUDITOR, CHIEF, CLOUD, COLLEAGUE, Cast, KABID, KADIS, MADE, OPD, OTHER, SUBKOR, TU, WAYAN};
use crate::harness::{Person, Server, UNLIMITED};
use crate::socket::Socket;
use crate::stream::Stream;

const CAST: Cast<'static> = &[
    OPD,
    COLLEAGUE,
    CHIEF,
    OTHER,
    ("otherchief", "singkawang", "pimpinan-opd", Some("dinsos")),
    TU,
    KADIS,
    KABID,
    SUBKOR,
    CLOUD,
    AUDITOR,
    ADMIN,
    MADE,
    WAYAN,
    ("guest", "denpasar", "kabid-egovernment", None),
];

const EVENTS: &str = "subscription($after: String, $filter: RequestEventFilter) { \
    requestEvents(after: $after, filter: $filter) { id kind request { number } } }";
const INBOX: &str = "subscription($office: String) { inboxChanges(office: $office) { requestId waiting waitingCount \
    request { number } } }";

async fn submit(person: &Person<'_>, letter: &str, confidentiality: &str) -> String {
    person.submit(Cloud::letter(letter).confidentiality(confidentiality)).await.number
}

/// The events of a request as a person reads them, by id.
async fn read(person: &Person<'_>, number: &str) -> Vec<String> {
    let query = "query($number: String!) { request(number: $number) { events(first: 100) { nodes { id } } } }";
    let found = person.ask(query, json!({ "number": number })).await;
    let nodes = found["request"]["events"]["nodes"].as_array().cloned().unwrap_or_default();
    nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
}

/// The events of requests as a person reads them, in the order of the log when the requests are in the order of their last act.
async fn read_all(person: &Person<'_>, numbers: &[&String]) -> Vec<String> {
    let mut found = Vec::new();
    for number in numbers {
        found.extend(read(person, number).await);
    }
    found
}

/// The events received by a socket, up to the event of that id. A stream is in the order of the log: nothing before it is
/// missing.
async fn told_until(socket: &mut Socket, last: &str) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        let message = socket.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        told.push(message["payload"]["data"]["requestEvents"].clone());
        if told.last().is_some_and(|event| event["id"] == last) {
            return told;
        }
    }
}

fn ids(told: &[Value]) -> Vec<String> {
    told.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

/// A follower's cursor at the end of the log.
async fn end_of_log(person: &Person<'_>) -> Value {
    person.ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].take()
}

/// Submits a request in Denpasar: the last event visible to its readers there. Returns its number, and the id of that event.
async fn fence(server: &Server, letter: &str) -> (String, String) {
    let number = server.person("made").await.submit(Placement::letter(letter)).await.number;
    let last = read(&server.person("wayan").await, &number).await.pop().expect("an event");
    (number, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_receive_the_events_that_they_may_read() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let begin = end_of_log(&people["tu"]).await;
    let mut live = BTreeMap::new();
    for (name, person) in &people {
        let mut socket = Socket::of(&server, person.token()).await;
        socket.subscribe("1", EVENTS, json!({})).await;
        socket.settle().await;
        live.insert(*name, socket);
    }
    let open = submit(&people["opd"], "T/1", "ORDINARY").await;
    let secret = submit(&people["opd"], "T/2", "SECRET").await;
    let theirs = submit(&people["other"], "T/3", "ORDINARY").await;
    play(&people, &open, &cloud_way("dinkes")).await;
    // An event at the end for each reader of anything.
    let readers_of_nothing = ["admin", "colleague"];
    let their_last = submit(&people["other"], "T/4", "ORDINARY").await;
    let (elsewhere, _) = fence(&server, "T/5").await;
    for (name, person) in people.iter().filter(|(name, _)| !readers_of_nothing.contains(name)) {
        let readable = read_all(person, &[&secret, &theirs, &open, &their_last, &elsewhere]).await;
        let last = readable.last().unwrap_or_else(|| panic!("{name} reads nothing"));
        let told = told_until(live.get_mut(name).expect("a socket"), last).await;
        let readable: BTreeSet<String> = readable.iter().cloned().collect();
        let once: BTreeSet<String> = ids(&told).into_iter().collect();
        assert_eq!(once.len(), told.len(), "{name}: none twice");
        assert!(once.is_subset(&readable), "{name} receives an event that they may not read");
        // A stream from the beginning delivers everything visible now.
        let mut socket = Socket::of(&server, person.token()).await;
        socket.subscribe("1", EVENTS, json!({ "after": begin })).await;
        let again: BTreeSet<String> = ids(&told_until(&mut socket, last).await).into_iter().collect();
        assert_eq!(again, readable, "{name}");
        let of = |number: &str| told.iter().filter(|event| event["request"]["number"] == number).count();
        match *name {
            // From the beginning on they see all of it.
            "auditor" | "opd" | "tu" => assert!(of(&open) > 7 && of(&secret) > 0, "{name}: {told:#?}"),
            "kadis" => assert!(of(&open) > 7 && of(&secret) == 0 && of(&theirs) > 0, "{name}: {told:#?}"),
            // Once it has reached them.
            "kabid" | "subkor" | "cloud" => {
                assert!(of(&open) > 0 && of(&secret) + of(&theirs) == 0, "{name}: {told:#?}")
            }
            // The agency's, but for a colleague's secret letters.
            "chief" => assert!(of(&open) > 0 && of(&secret) + of(&theirs) == 0, "{name}: {told:#?}"),
            "other" | "otherchief" => assert!(of(&theirs) > 0 && of(&open) + of(&secret) == 0, "{name}: {told:#?}"),
            _ => assert_eq!(of(&elsewhere), told.len(), "{name}: {told:#?}"),
        }
        if *name == "auditor" {
            assert_eq!(once, readable, "a reader of everything receives everything");
        }
    }
    for name in readers_of_nothing {
        let socket = live.get_mut(name).expect("a socket");
        assert_eq!(socket.receive_within(Duration::from_millis(200)).await, None, "{name}");
    }
    // Filters narrow: of five only one lets an event through.
    let mut socket = Socket::of(&server, people["auditor"].token()).await;
    for (id, filter) in [
        ("office", json!({ "office": "denpasar" })),
        ("procedure", json!({ "procedure": "permohonan-subdomain" })),
        ("request", json!({ "requestId": server.id_of("Request", uuid::Uuid::from_u128(1)) })),
        ("kinds", json!({ "kinds": [] })),
        ("all", json!({ "office": "singkawang", "procedure": "permohonan-cloud-service", "kinds": ["COMPLETED"] })),
    ] {
        socket.subscribe(id, EVENTS, json!({ "after": begin, "filter": filter })).await;
    }
    assert_eq!(socket.told("all").await["requestEvents"]["request"]["number"], open.as_str());
    assert_eq!(socket.receive_within(Duration::from_millis(700)).await, None);
}

/// The paths to every field of an event, down to that depth, by introspection: a new field cannot be forgotten. Fields with
/// required arguments are left out.
fn paths(types: &BTreeMap<String, Value>, of: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for field in types[of]["fields"].as_array().into_iter().flatten() {
        let name = field["name"].as_str().expect("a name");
        let mut ty = &field["type"];
        while !ty["ofType"].is_null() {
            ty = &ty["ofType"];
        }
        let ty = ty["name"].as_str().expect("a type");
        let is_leaf = matches!(types[ty]["kind"].as_str(), Some("SCALAR" | "ENUM"));
        if is_leaf {
            found.push(name.to_owned());
        } else if depth > 1 {
            found.extend(paths(types, ty, depth - 1).into_iter().map(|below| format!("{name} {{ {below} }}")));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn event_fields_are_resolved_for_their_reader() {
    // Some are not read from for longer than a heartbeat here.
    // One operation reads ninety fields.
    let server = Server::with_flags(CAST, &["--heartbeat-seconds", "600", "--token-limit", "3000"]);
    let people = server.everybody(CAST).await;
    let query = "{ __schema { types { name kind fields { name type { name ofType { name ofType { name ofType { name } } } } } } } }";
    let schema = people["tu"].ask(query, json!({})).await;
    let types = schema["__schema"]["types"].as_array().expect("a list").iter();
    let types: BTreeMap<String, Value> =
        types.map(|ty| (ty["name"].as_str().expect("a name").to_owned(), ty.clone())).collect();
    let paths = paths(&types, "RequestEvent", 4);
    assert!(paths.len() > 200, "{} paths", paths.len());
    // Two on each side, and the actor: viewer-dependent fields differ between some of them.
    let readers = ["kadis", "tu", "auditor", "opd", "chief"];
    let number = submit(&people["opd"], "F/1", "ORDINARY").await;
    let mut sockets = Vec::new();
    for reader in readers {
        let (mut all, before) = (Vec::new(), read(&people[reader], &number).await.len());
        for some in paths.chunks(90) {
            let mut socket = Socket::of(&server, people[reader].token()).await;
            for path in some {
                socket.subscribe(path, &format!("subscription {{ requestEvents {{ id {path} }} }}"), json!({})).await;
            }
            socket.settle().await;
            all.push((socket, some));
        }
        sockets.push((reader, before, all));
    }
    play(&people, &number, &cloud_way("dinkes")[..1]).await;
    let mut compared = 0;
    for (reader, before, all) in sockets {
        let happened = read(&people[reader], &number).await.len() - before;
        assert!(happened > 0, "{reader}");
        for (mut socket, some) in all {
            let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for _ in 0..happened * some.len() {
                let message = socket.receive().await;
                let path = message["id"].as_str().unwrap_or_else(|| panic!("{message}")).to_owned();
                assert_eq!(message["type"], "next", "{message}");
                told.entry(path).or_default().push(message["payload"].clone());
            }
            assert_eq!(told.len(), some.len(), "{reader}");
            let event = told[&some[0]][0]["data"]["requestEvents"]["id"].clone();
            for (index, event) in
                told[&some[0]].iter().map(|told| told["data"]["requestEvents"]["id"].clone()).enumerate()
            {
                let read = some
                    .iter()
                    .enumerate()
                    .map(|(at, path)| format!("f{at}: node(id: {event}) {{ ... on RequestEvent {{ id {path} }} }}"));
                let answer =
                    people[reader].answer(&format!("{{ {} }}", read.collect::<Vec<_>>().join(" ")), json!({})).await;
                for (at, path) in some.iter().enumerate() {
                    // A cursor of now stands further on than one of then.
                    if path.contains("eventCursor") {
                        continue;
                    }
                    let told = &told[path][index];
                    assert_eq!(
                        told["data"]["requestEvents"],
                        answer["data"][format!("f{at}")],
                        "{reader}: {path}\n{told}"
                    );
                    compared += 1;
                }
            }
            assert!(!event.is_null());
        }
    }
    assert!(compared > 1500, "{compared} compared");
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}

/// Revokes a person's role in Singkawang.
async fn revoke(admin: &Person<'_>, username: &str, role: &str) {
    let person = admin.person_of("singkawang", username).await;
    let mut grants = person["grants"].as_array().expect("grants").iter();
    let grant = grants.find(|grant| grant["role"]["key"] == role).expect("a grant");
    admin.act("revokeGrant", "", json!({ "grantId": grant["id"] })).await;
}

/// Puts a person of Singkawang out of service.
async fn deactivate(admin: &Person<'_>, username: &str) {
    let user = admin.person_of("singkawang", username).await["user"]["id"].take();
    admin.act("deactivateUser", "", json!({ "office": "singkawang", "userId": user })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_rights_end_the_events_that_they_showed() {
    let server = Server::with_clock(CAST);
    let people = server.everybody(CAST).await;
    let until = (server.now() + TimeDelta::minutes(5)).to_rfc3339();
    server.run(&["grant", "guest", "--office", "singkawang", "--role", "auditor", "--until", &until]);
    // A remaining right elsewhere.
    server.run(&["grant", "auditor", "--office", "denpasar", "--role", "kabid-egovernment"]);
    let mut sockets = BTreeMap::new();
    for name in ["guest", "auditor", "kadis", "tu"] {
        let mut socket = Socket::of(&server, people[name].token()).await;
        socket.subscribe("1", EVENTS, json!({})).await;
        socket.settle().await;
        sockets.insert(name, socket);
    }
    let mut stream = Stream::post(&server, Some(people["tu"].token()), None, EVENTS, json!({})).await;
    let last = async |number: &str| read(&people["kadis"], number).await.pop().expect("an event");
    let number = submit(&people["opd"], "G/1", "ORDINARY").await;
    for (name, socket) in &mut sockets {
        assert!(told_until(socket, &last(&number).await).await.len() > 1, "{name}");
    }
    for _ in 0..3 {
        assert!(stream.told().await.0["data"]["requestEvents"]["id"].is_string());
    }
    // One grant ends by its date, one is revoked, and one person is deactivated.
    server.advance(TimeDelta::minutes(6));
    revoke(&people["admin"], "auditor", "auditor").await;
    deactivate(&people["admin"], "tu").await;
    let hidden = submit(&people["opd"], "G/2", "ORDINARY").await;
    let (elsewhere, fence) = fence(&server, "G/elsewhere").await;
    for name in ["guest", "auditor"] {
        let told = told_until(sockets.get_mut(name).expect("a socket"), &fence).await;
        assert!(told.iter().all(|event| event["request"]["number"] == elsewhere.as_str()), "{name}: {told:?}");
    }
    assert!(told_until(sockets.get_mut("kadis").expect("a socket"), &last(&hidden).await).await.len() > 1);
    assert_eq!(
        sockets.get_mut("tu").expect("a socket").closed().await,
        4403,
        "a deactivated person's socket is closed"
    );
    assert_eq!(stream.told().await.0["errors"][0]["extensions"]["closeCode"], 4403);
    // A new grant shows events again, from then on.
    server.run(&["grant", "auditor", "--office", "singkawang", "--role", "auditor"]);
    let shown = submit(&people["opd"], "G/3", "ORDINARY").await;
    let told = told_until(sockets.get_mut("auditor").expect("a socket"), &last(&shown).await).await;
    assert!(told.len() > 1 && told.iter().all(|event| event["request"]["number"] == shown.as_str()), "{told:?}");
}

/// A subscription with events so large that they wait in the server for a reader that reads none.
fn large() -> String {
    let much: String = (0..1500).map(|number| format!("a{number}: cursor ")).collect();
    format!("subscription($after: String) {{ requestEvents(after: $after) {{ id cursor {much} }} }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn buffered_events_are_authorized_when_they_are_sent() {
    let server = Server::with_flags(CAST, &UNLIMITED);
    let people = server.everybody(CAST).await;
    let after = end_of_log(&people["tu"]).await;
    for letter in 0..60 {
        submit(&people["opd"], &format!("L/{letter}"), "ORDINARY").await;
    }
    let mut slow = Socket::of(&server, people["tu"].token()).await;
    slow.subscribe("1", &large(), json!({ "after": after })).await;
    assert_eq!(slow.receive().await["type"], "next");
    let mut other = Socket::of(&server, people["tu"].token()).await;
    other.subscribe("1", EVENTS, json!({})).await;
    other.settle().await;
    deactivate(&people["admin"], "tu").await;
    assert_eq!(other.closed().await, 4403, "the server has noticed");
    // Events already sent are still on their way; the rest is not sent.
    let mut told = 1;
    loop {
        let message = slow.receive().await;
        if message["close"].is_u64() {
            assert_eq!(message["close"], 4403);
            break;
        }
        told += 1;
    }
    assert!(told < 150, "{told} of 180 were delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_back_stops_when_the_right_ends() {
    let server = Server::with_flags(CAST, &UNLIMITED);
    // A remaining right elsewhere.
    server.run(&["grant", "auditor", "--office", "denpasar", "--role", "kabid-egovernment"]);
    let people = server.everybody(CAST).await;
    let after = end_of_log(&people["tu"]).await;
    for letter in 0..60 {
        submit(&people["opd"], &format!("N/{letter}"), "ORDINARY").await;
    }
    let mut slow = Socket::of(&server, people["auditor"].token()).await;
    slow.subscribe("1", &large(), json!({ "after": after })).await;
    let first = slow.receive().await;
    assert_eq!(first["type"], "next", "{first}");
    let mut other = Socket::of(&server, people["auditor"].token()).await;
    other.subscribe("1", EVENTS, json!({})).await;
    other.settle().await;
    revoke(&people["admin"], "auditor", "auditor").await;
    submit(&people["opd"], "N/live", "ORDINARY").await;
    let (elsewhere, fence) = fence(&server, "N/elsewhere").await;
    let only_elsewhere = |told: &[Value]| told.iter().all(|event| event["request"]["number"] == elsewhere.as_str());
    let told = told_until(&mut other, &fence).await;
    assert!(only_elsewhere(&told), "{told:?}");
    // Events already sent are still on their way. Of the rest, and of live ones, only those of the other office come.
    let told = told_until(&mut slow, &fence).await;
    assert!(told.len() < 150, "{} of 183 were delivered", told.len());
    // Nor does an earlier cursor help.
    let cursor = first["payload"]["data"]["requestEvents"]["cursor"].clone();
    let mut again = Socket::of(&server, people["auditor"].token()).await;
    again.subscribe("1", EVENTS, json!({ "after": cursor })).await;
    let told = told_until(&mut again, &fence).await;
    assert!(only_elsewhere(&told), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_person_grants_nothing() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let after = end_of_log(&people["tu"]).await;
    let mut numbers = Vec::new();
    for (who, letter, confidentiality) in [
        ("opd", "K/1", "ORDINARY"),
        ("other", "K/2", "ORDINARY"),
        ("opd", "K/3", "SECRET"),
        ("other", "K/4", "SECRET"),
        ("opd", "K/5", "ORDINARY"),
    ] {
        numbers.push(submit(&people[who], letter, confidentiality).await);
    }
    let query = "subscription($after: String) { requestEvents(after: $after) { id cursor } }";
    // From each cursor: the first so many deliver the last event visible to the person.
    let told = async |name: &str, cursors: &[&Value], deliver: usize| -> Vec<Vec<Value>> {
        let last = read_all(&people[name], &numbers.iter().collect::<Vec<_>>()).await.pop().unwrap_or_default();
        let mut socket = Socket::of(&server, people[name].token()).await;
        for (place, after) in cursors.iter().enumerate() {
            socket.subscribe(&place.to_string(), query, json!({ "after": after })).await;
        }
        let mut told = vec![Vec::new(); cursors.len()];
        let take = |message: Value, told: &mut Vec<Vec<Value>>| {
            assert_eq!(message["type"], "next", "{message}");
            let place: usize = message["id"].as_str().and_then(|id| id.parse().ok()).expect("a place");
            told[place].push(message["payload"]["data"]["requestEvents"].clone());
        };
        let is_whole = |told: &Vec<Value>| told.last().is_some_and(|event| event["id"] == last.as_str());
        while !told[..deliver].iter().all(is_whole) {
            take(socket.receive().await, &mut told);
        }
        while let Some(message) = socket.receive_within(Duration::from_millis(200)).await {
            take(message, &mut told);
        }
        told
    };
    let whole = told("auditor", &[&after], 1).await.remove(0);
    assert_eq!(whole.len(), 15);
    for name in ["opd", "other", "chief", "kadis", "wayan"] {
        let own = told(name, &[&after], usize::from(name != "wayan")).await.remove(0);
        assert!(own.len() < whole.len() && own.is_empty() == (name == "wayan"), "{name}: {own:#?}");
        let cursors: Vec<&Value> = whole.iter().map(|event| &event["cursor"]).collect();
        let last = whole.iter().position(|event| own.last().is_some_and(|last| last["id"] == event["id"]));
        for (place, found) in told(name, &cursors, last.unwrap_or(0)).await.into_iter().enumerate() {
            let rest: Vec<Value> = own.iter().filter(|own| whole[place + 1..].contains(own)).cloned().collect();
            assert_eq!(found, rest, "{name} after {place}");
        }
    }
}

/// The next change of a person's inbox: the request's number, whether it begins to wait, and the number of waiting requests.
async fn next(sockets: &mut BTreeMap<&str, Socket>, name: &str) -> (String, bool, Option<i64>) {
    let change = sockets.get_mut(name).expect("a socket").told("1").await["inboxChanges"].take();
    let number = change["request"]["number"].as_str().unwrap_or_default().to_owned();
    (number, change["waiting"] == true, change["waitingCount"].as_i64())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_reports_what_begins_and_stops_waiting() {
    let server = Server::with_clock(CAST);
    // Submits for an agency for ten minutes.
    let ends = (server.now() + TimeDelta::minutes(10)).to_rfc3339();
    let opd = ["--role", "opd", "--agency", "dinkes", "--until", &ends];
    server.run(&[&["grant", "guest", "--office", "singkawang"][..], &opd[..]].concat());
    let people = server.everybody(CAST).await;
    let mut sockets = BTreeMap::new();
    for name in ["guest", "colleague", "tu", "kadis", "kabid", "wayan"] {
        let mut socket = Socket::of(&server, people[name].token()).await;
        socket.subscribe("1", INBOX, json!({})).await;
        socket.settle().await;
        sockets.insert(name, socket);
    }
    let mut elsewhere = Socket::of(&server, people["tu"].token()).await;
    elsewhere.subscribe("1", INBOX, json!({ "office": "denpasar" })).await;
    elsewhere.settle().await;
    let first = submit(&people["guest"], "I/1", "ORDINARY").await;
    let second = submit(&people["opd"], "I/2", "ORDINARY").await;
    assert_eq!(next(&mut sockets, "tu").await, (first.clone(), true, Some(1)));
    assert_eq!(next(&mut sockets, "tu").await, (second.clone(), true, Some(2)));
    people["tu"].forward(&first).await;
    assert_eq!(next(&mut sockets, "tu").await, (first.clone(), false, Some(1)));
    assert_eq!(next(&mut sockets, "kadis").await, (first.clone(), true, Some(1)));
    // The beginning of a grant adds the requests of its role; its end removes them.
    server.run(&["grant", "kabid", "--office", "singkawang", "--role", "kepala-dinas"]);
    assert_eq!(next(&mut sockets, "kabid").await, (first.clone(), true, Some(1)));
    let from = (server.now() + TimeDelta::minutes(2)).to_rfc3339();
    let until = (server.now() + TimeDelta::minutes(4)).to_rfc3339();
    let acting = ["grant", "kabid", "--office", "singkawang", "--role", "tu", "--from", &from, "--until", &until];
    server.run(&acting);
    server.advance(TimeDelta::minutes(3));
    assert_eq!(next(&mut sockets, "kabid").await, (second.clone(), true, Some(2)));
    server.advance(TimeDelta::minutes(2));
    assert_eq!(next(&mut sockets, "kabid").await, (second.clone(), false, Some(1)));
    revoke(&people["admin"], "kabid", "kepala-dinas").await;
    assert_eq!(next(&mut sockets, "kabid").await, (String::new(), false, Some(0)), "nor do they see it any more");
    // A returned request waits for its submitter.
    people["kadis"].execute(&first, "3", "dispose", dispose()).await.expect("disposed");
    assert_eq!(next(&mut sockets, "kadis").await, (first.clone(), false, Some(0)));
    assert_eq!(next(&mut sockets, "kabid").await, (first.clone(), true, Some(1)));
    let note = json!({ "note": "Lengkapi" });
    people["kabid"].execute(&first, "4", "dispose", dispose()).await.expect("disposed");
    people["subkor"].execute(&first, "5", "no", note.clone()).await.expect("found wanting");
    people["kabid"].execute(&first, "4", "return", note).await.expect("returned");
    assert_eq!(next(&mut sockets, "guest").await, (first.clone(), true, Some(1)));
    // Once the submitter's grant has ended by its date, the request waits for the agency's others, with unchanged rights.
    server.advance(TimeDelta::minutes(6));
    assert_eq!(next(&mut sockets, "colleague").await, (first.clone(), true, Some(1)));
    assert!(!next(&mut sockets, "guest").await.1);
    for socket in [sockets.get_mut("wayan").expect("a socket"), &mut elsewhere] {
        assert_eq!(socket.receive_within(Duration::from_millis(200)).await, None);
    }
    let inbox = people["tu"].ask("{ viewer { inbox { totalCount } } }", json!({})).await;
    assert_eq!(inbox["viewer"]["inbox"]["totalCount"], 1, "as the list says");
}
