//! Values that clients keep and send back: opaque ones come back as they were given or are refused, texts have no U+0000, and
//! moments have one width. One answer on both databases.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::acts::{Cloud, SUBMIT, mutation};
use crate::cast::OPD;
use crate::harness::{PASSWORD, Person, Server, credentials, now};
use crate::persisted_documents::digest;
use crate::secrets::{INTROSPECTION, everything};
use crate::socket::Socket;
use crate::story::Story;
use crate::stream::Stream;

/// Flags of a server without limits of rate.
const UNCOUNTED: [&str; 6] = ["--person-rate", "0", "--key-rate", "0", "--address-rate", "0"];

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letter after one, in the alphabet of opaque texts.
fn next_letter(letter: u8) -> char {
    let place = LETTERS.iter().position(|other| *other == letter).unwrap_or(0);
    LETTERS[(place + 1) % LETTERS.len()].into()
}

/// A text cut at either end, with more, and with each letter changed.
fn altered(text: &str) -> Vec<String> {
    let mut altered: Vec<String> = (0..text.len()).map(|end| text[..end].to_owned()).collect();
    altered.extend([text[1..].to_owned(), format!("{text}A"), format!("{text}="), format!(" {text}")]);
    for (at, letter) in text.bytes().enumerate() {
        altered.push(format!("{}{}{}", &text[..at], next_letter(letter), &text[at + 1..]));
    }
    altered
}

/// A list: its parent, its field and first arguments, and its end; and who reads it.
type List = (&'static str, &'static str, &'static str, &'static str);

/// Every list of pages, in every order, with and without a filter.
const PAGES: &[List] = &[
    ("", "requests(orderBy: { field: SUBMITTED_AT, direction: ASC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: SUBMITTED_AT, direction: DESC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: UPDATED_AT, direction: ASC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: UPDATED_AT, direction: DESC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: DUE_AT, direction: ASC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: DUE_AT, direction: DESC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: NUMBER, direction: ASC }, ", "", "overseer"),
    ("", "requests(orderBy: { field: NUMBER, direction: DESC }, ", "", "overseer"),
    ("", "requests(filter: { office: \"singkawang\" }, ", "", "overseer"),
    ("", "requests(filter: { office: \"singkawang\", status: [IN_PROGRESS, RETURNED, COMPLETED] }, ", "", "overseer"),
    ("", "requests(filter: { search: \"skw\" }, ", "", "overseer"),
    ("", "requests(filter: { search: \"permohonan\" }, ", "", "overseer"),
    ("", "assets(", "", "overseer"),
    ("", "assets(filter: { office: \"singkawang\" }, ", "", "overseer"),
    ("", "dispositions(", "", "overseer"),
    ("", "dispositions(filter: { office: \"singkawang\" }, ", "", "overseer"),
    ("viewer {", "inbox(", "}", "subkor"),
    ("viewer {", "inbox(office: \"singkawang\", ", "}", "subkor"),
];

/// The codes of the answers to arguments of a list; `taken` for an answer without an error.
async fn codes(person: &Person<'_>, (within, field, end, _): List, arguments: &[String]) -> Vec<String> {
    let mut codes = Vec::new();
    for arguments in arguments.chunks(50) {
        let asked = (0..).zip(arguments).map(|(at, argument)| match within {
            "" => format!("a{at}: {field}{argument}) {{ edges {{ cursor }} }} "),
            _ => format!("a{at}: {within} {field}{argument}) {{ edges {{ cursor }} }} {end} "),
        });
        let answer = person.answer(&format!("{{ {} }}", asked.collect::<String>()), json!({})).await;
        let mut told: BTreeMap<&str, &Value> = BTreeMap::new();
        for error in answer["errors"].as_array().into_iter().flatten() {
            told.insert(error["path"][0].as_str().unwrap_or_else(|| panic!("{error}")), error);
        }
        for at in 0..arguments.len() {
            let code = told.get(&*format!("a{at}")).map_or("taken", |error| {
                let message = error["message"].as_str().expect("a message");
                assert!(message.contains("`after`") || message.contains("`before`"), "it names its place: {error}");
                error["extensions"]["code"].as_str().expect("a code")
            });
            codes.push(code.to_owned());
        }
    }
    codes
}

/// The first cursor of a list.
async fn cursor(person: &Person<'_>, (within, field, end, _): List) -> String {
    let answer =
        person.ask(&format!("{{ {within} {field}first: 1) {{ edges {{ cursor }} }} {end} }}"), json!({})).await;
    let mut found = &answer;
    while found.get("edges").is_none() {
        found = found.as_object().and_then(|object| object.values().next()).unwrap_or_else(|| panic!("{answer}"));
    }
    found["edges"][0]["cursor"].as_str().unwrap_or_else(|| panic!("{field} is empty: {answer}")).to_owned()
}

fn after(cursors: impl IntoIterator<Item = String>) -> Vec<String> {
    let both =
        |cursor: String| [format!("first: 1, after: {}", json!(cursor)), format!("last: 1, before: {}", json!(cursor))];
    cursors.into_iter().flat_map(both).collect()
}

/// The same of the inbox, which has no end to page from.
fn forward(cursors: impl IntoIterator<Item = String>) -> Vec<String> {
    cursors.into_iter().map(|cursor| format!("first: 1, after: {}", json!(cursor))).collect()
}

fn arguments_of(list: List, cursors: impl IntoIterator<Item = String>) -> Vec<String> {
    if list.1.starts_with("inbox") { forward(cursors) } else { after(cursors) }
}

/// Another installation, with keys of its own, and what its only person has.
struct OtherInstallation {
    _server: Server,
    page_cursor: String,
    event_cursor: String,
    request_id: String,
}

impl OtherInstallation {
    async fn begin() -> Self {
        let server = Server::with_own_keys(&[OPD]);
        let query = "{ viewer { eventCursor } requests { edges { cursor node { id } } } }";
        let found = {
            let opd = server.person("opd").await;
            opd.submit(Cloud::default()).await;
            opd.ask(query, json!({})).await
        };
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let edge = &found["requests"]["edges"][0];
        let (page_cursor, request_id) = (text(&edge["cursor"]), text(&edge["node"]["id"]));
        let event_cursor = text(&found["viewer"]["eventCursor"]);
        Self { _server: server, page_cursor, event_cursor, request_id }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_a_page_is_of_its_list_only_and_unaltered() {
    let story = Story::tell().await;
    let elsewhere = OtherInstallation::begin().await;
    let people: BTreeMap<&str, Person<'_>> =
        [("overseer", story.server.person("overseer").await), ("subkor", story.server.person("subkor").await)].into();
    let overseer = &people["overseer"];
    let events = overseer.ask("{ viewer { eventCursor } requests(first: 1) { nodes { id } } }", json!({})).await;
    let (event, id) = (&events["viewer"]["eventCursor"], &events["requests"]["nodes"][0]["id"]);
    let foreign = [event, id].map(|value| value.as_str().expect("a text").to_owned());
    let mut cursors = Vec::new();
    for list in PAGES {
        cursors.push(cursor(&people[list.3], *list).await);
    }
    for (list, own) in PAGES.iter().zip(&cursors) {
        let person = &people[list.3];
        for code in codes(person, *list, &arguments_of(*list, [own.clone()])).await {
            assert_eq!(code, "taken", "{list:?}");
        }
        let others = cursors.iter().filter(|cursor| *cursor != own).cloned();
        let others =
            others.chain(foreign.clone()).chain([elsewhere.page_cursor.clone(), elsewhere.event_cursor.clone()]);
        let wrong = arguments_of(*list, altered(own).into_iter().chain(others));
        for (argument, code) in wrong.iter().zip(codes(person, *list, &wrong).await) {
            assert_eq!(code, "INVALID_INPUT", "{list:?} by {argument}");
        }
    }
    assert_eq!(cursors.iter().collect::<BTreeSet<_>>().len(), PAGES.len(), "each list has its own");
    // The same filter, written in another way, is the same list.
    let written = (
        "",
        "requests(filter: { status: [COMPLETED, IN_PROGRESS, RETURNED], office: \"singkawang\", step: null }, ",
        "",
        "",
    );
    assert_eq!(codes(overseer, written, &forward([cursors[9].clone()])).await, ["taken"]);
    assert!(cursors.iter().all(|cursor| cursor.len() < 64), "they are short: {cursors:?}");
    assert!(!story.server.log().contains("ERROR"), "{}", story.server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_events_is_of_its_log_only_and_unaltered() {
    let story = Story::tell().await;
    let elsewhere = OtherInstallation::begin().await;
    let overseer = story.server.person("overseer").await;
    let page = cursor(&overseer, PAGES[0]).await;
    let office: List = ("office(key: \"singkawang\") {", "events(", "}", "");
    let first = overseer.ask("{ requests(first: 1) { nodes { id number } } }", json!({})).await;
    let number = first["requests"]["nodes"][0]["number"].as_str().expect("a number").to_owned();
    let within: &'static str = format!("request(number: \"{number}\") {{").leak();
    let request: List = (within, "events(", "}", "");
    let own = [cursor(&overseer, office).await, cursor(&overseer, request).await];
    let wrong = |of: &str| {
        let others =
            [page.clone(), elsewhere.page_cursor.clone(), elsewhere.event_cursor.clone(), elsewhere.request_id.clone()];
        altered(of).into_iter().chain(others).collect::<Vec<_>>()
    };
    for list in [office, request] {
        for code in codes(&overseer, list, &after(own.clone())).await {
            assert_eq!(code, "taken", "a place in the log is one in each of its lists");
        }
        let wrong = after(wrong(&own[0]));
        for (argument, code) in wrong.iter().zip(codes(&overseer, list, &wrong).await) {
            assert_eq!(code, "INVALID_INPUT", "{list:?} by {argument}");
        }
    }
    // A subscription has a code of its own.
    let follow = "subscription($after: String) { requestEvents(after: $after) { cursor } }";
    let mut socket = Socket::of(&story.server, overseer.token()).await;
    for after in wrong(&own[0]) {
        socket.subscribe("1", follow, json!({ "after": after })).await;
        let message = socket.receive().await;
        assert_eq!(message["type"], "error", "{after}: {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "INVALID_CURSOR", "{after}: {message}");
    }
    socket.subscribe("2", follow, json!({ "after": own[0] })).await;
    socket.told("2").await;
    for last in [&own[0][1..], page.as_str(), "kursor", "kursor-é"] {
        let call =
            reqwest::Client::new().post(format!("{}/graphql", story.server.base())).bearer_auth(overseer.token());
        let call = call.header("accept", "text/event-stream").header("last-event-id", last.as_bytes());
        let (answer, _) =
            Stream::of(call.json(&json!({ "query": follow })).send().await.expect("sent").into()).told().await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_CURSOR", "Last-Event-ID {last}: {answer}");
    }
    assert!(!story.server.log().contains("ERROR"), "{}", story.server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_of_its_kind_only_and_unaltered() {
    let story = Story::tell().await;
    let elsewhere = OtherInstallation::begin().await;
    let overseer = story.server.person("overseer").await;
    let query = "query($number: String!) { office(key: \"singkawang\") { id events(first: 1) { nodes { id } } } \
        viewer { user { id } grants { id } } request(number: $number) { id procedure { id } agency { id } documents { id } \
        dispositions { id } assets { id } events(first: 1) { nodes { id } } } }";
    let found = overseer.ask(query, json!({ "number": story.cloud })).await;
    let request = &found["request"];
    let ids = [
        ("Office", &found["office"]["id"]),
        ("OfficeEvent", &found["office"]["events"]["nodes"][0]["id"]),
        ("User", &found["viewer"]["user"]["id"]),
        ("RoleGrant", &found["viewer"]["grants"][0]["id"]),
        ("Procedure", &request["procedure"]["id"]),
        ("Agency", &request["agency"]["id"]),
        ("Document", &request["documents"][0]["id"]),
        ("Disposition", &request["dispositions"][0]["id"]),
        ("CloudAccount", &request["assets"][0]["id"]),
        ("RequestEvent", &request["events"]["nodes"][0]["id"]),
        ("Request", &request["id"]),
    ];
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let page = cursor(&overseer, PAGES[0]).await;
    for (kind, id) in ids {
        let id = id.as_str().unwrap_or_else(|| panic!("{kind}: {found}"));
        let mut wrong = altered(id);
        wrong.extend([page.clone(), elsewhere.page_cursor.clone(), elsewhere.request_id.clone()]);
        for wrong in wrong.chunks(99) {
            let asked: Vec<&str> = std::iter::once(id).chain(wrong.iter().map(String::as_str)).collect();
            let answer = overseer.answer(nodes, json!({ "ids": asked })).await;
            let given = answer["data"]["nodes"].as_array().expect("a list");
            assert_eq!(given[0], json!({ "__typename": kind, "id": id }), "what is sound is answered");
            assert!(given[1..].iter().all(Value::is_null) && given.len() == asked.len(), "{kind}: {answer}");
            let errors = answer["errors"].as_array().expect("errors");
            for (at, id) in asked.iter().enumerate().skip(1) {
                let error = errors.iter().find(|error| error["path"] == json!(["nodes", at]));
                let error = error.unwrap_or_else(|| panic!("{kind}: {id:?} is taken: {answer}"));
                assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{kind}: {id}");
                assert!(error["message"].to_string().contains(&format!("`ids[{at}]`")), "{kind}: {error}");
            }
        }
        let one = overseer.answer("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id[1..] })).await;
        assert_eq!(one["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{one}");
        // An id of another kind.
        let filter = "query($id: ID!) { dispositions(filter: { requestId: $id }) { totalCount } }";
        let filtered = overseer.answer(filter, json!({ "id": id })).await;
        let act = "mutation($id: ID!) { withdrawRequest(input: { requestId: $id, reason: \"x\", expectedVersion: 1 }) { \
            userErrors { code } } }";
        let acted = overseer.answer(act, json!({ "id": id })).await;
        let mut socket = Socket::of(&story.server, overseer.token()).await;
        let follow = "subscription($id: ID!) { requestEvents(filter: { requestId: $id }) { id } }";
        socket.subscribe("1", follow, json!({ "id": id })).await;
        if kind == "Request" {
            assert!(filtered["data"]["dispositions"]["totalCount"].is_number(), "{filtered}");
            socket.settle().await;
            continue;
        }
        for (answer, place) in [(&filtered, "filter.requestId"), (&acted, "input.requestId")] {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{kind}: {answer}");
            assert!(answer["errors"][0]["message"].to_string().contains(&format!("`{place}`")), "{answer}");
        }
        let told = socket.receive().await;
        assert_eq!(told["payload"][0]["extensions"]["code"], "INVALID_INPUT", "{kind}: {told}");
    }
    assert!(!story.server.log().contains("ERROR"), "{}", story.server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_or_document_id_is_taken_unaltered_only() {
    let server = Server::with_flags(&[OPD], &[&UNCOUNTED[..], &["--registered-documents", "100"]].concat());
    let elsewhere = Server::with_own_keys(&[OPD]);
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }";
    let refresh = "mutation($token: String!) { refreshSession(input: { refreshToken: $token }) { accessToken userErrors { code path } } }";
    let key = "mutation($until: DateTime!) { createApiKey(input: { name: \"a\", scopes: [READ], expiresAt: $until }) { key } }";
    let until = json!({ "until": (now() + chrono::TimeDelta::days(30)).to_rfc3339() });
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let mut tokens = Vec::new();
    for server in [&server, &elsewhere] {
        let answer = server.send(None, sign_in, credentials("opd")).await["data"]["signIn"].clone();
        let access = text(&answer["accessToken"]);
        let made = server.send(Some(&access), key, until.clone()).await;
        tokens.push((access, text(&answer["refreshToken"]), text(&made["data"]["createApiKey"]["key"])));
    }
    let [(access, refreshing, key), (other_access, other_refreshing, other_key)] = &tokens[..] else { panic!("two") };
    let viewer = "{ viewer { user { id } } }";
    for (bearer, other) in [(access, other_access), (key, other_key)] {
        let answer = server.send(Some(bearer), viewer, json!({})).await;
        assert!(answer["data"]["viewer"]["user"]["id"].is_string(), "{answer}");
        // Blanks around a token are the header's, not its own.
        let wrong = altered(bearer).into_iter().filter(|token| token.trim() != bearer);
        for token in wrong.chain([other.clone(), refreshing.clone()]) {
            let answer = server.send(Some(&token), viewer, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{token}: {answer}");
        }
    }
    for token in altered(refreshing).into_iter().chain([other_refreshing.clone(), access.clone()]) {
        let answer = server.send(None, refresh, json!({ "token": token })).await;
        let error = &answer["data"]["refreshSession"]["userErrors"][0];
        assert_eq!(error, &json!({ "code": "SESSION_ENDED", "path": ["refreshToken"] }), "{token}: {answer}");
    }
    let refreshed = server.send(None, refresh, json!({ "token": refreshing })).await;
    assert!(refreshed["data"]["refreshSession"]["accessToken"].is_string(), "its session goes on: {refreshed}");

    let document = "query Kantor { office(key: \"singkawang\") { key } }";
    let id = digest(document);
    let send = async |body: Value| -> Value {
        let call = reqwest::Client::new().post(format!("{}/graphql", server.base())).bearer_auth(access);
        call.json(&body).send().await.expect("an answer").json().await.expect("JSON")
    };
    let registered = send(json!({ "documentId": format!("sha256:{id}"), "query": document })).await;
    assert_eq!(registered["data"]["office"]["key"], "singkawang", "{registered}");
    let known = send(json!({ "documentId": format!("sha256:{id}") })).await;
    assert_eq!(known, registered);
    for wrong in altered(&id) {
        let answer = send(json!({ "documentId": format!("sha256:{wrong}") })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "DOCUMENT_NOT_FOUND", "{wrong}: {answer}");
    }
    for server in [&server, &elsewhere] {
        assert!(!server.log().contains("ERROR"), "{}", server.log());
    }
}

/// Every place of a text in an input type: paths of names.
fn text_places(inputs: &BTreeMap<&str, &Value>, of: &str, above: &[String], found: &mut Vec<Vec<String>>) {
    for field in inputs[of]["inputFields"].as_array().into_iter().flatten() {
        let path = [above, &[field["name"].as_str().expect("a name").to_owned()]].concat();
        let mut ty = &field["type"];
        while !ty["ofType"].is_null() {
            ty = &ty["ofType"];
        }
        match ty["name"].as_str().expect("a name") {
            "String" | "ID" | "JSON" | "Date" | "DateTime" => found.push(path),
            name if inputs.contains_key(name) && above.len() < 4 => text_places(inputs, name, &path, found),
            _ => {}
        }
    }
}

const INPUTS: &str = "{ __schema { types { name kind inputFields { name type { name ofType { name ofType { name ofType { name } } } } } \
    fields { name args { name type { name kind ofType { name kind ofType { name kind ofType { name } } } } } \
    type { kind ofType { kind } } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn u0000_is_refused_in_every_text_with_its_place() {
    let server = Server::with_flags(&[OPD], &UNCOUNTED);
    let opd = server.person("opd").await;
    let schema = opd.ask(INPUTS, json!({})).await["__schema"]["types"].clone();
    let types = schema.as_array().expect("types");
    let is_input = |of: &&Value| of["kind"] == "INPUT_OBJECT";
    let inputs: BTreeMap<&str, &Value> =
        types.iter().filter(is_input).map(|of| (of["name"].as_str().expect("a name"), of)).collect();
    let refused = |answer: &Value, place: &str| {
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{place}: {answer}");
        assert!(error["message"].to_string().contains(&format!("\"The {place} contains U+0000")), "{place}: {answer}");
        assert!(answer["data"].is_null(), "nothing ran: {answer}");
    };
    let mut count = 0;
    for (root, operation) in [("Query", "query"), ("Mutation", "mutation")] {
        let fields = types.iter().find(|of| of["name"] == root).expect("a root")["fields"].as_array().expect("fields");
        for field in fields {
            let name = field["name"].as_str().expect("a name");
            for argument in field["args"].as_array().expect("arguments") {
                let (argument, ty) = (argument["name"].as_str().expect("a name"), &argument["type"]);
                let (mut defined, mut given) = (String::new(), String::new());
                for other in field["args"].as_array().into_iter().flatten().filter(|other| other["name"] != argument) {
                    let name = other["name"].as_str().expect("a name");
                    if other["type"]["kind"] == "NON_NULL" {
                        defined += &format!(", ${name}: {}", written(&other["type"]));
                        given += &format!(", {name}: ${name}");
                    }
                }
                let written = written(ty);
                let named = written.trim_matches(['[', ']', '!']);
                let mut places = Vec::new();
                match inputs.contains_key(named) {
                    true => text_places(&inputs, named, &[], &mut places),
                    false if ["String", "ID"].contains(&named) => places.push(Vec::new()),
                    false => {}
                }
                for place in places {
                    let value = place.iter().rev().fold(json!("a\u{0}b"), |value, name| json!({ name: value }));
                    let text = format!(
                        "{operation}($v: {written}{defined}) {{ {name}({argument}: $v{given}) {{ __typename }} }}"
                    );
                    let answer = opd.answer(&text, json!({ "v": value })).await;
                    refused(&answer, &variable(&[&["v".to_owned()], &place[..]].concat().join(".")));
                    count += 1;
                }
            }
        }
    }
    assert!(count > 80, "every text of the schema: {count}");

    // In literals, however written; in names and lists of JSON; by every transport.
    for literal in ["\"a\\u0000b\"", "\"\\u{0}\"", "\"\"\"a\u{0}b\"\"\""] {
        for text in [
            format!("{{ requests(filter: {{ search: {literal} }}) {{ totalCount }} }}"),
            format!(
                "query($search: String = {literal}) {{ requests(filter: {{ search: $search }}) {{ totalCount }} }}"
            ),
        ] {
            refused(&opd.answer(&text, json!({})).await, "literal");
        }
    }
    let mut input = Cloud::default().input();
    input["details"] = json!({ "purpose": "Arsip", "quotaGib": 50, "users": 3, "x\u{0}": 1 });
    refused(&opd.answer(SUBMIT, json!({ "input": input })).await, &variable("input.details"));
    let ids = json!({ "ids": ["a", "b\u{0}"] });
    refused(&opd.answer("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids).await, &variable("ids[1]"));
    let query = "query($v: String!) { request(number: $v) { id } }";
    let url = format!("{}/graphql", server.base());
    let asked = [("query", query), ("variables", "{\"v\":\"\\u0000\"}")];
    let got = reqwest::Client::new().get(reqwest::Url::parse_with_params(&url, asked).expect("a URL"));
    refused(&got.bearer_auth(opd.token()).send().await.expect("sent").json().await.expect("JSON"), &variable("v"));
    let mut socket = Socket::of(&server, opd.token()).await;
    socket.subscribe("1", query, json!({ "v": "\u{0}" })).await;
    let told = socket.receive().await;
    refused(&json!({ "errors": told["payload"] }), &variable("v"));
    let follow = "subscription($v: String) { requestEvents(filter: { office: $v }) { id } }";
    socket.subscribe("2", follow, json!({ "v": "\u{0}" })).await;
    refused(&json!({ "errors": socket.receive().await["payload"] }), &variable("v"));
    let wrong = json!({ "input": { "username": "opd\u{0}", "password": PASSWORD } });
    refused(&server.send(None, &mutation("signIn", ""), wrong).await, &variable("input.username"));
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}

/// A variable as messages name it.
fn variable(path: &str) -> String {
    format!("variable `${path}`")
}

/// A type as it is written.
fn written(ty: &Value) -> String {
    match ty["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", written(&ty["ofType"])),
        Some("LIST") => format!("[{}]", written(&ty["ofType"])),
        _ => ty["name"].as_str().expect("a name").to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_and_numbers_beyond_a_database_are_refused_before_it() {
    let server = Server::with_flags(&[OPD], &["--value-limit", "100000"]);
    let opd = server.person("opd").await;
    let url = format!("{}/graphql", server.base());
    let post = async |body: String| -> Value {
        let call =
            reqwest::Client::new().post(&url).bearer_auth(opd.token()).header("content-type", "application/json");
        call.body(body).send().await.expect("sent").json().await.expect("JSON")
    };
    let query = "query($v: String!) { request(number: $v) { id } }";
    // Half of a surrogate pair is no character, in JSON or in GraphQL.
    for half in ["\\ud800", "\\udc00", "a\\ud83db"] {
        for body in [
            format!("{{\"query\":{},\"variables\":{{\"v\":\"{half}\"}}}}", json!(query)),
            json!({ "query": format!("{{ request(number: \"{half}\") {{ id }} }}") }).to_string(),
        ] {
            let answer = post(body).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_OPERATION", "{half}: {answer}");
        }
    }
    let pair = post(format!("{{\"query\":{},\"variables\":{{\"v\":\"\\ud83d\\ude00\"}}}}", json!(query))).await;
    assert_eq!(pair, json!({ "data": { "request": null } }), "a whole pair is one");
    let long = opd.ask(query, json!({ "v": "é".repeat(20_000) })).await;
    assert_eq!(long["request"], Value::Null, "a long text is nobody's number");
    for number in ["2147483648", "-2147483649", "9223372036854775808", "1e400", "1.5"] {
        let body = format!(
            "{{\"query\":\"query($v: Int) {{ requests(first: $v) {{ totalCount }} }}\",\"variables\":{{\"v\":{number}}}}}"
        );
        let answer = post(body).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert!(code == "INVALID_INPUT" || code == "INVALID_OPERATION", "{number}: {answer}");
        let submission = Cloud::letter(number).variables().to_string().replacen(
            "\"quotaGib\":50",
            &format!("\"quotaGib\":{number}"),
            1,
        );
        let answer = post(format!("{{\"query\":{},\"variables\":{submission}}}", json!(SUBMIT))).await;
        let told =
            [&answer["errors"][0]["extensions"]["code"], &answer["data"]["submitRequest"]["userErrors"][0]["code"]];
        assert!(
            told.contains(&&json!("INVALID_OPERATION")) || told.contains(&&json!("INVALID_DETAILS")),
            "{number}: {answer}"
        );
    }
    // More values than a statement takes, in a filter of what was.
    let begun = opd.ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
    opd.submit(Cloud::default()).await;
    let kinds: Vec<&str> = std::iter::once("SUBMITTED").chain((0..66_000).map(|_| "DISPOSED")).collect();
    let follow = "subscription($after: String, $kinds: [RequestEventKind!]) { \
        requestEvents(after: $after, filter: { kinds: $kinds }) { kind } }";
    let mut socket = Socket::of(&server, opd.token()).await;
    socket.subscribe("1", follow, json!({ "after": begun, "kinds": kinds })).await;
    assert_eq!(socket.told("1").await["requestEvents"]["kind"], "SUBMITTED");
    // In a URL it stands in no text either.
    for query in [
        "query=%7Ba%00%7D",
        "query=%7B__typename%7D&operationName=%00",
        "documentId=%00",
        "query=%7B__typename%7D&variables=%00",
    ] {
        let call = reqwest::Client::new().get(format!("{url}?{query}")).bearer_auth(opd.token());
        let answer: Value = call.send().await.expect("sent").json().await.expect("JSON");
        assert!(
            ["INVALID_OPERATION", "DOCUMENT_NOT_FOUND"]
                .map(|code| json!(code))
                .contains(&answer["errors"][0]["extensions"]["code"]),
            "{query}: {answer}"
        );
    }
    // A header with U+0000 is none of HTTP.
    let address = server.base().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.expect("connected");
    let head =
        format!("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: {address}\r\nx-request-id: a\u{0}b\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 400");
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}

/// Collects the moments of an answer to [`everything`].
fn moments<'a>(value: &'a Value, fields: &BTreeSet<String>, found: &mut BTreeMap<String, Vec<&'a str>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| moments(item, fields, found)),
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str().filter(|_| fields.contains(name)) {
                    Some(moment) => found.entry(name.clone()).or_default().push(moment),
                    None => moments(value, fields, found),
                }
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_moment_has_one_width_and_is_taken_as_it_is_given() {
    let story = Story::tell().await;
    let overseer = story.server.person("overseer").await;
    let schema = overseer.ask(INTROSPECTION, json!({})).await["__schema"].clone();
    let mut fields = BTreeSet::new();
    for of in schema["types"].as_array().expect("types") {
        for field in of["fields"].as_array().into_iter().flatten() {
            let ty = &field["type"];
            if [&ty["name"], &ty["ofType"]["name"]].iter().any(|name| **name == "DateTime") {
                fields.insert(format!(
                    "{}_{}",
                    of["name"].as_str().expect("a name"),
                    field["name"].as_str().expect("a name")
                ));
            }
        }
    }
    let root = everything(&schema, "Query", 5, &mut vec!["Query".to_owned()]);
    let answer = overseer.ask(&format!("query {root}"), json!({})).await;
    let mut found = BTreeMap::new();
    moments(&answer, &fields, &mut found);
    assert!(found.len() > 15, "{:?} of {fields:?}", found.keys());
    let (mut whole, mut fractions) = (0, 0);
    for (field, given) in &found {
        for moment in given {
            let read = chrono::DateTime::parse_from_rfc3339(moment).expect("a moment").to_utc();
            assert_eq!(*moment, read.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(), "{field}");
            *(if moment.ends_with(".000000Z") { &mut whole } else { &mut fractions }) += 1;
        }
    }
    assert!(whole > 0 && fractions > 0, "of both kinds: {whole} and {fractions}");
    let newest = overseer.ask("{ requests(first: 1) { totalCount nodes { submittedAt } } }", json!({})).await;
    let (all, at) = (&newest["requests"]["totalCount"], &newest["requests"]["nodes"][0]["submittedAt"]);
    let since = "query($at: DateTime!) { since: requests(filter: { submittedFrom: $at }) { totalCount } \
        before: requests(filter: { submittedUntil: $at }) { totalCount } }";
    let split = overseer.ask(since, json!({ "at": at })).await;
    assert_eq!(split["since"]["totalCount"], 1, "{at}: {split}");
    assert_eq!(split["before"]["totalCount"].as_i64().map(|before| before + 1), all.as_i64(), "{at}: {split}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_or_moment_is_taken_in_its_form_only() {
    let server = Server::with(&[OPD]);
    let opd = server.person("opd").await;
    for day in [
        "+2026-1-05",
        "2026- 1-05",
        "2026-1-5",
        "2026-02-30",
        "26-01-05",
        "2026-01-05T00:00:00Z",
        " 2026-01-05",
        "2026/01/05",
    ] {
        let mut input = Cloud::default().input();
        input["letter"]["date"] = json!(day);
        let answer = opd.answer(SUBMIT, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_OPERATION", "{day}: {answer}");
    }
    let since = "query($at: DateTime) { requests(filter: { submittedFrom: $at }) { totalCount } }";
    for (moment, is_taken) in [
        ("2026-01-05T01:30:00Z", true),
        ("2026-01-05t01:30:00z", true),
        ("2026-01-05T08:30:00.123456789+07:00", true),
        ("2026-01-05 01:30:00Z", false),
        ("2026-01-05T01:30Z", false),
        ("2026-01-05T01:30:00", false),
        ("2026-01-05T01:30:00,5Z", false),
        ("2026-01-05T01:30:00+0700", false),
        ("2026-01-05T01:30:00 Z", false),
        ("2026-01-05T24:00:00Z", false),
        ("2026-01-05", false),
    ] {
        let answer = opd.answer(since, json!({ "at": moment })).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        assert_eq!(code, if is_taken { None } else { Some("INVALID_OPERATION") }, "{moment}: {answer}");
    }
}
