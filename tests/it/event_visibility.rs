//! Who is told what: a stream tells what its reader may see, as they would read it themselves, and nothing else; from the
//! moment on that their rights change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::acts::{Cloud, sheet};
use crate::cast::{AUDITOR, CHIEF, CLOUD, COLLEAGUE, Cast, KABID, KADIS, OPD, OTHER, SUBKOR, TU, WAYAN};
use crate::database;
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

/// Everybody, signed in.
async fn everybody(server: &Server) -> BTreeMap<&'static str, Person<'_>> {
    let mut people = BTreeMap::new();
    for (name, ..) in CAST {
        people.insert(*name, server.person(name).await);
    }
    people
}

/// What people do to a cloud request after its submission, in order.
fn acts() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let dispose = json!({ "disposition": { "instruction": "Tindak lanjuti" } });
    let account = json!({ "asset": { "secret": "rahasia-contoh", "attributes": {
        "username": "dinkes", "quotaGib": 50, "serviceAddress": "https://cloud.example",
    } } });
    vec![
        ("tu", "2", "forward", sheet()),
        ("kadis", "3", "dispose", dispose.clone()),
        ("kabid", "4", "dispose", dispose),
        ("subkor", "5", "yes", json!({})),
        ("cloud", "6", "provision", account),
        ("subkor", "7", "yes", json!({})),
        ("subkor", "8", "confirm", json!({ "documents": [{ "kind": "laporan", "title": "Laporan" }] })),
    ]
}

/// Writes to the database as nobody but its operator can.
async fn edit(server: &Server, sql: &str) {
    let database = database::open(&server.path()).await;
    database.execute_unprepared(sql).await.expect("written");
    database.close().await.expect("closed");
}

/// The events of a request as a person reads them, by id.
async fn read(person: &Person<'_>, number: &str) -> Vec<String> {
    let query = "query($number: String!) { request(number: $number) { events(first: 100) { nodes { id } } } }";
    let found = person.ask(query, json!({ "number": number })).await;
    let nodes = found["request"]["events"]["nodes"].as_array().cloned().unwrap_or_default();
    nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
}

/// What a socket was told until nothing else comes.
async fn drain(socket: &mut Socket) -> Vec<Value> {
    let mut told = Vec::new();
    while let Some(message) = socket.receive_within(Duration::from_millis(700)).await {
        assert_eq!(message["type"], "next", "{message}");
        told.push(message["payload"]["data"]["requestEvents"].clone());
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_receive_the_events_that_they_may_read() {
    let server = Server::with(CAST);
    let people = everybody(&server).await;
    let begin = people["tu"].ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
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
    for (who, step, outcome, more) in acts() {
        people[who].execute(&open, step, outcome, more).await.expect("done");
    }
    for (name, person) in &people {
        let mut readable = BTreeSet::new();
        for number in [&open, &secret, &theirs] {
            readable.extend(read(person, number).await);
        }
        let told = drain(live.get_mut(name).expect("a socket")).await;
        let ids: Vec<String> = told.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
        let once: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(once.len(), ids.len(), "{name}: none twice");
        assert!(once.is_subset(&readable), "{name} is told what they may not read");
        // Whoever comes back is told all that they may read now, in the same order.
        let mut socket = Socket::of(&server, person.token()).await;
        socket.subscribe("1", EVENTS, json!({ "after": begin })).await;
        let again = drain(&mut socket).await;
        let again: BTreeSet<String> =
            again.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
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
            // The agency's, but for what is secret and another submitted.
            "chief" => assert!(of(&open) > 0 && of(&secret) + of(&theirs) == 0, "{name}: {told:#?}"),
            "other" | "otherchief" => assert!(of(&theirs) > 0 && of(&open) + of(&secret) == 0, "{name}: {told:#?}"),
            _ => assert!(told.is_empty(), "{name}: {told:#?}"),
        }
        if *name == "auditor" {
            assert_eq!(once, readable, "who sees everything all the time is told everything");
        }
    }
    // Filters narrow.
    let mut socket = Socket::of(&server, people["auditor"].token()).await;
    for (filter, number) in [
        (json!({ "office": "denpasar" }), None),
        (json!({ "procedure": "permohonan-subdomain" }), None),
        (json!({ "requestId": "nothing" }), None),
        (json!({ "kinds": [] }), None),
        (
            json!({ "office": "singkawang", "procedure": "permohonan-cloud-service", "kinds": ["COMPLETED"] }),
            Some(&open),
        ),
    ] {
        socket.subscribe("f", EVENTS, json!({ "after": begin, "filter": filter })).await;
        let told = drain(&mut socket).await;
        assert_eq!(told.len(), usize::from(number.is_some()), "{filter}: {told:#?}");
        if let Some(number) = number {
            assert_eq!(told[0]["request"]["number"], **number);
        }
        socket.send(json!({ "id": "f", "type": "complete" })).await;
    }
}

/// The paths to every field of an event, down to that depth, by introspection: a new field cannot be forgotten. Fields that must
/// be given arguments are left out.
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
    let mut server = Server::with(CAST);
    // Some are not read from for longer than a heartbeat here.
    server.restart_with(&["--heartbeat-seconds", "600"]);
    let people = everybody(&server).await;
    let query = "{ __schema { types { name kind fields { name type { name ofType { name ofType { name ofType { name } } } } } } } }";
    let schema = people["tu"].ask(query, json!({})).await;
    let types = schema["__schema"]["types"].as_array().expect("a list").iter();
    let types: BTreeMap<String, Value> =
        types.map(|ty| (ty["name"].as_str().expect("a name").to_owned(), ty.clone())).collect();
    let paths = paths(&types, "RequestEvent", 4);
    assert!(paths.len() > 200, "{} paths", paths.len());
    // Two on each side, and the one who acts: what depends on who asks differs between some of them.
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
    let (who, step, outcome, more) = acts().swap_remove(0);
    people[who].execute(&number, step, outcome, more).await.expect("forwarded");
    let mut compared = 0;
    for (reader, before, all) in sockets {
        let happened = read(&people[reader], &number).await.len() - before;
        assert!(happened > 0, "{reader}");
        for (mut socket, some) in all {
            let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for _ in 0..happened * some.len() {
                let message = socket.receive_within(Duration::from_secs(30)).await.expect("each is told all");
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

#[tokio::test(flavor = "multi_thread")]
async fn ended_rights_end_the_events_that_they_showed() {
    let server = Server::with(CAST);
    let people = everybody(&server).await;
    let soon = (chrono::TimeDelta::seconds(4), disposisi::clock::Clock::now(&disposisi::clock::SystemClock));
    let until = (soon.1 + soon.0).to_rfc3339();
    server.run(&["grant", "guest", "--office", "singkawang", "--role", "auditor", "--until", &until]);
    let mut sockets = BTreeMap::new();
    for name in ["guest", "auditor", "kadis", "tu"] {
        let mut socket = Socket::of(&server, people[name].token()).await;
        socket.subscribe("1", EVENTS, json!({})).await;
        socket.settle().await;
        sockets.insert(name, socket);
    }
    let mut stream = Stream::post(&server, Some(people["tu"].token()), None, EVENTS, json!({})).await;
    submit(&people["opd"], "G/1", "ORDINARY").await;
    for (name, socket) in &mut sockets {
        assert!(drain(socket).await.len() > 1, "{name}");
    }
    for _ in 0..3 {
        assert!(stream.told().await.0["data"]["requestEvents"]["id"].is_string());
    }
    // One ends by its date, one by somebody's hand; another's person leaves altogether.
    tokio::time::sleep(Duration::from_secs(4)).await;
    edit(&server, "DELETE FROM grants WHERE user_id = (SELECT id FROM users WHERE username = 'auditor')").await;
    edit(&server, "UPDATE users SET deactivated_at = created_at WHERE username = 'tu'").await;
    let number = submit(&people["opd"], "G/2", "ORDINARY").await;
    assert_eq!(drain(sockets.get_mut("guest").expect("a socket")).await, Vec::<Value>::new());
    assert_eq!(drain(sockets.get_mut("auditor").expect("a socket")).await, Vec::<Value>::new());
    assert!(drain(sockets.get_mut("kadis").expect("a socket")).await.len() > 1);
    assert_eq!(sockets.get_mut("tu").expect("a socket").closed().await, 4403, "who may not sign in is shown out");
    assert_eq!(stream.told().await.0["errors"][0]["extensions"]["closeCode"], 4403);
    // What they see again, they are told again.
    server.run(&["grant", "auditor", "--office", "singkawang", "--role", "auditor"]);
    submit(&people["opd"], "G/3", "ORDINARY").await;
    let told = drain(sockets.get_mut("auditor").expect("a socket")).await;
    assert!(told.len() > 1 && told.iter().all(|event| event["request"]["number"] != number.as_str()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn buffered_events_are_authorized_when_they_are_sent() {
    let mut server = Server::with(CAST);
    server.restart_with(&UNLIMITED);
    let people = everybody(&server).await;
    let after = people["tu"].ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
    for letter in 0..60 {
        submit(&people["opd"], &format!("L/{letter}"), "ORDINARY").await;
    }
    // So much each that it waits in the server while nobody reads.
    let much: String = (0..1500).map(|number| format!("a{number}: cursor ")).collect();
    let query = format!("subscription($after: String) {{ requestEvents(after: $after) {{ id {much} }} }}");
    let mut slow = Socket::of(&server, people["tu"].token()).await;
    slow.subscribe("1", &query, json!({ "after": after })).await;
    assert_eq!(slow.receive().await["type"], "next");
    edit(&server, "UPDATE users SET deactivated_at = created_at WHERE username = 'tu'").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    // What was sent before is under way; what was not is not sent any more.
    let mut told = 1;
    loop {
        let message = slow.receive().await;
        if message["close"].is_u64() {
            assert_eq!(message["close"], 4403);
            break;
        }
        told += 1;
    }
    assert!(told < 150, "{told} of 180 were told");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_back_stops_when_the_right_ends() {
    let mut server = Server::with(CAST);
    server.restart_with(&UNLIMITED);
    let people = everybody(&server).await;
    let after = people["tu"].ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
    for letter in 0..60 {
        submit(&people["opd"], &format!("N/{letter}"), "ORDINARY").await;
    }
    // So much each that it waits in the server while nobody reads.
    let much: String = (0..1500).map(|number| format!("a{number}: cursor ")).collect();
    let query = format!("subscription($after: String) {{ requestEvents(after: $after) {{ id cursor {much} }} }}");
    let mut slow = Socket::of(&server, people["auditor"].token()).await;
    slow.subscribe("1", &query, json!({ "after": after })).await;
    let first = slow.receive().await;
    assert_eq!(first["type"], "next", "{first}");
    let ends =
        "UPDATE grants SET valid_until = valid_from WHERE user_id = (SELECT id FROM users WHERE username = 'auditor')";
    edit(&server, ends).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    submit(&people["opd"], "N/live", "ORDINARY").await;
    // What was sent before is under way. Of the rest, and of what happens now, nothing comes: they are signed in, and see nothing.
    let mut told = vec![first];
    while let Some(message) = slow.receive_within(Duration::from_millis(1_500)).await {
        assert_eq!(message["type"], "next", "{message}");
        told.push(message);
    }
    assert!(told.len() < 150, "{} of 180 were told", told.len());
    // Nor by the cursor that they got while they might.
    let cursor = told[0]["payload"]["data"]["requestEvents"]["cursor"].clone();
    let mut again = Socket::of(&server, people["auditor"].token()).await;
    again.subscribe("1", EVENTS, json!({ "after": cursor })).await;
    assert_eq!(drain(&mut again).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_person_grants_nothing() {
    let server = Server::with(CAST);
    let people = everybody(&server).await;
    let after = people["tu"].ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
    for (who, letter, confidentiality) in [
        ("opd", "K/1", "ORDINARY"),
        ("other", "K/2", "ORDINARY"),
        ("opd", "K/3", "SECRET"),
        ("other", "K/4", "SECRET"),
        ("opd", "K/5", "ORDINARY"),
    ] {
        submit(&people[who], letter, confidentiality).await;
    }
    let query = "subscription($after: String) { requestEvents(after: $after) { id cursor } }";
    let told = async |name: &str, cursors: &[&Value]| -> Vec<Vec<Value>> {
        let mut socket = Socket::of(&server, people[name].token()).await;
        for (place, after) in cursors.iter().enumerate() {
            socket.subscribe(&place.to_string(), query, json!({ "after": after })).await;
        }
        let mut told = vec![Vec::new(); cursors.len()];
        while let Some(message) = socket.receive_within(Duration::from_millis(1_000)).await {
            assert_eq!(message["type"], "next", "{message}");
            let place: usize = message["id"].as_str().and_then(|id| id.parse().ok()).expect("a place");
            told[place].push(message["payload"]["data"]["requestEvents"].clone());
        }
        told
    };
    let whole = told("auditor", &[&after]).await.remove(0);
    assert_eq!(whole.len(), 15);
    for name in ["opd", "other", "chief", "kadis", "wayan"] {
        let own = told(name, &[&after]).await.remove(0);
        assert!(own.len() < whole.len() && own.is_empty() == (name == "wayan"), "{name}: {own:#?}");
        let cursors: Vec<&Value> = whole.iter().map(|event| &event["cursor"]).collect();
        for (place, found) in told(name, &cursors).await.into_iter().enumerate() {
            let rest: Vec<Value> = own.iter().filter(|own| whole[place + 1..].contains(own)).cloned().collect();
            assert_eq!(found, rest, "{name} after {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_reports_what_begins_and_stops_waiting() {
    let server = Server::with(CAST);
    let people = everybody(&server).await;
    let mut sockets = BTreeMap::new();
    for name in ["opd", "tu", "kadis", "kabid", "wayan"] {
        let mut socket = Socket::of(&server, people[name].token()).await;
        socket.subscribe("1", INBOX, json!({})).await;
        socket.settle().await;
        sockets.insert(name, socket);
    }
    let mut elsewhere = Socket::of(&server, people["tu"].token()).await;
    elsewhere.subscribe("1", INBOX, json!({ "office": "denpasar" })).await;
    elsewhere.settle().await;
    let next = async |sockets: &mut BTreeMap<&str, Socket>, name: &str| {
        let change = sockets.get_mut(name).expect("a socket").told("1").await["inboxChanges"].clone();
        (
            change["request"]["number"].as_str().unwrap_or_default().to_owned(),
            change["waiting"] == true,
            change["waitingCount"].as_i64(),
        )
    };
    let first = submit(&people["opd"], "I/1", "ORDINARY").await;
    let second = submit(&people["opd"], "I/2", "ORDINARY").await;
    assert_eq!(next(&mut sockets, "tu").await, (first.clone(), true, Some(1)));
    assert_eq!(next(&mut sockets, "tu").await, (second.clone(), true, Some(2)));
    let (who, step, outcome, more) = acts().swap_remove(0);
    people[who].execute(&first, step, outcome, more).await.expect("forwarded");
    assert_eq!(next(&mut sockets, "tu").await, (first.clone(), false, Some(1)));
    assert_eq!(next(&mut sockets, "kadis").await, (first.clone(), true, Some(1)));
    // A grant that begins brings what waits for its role; one that ends takes it away.
    server.run(&["grant", "kabid", "--office", "singkawang", "--role", "kepala-dinas"]);
    assert_eq!(next(&mut sockets, "kabid").await, (first.clone(), true, Some(1)));
    let soon = disposisi::clock::Clock::now(&disposisi::clock::SystemClock) + chrono::TimeDelta::seconds(2);
    let (from, until) = (soon.to_rfc3339(), (soon + chrono::TimeDelta::seconds(3)).to_rfc3339());
    let acting = ["grant", "kabid", "--office", "singkawang", "--role", "tu", "--from", &from, "--until", &until];
    server.run(&acting);
    assert_eq!(next(&mut sockets, "kabid").await, (second.clone(), true, Some(2)));
    assert_eq!(next(&mut sockets, "kabid").await, (second.clone(), false, Some(1)));
    edit(
        &server,
        "DELETE FROM grants WHERE role = 'kepala-dinas' AND user_id = (SELECT id FROM users WHERE username = 'kabid')",
    )
    .await;
    assert_eq!(next(&mut sockets, "kabid").await, (String::new(), false, Some(0)), "they no longer see it either");
    // A request whose submitter has left their agency waits for whoever may submit there, once it comes back.
    people["kadis"]
        .execute(&first, "3", "dispose", json!({ "disposition": { "instruction": "X" } }))
        .await
        .expect("disposed");
    assert_eq!(next(&mut sockets, "kadis").await, (first.clone(), false, Some(0)));
    assert_eq!(next(&mut sockets, "kabid").await, (first.clone(), true, Some(1)));
    people["kabid"]
        .execute(&first, "4", "dispose", json!({ "disposition": { "instruction": "X" } }))
        .await
        .expect("disposed");
    let note = json!({ "note": "Lengkapi" });
    people["subkor"].execute(&first, "5", "no", note.clone()).await.expect("found wanting");
    people["kabid"].execute(&first, "4", "return", note).await.expect("returned");
    assert_eq!(next(&mut sockets, "opd").await, (first.clone(), true, Some(1)));
    // One whose grant ends by its date is gone then, for those too whose own rights stay as they are.
    let soon = disposisi::clock::Clock::now(&disposisi::clock::SystemClock) + chrono::TimeDelta::seconds(3);
    let mut colleague = Socket::of(&server, people["colleague"].token()).await;
    colleague.subscribe("1", INBOX, json!({})).await;
    colleague.settle().await;
    let ends = format!("UPDATE grants SET valid_until = '{}'", soon.to_rfc3339());
    edit(&server, &format!("{ends} WHERE user_id = (SELECT id FROM users WHERE username = 'opd')")).await;
    let change = colleague.told("1").await["inboxChanges"].clone();
    assert_eq!((&change["request"]["number"], &change["waitingCount"]), (&json!(first), &json!(1)));
    assert!(!next(&mut sockets, "opd").await.1);
    for socket in [sockets.get_mut("wayan").expect("a socket"), &mut elsewhere] {
        assert_eq!(socket.receive_within(Duration::from_millis(200)).await, None);
    }
    let inbox = people["tu"].ask("{ viewer { inbox { totalCount } } }", json!({})).await;
    assert_eq!(inbox["viewer"]["inbox"]["totalCount"], 1, "as the list says");
}
