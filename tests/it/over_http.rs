//! GraphQL over HTTP (<https://graphql.github.io/graphql-over-http/draft/>), and HTTP's own features for clients, proxies and
//! browsers.

use std::io::{Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::acts::Cloud;
use crate::cast::SINGKAWANG;
use crate::database;
use crate::harness::Server;
use crate::socket::Socket;
use crate::stream::Stream;

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// The answer to a call.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// A header, if present.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of the first error.
    fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Calls with exactly these headers.
async fn call(server: &Server, method: &Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let http = reqwest::Client::new();
    let mut request = http.request(method.clone(), format!("{}{path}", server.base())).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, body: answer.bytes().await.expect("a body").to_vec() }
}

/// Posts an operation with these headers.
async fn post(server: &Server, query: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", JSON)]).collect();
    call(server, &Method::POST, "/graphql", &headers, json!({ "query": query }).to_string().as_bytes()).await
}

/// The path of an operation by GET.
fn path(parameters: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/graphql", parameters).expect("a URL");
    format!("/graphql?{}", url.query().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn content_negotiation_chooses_the_response_type_and_status() {
    let server = Server::with(SINGKAWANG);
    // Accept, and the answer's type, its status for an invalid operation, and its status for an anonymous caller.
    for (accept, media, wrong) in [
        (None, Some(JSON), 200),
        (Some("*/*"), Some(JSON), 200),
        (Some("application/json"), Some(JSON), 200),
        (Some("text/html, */*;q=0.1"), Some(JSON), 200),
        (Some("application/graphql-response+json"), Some(GRAPHQL), 400),
        (Some("application/json;q=0.9, application/graphql-response+json"), Some(GRAPHQL), 400),
        (Some("application/graphql-response+json;q=0.5, application/json"), Some(JSON), 200),
        (Some("text/html"), None, 406),
        (Some("application/json;q=0, text/html"), None, 406),
    ] {
        let accepting: Vec<_> = accept.map(|accept| ("accept", accept)).into_iter().collect();
        let media_type = format!("{}; charset=utf-8", media.unwrap_or(JSON));
        for (operation, status, code) in [
            ("{ offices { key } }", 200, ""),
            ("{ viewer { user { id } } offices { key } }", 200, "UNAUTHENTICATED"),
            ("{ assets(first: 1000) { totalCount } }", 200, "UNAUTHENTICATED"),
            ("{", wrong, "INVALID_OPERATION"),
            ("{ nothing }", wrong, "INVALID_OPERATION"),
            ("query($id: ID!) { node(id: $id) { id } }", wrong, "INVALID_OPERATION"),
            ("subscription { requestEvents { id } }", 406, "INVALID_OPERATION"),
        ] {
            let (status, code) = if media.is_some() { (status, code) } else { (406, "INVALID_OPERATION") };
            let answer = post(&server, operation, &accepting).await;
            let told = (answer.status, answer.header("content-type"), &*answer.code());
            assert_eq!(told, (status, Some(&*media_type), code), "{accept:?} {operation}: {}", answer.json());
            // Only an executed operation has data, even one with failed fields.
            let ran = media.is_some() && !matches!(code, "INVALID_OPERATION");
            assert_eq!(answer.json().get("data").is_some(), ran, "{accept:?} {operation}: {}", answer.json());
        }
        let known: Vec<_> = accepting.iter().copied().chain([("authorization", "Bearer x")]).collect();
        let answer = post(&server, "{ offices { key } }", &known).await;
        let refused = if media.is_some() { (401, "UNAUTHENTICATED") } else { (406, "INVALID_OPERATION") };
        assert_eq!((answer.status, &*answer.code()), refused, "{accept:?}");
        assert_eq!(answer.header("www-authenticate"), media.map(|_| "Bearer"));
        let body = call(&server, &Method::POST, "/graphql", &[("content-type", JSON), ("accept", GRAPHQL)], b"{").await;
        assert_eq!((body.status, &*body.code()), (400, "INVALID_OPERATION"));
    }
    // Clients that follow too accept all types in every call: a query is answered in the preferred one.
    let (follow, events) = ("subscription { requestEvents { id } }", "text/event-stream");
    let all = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
    for (accept, operation, media, status) in [
        (all, "{ offices { key } }", GRAPHQL, 200),
        (all, "{", GRAPHQL, 400),
        (all, follow, events, 200),
        (events, "{ offices { key } }", events, 200),
        (events, "{", events, 200),
        ("text/event-stream;q=0, */*", follow, JSON, 406),
    ] {
        let answer = post(&server, operation, &[("accept", accept)]).await;
        let told = answer.header("content-type").and_then(|told| told.split(';').next());
        assert_eq!((answer.status, told), (status, Some(media)), "{accept}: {operation}");
    }
    // Refusals of a call as such are in the person's language.
    let answer =
        post(&server, "{ offices { key } }", &[("authorization", "Bearer x"), ("accept-language", "id")]).await;
    assert_eq!(answer.json()["errors"][0]["message"], "Token sudah berakhir atau tidak sah: masuklah lagi.");
}

#[tokio::test(flavor = "multi_thread")]
async fn get_runs_queries_and_changes_nothing() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let bearer = format!("Bearer {}", tu.token());
    let named = "query A($key: String!) { office(key: $key) { key } } query B { __typename }";
    let two =
        [("query", named), ("operationName", "A"), ("variables", "{\"key\": \"denpasar\"}"), ("extensions", "{}")];
    let answer = call(&server, &Method::GET, &path(&two), &[("accept", GRAPHQL)], b"").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "data": { "office": { "key": "denpasar" } } })));
    let who = [("query", "{ viewer { user { username } } }"), ("variables", ""), ("operationName", "")];
    let answer = call(&server, &Method::GET, &path(&who), &[("authorization", &bearer)], b"").await;
    assert_eq!(answer.json()["data"]["viewer"]["user"]["username"], "tu");
    let head = call(&server, &Method::HEAD, &path(&two), &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    let language = "mutation { chooseLanguage(input: { language: ENGLISH }) { userErrors { code } } }";
    let both = format!("query Q {{ __typename }} {}", language.replace("mutation", "mutation M"));
    for (method, parameters, status, allow) in [
        (Method::GET, vec![("query", language)], 405, Some("POST")),
        (Method::GET, vec![("query", &*both), ("operationName", "M")], 405, Some("POST")),
        (Method::HEAD, vec![("query", language)], 405, Some("POST")),
        (Method::PUT, vec![("query", language)], 405, Some("GET, HEAD, POST")),
        (Method::DELETE, vec![], 405, Some("GET, HEAD, POST")),
        (Method::GET, vec![], 400, None),
        (Method::GET, vec![("query", "{ __typename }"), ("variables", "{")], 400, None),
        (Method::GET, vec![("query", "{ __typename }"), ("variables", "[1]")], 400, None),
        (Method::GET, vec![("query", "{ __typename }"), ("extensions", "1")], 400, None),
    ] {
        let answer = call(&server, &method, &path(&parameters), &[("authorization", &bearer)], b"").await;
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{method} {parameters:?}");
        if method != Method::HEAD {
            assert_eq!(answer.code(), "INVALID_OPERATION", "{method} {parameters:?}");
        }
    }
    assert_eq!(
        tu.ask("{ viewer { language } }", json!({})).await["viewer"]["language"],
        Value::Null,
        "nothing was changed"
    );
}

const CHOOSE: &str = "mutation { chooseLanguage(input: { language: ENGLISH }) { userErrors { code } } }";
const CHOSEN: &str = "{ viewer { language } }";

#[tokio::test(flavor = "multi_thread")]
async fn cross_site_requests_are_refused() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let bearer = format!("Bearer {}", tu.token());
    let json = json!({ "query": CHOOSE }).to_string();
    let form = path(&[("query", CHOOSE)]).split_once('?').expect("parameters").1.to_owned();
    let parts = format!("--x\r\ncontent-disposition: form-data; name=\"query\"\r\n\r\n{CHOOSE}\r\n--x--\r\n");
    for (content, body) in [
        (Some("text/plain"), &json),
        (Some("text/plain;charset=UTF-8"), &json),
        (Some("application/x-www-form-urlencoded"), &form),
        (Some("multipart/form-data; boundary=x"), &parts),
        (Some("application/graphql"), &CHOOSE.to_owned()),
        (Some("application/json; charset=utf-16"), &json),
        (Some("text/plain, application/json"), &json),
        (None, &json),
    ] {
        let headers: Vec<_> =
            content.map(|content| ("content-type", content)).into_iter().chain([("authorization", &*bearer)]).collect();
        let answer = call(&server, &Method::POST, "/graphql", &headers, body.as_bytes()).await;
        assert_eq!((answer.status, &*answer.code()), (415, "INVALID_OPERATION"), "{content:?}");
    }
    assert_eq!(tu.ask(CHOSEN, json!({})).await["viewer"]["language"], Value::Null, "nothing was changed");
    let headers = [("content-type", "Application/JSON; charset=\"UTF-8\""), ("authorization", &*bearer)];
    assert_eq!(call(&server, &Method::POST, "/graphql", &headers, json.as_bytes()).await.status, 200);
    assert_eq!(tu.ask(CHOSEN, json!({})).await["viewer"]["language"], "ENGLISH");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_accepted_only_where_enabled() {
    let mut server = Server::with(SINGKAWANG);
    let token = server.person("tu").await.token().to_owned();
    let bearer = format!("Bearer {token}");
    let operation = |query: &str| json!({ "query": query });
    let answer = async |server: &Server, accept: &str, batch: &Value| {
        let headers = [("content-type", JSON), ("accept", accept), ("authorization", &*bearer)];
        call(server, &Method::POST, "/graphql", &headers, batch.to_string().as_bytes()).await
    };
    let choose = json!([operation(CHOOSE), operation(CHOSEN)]);
    let refused = answer(&server, JSON, &choose).await;
    assert_eq!((refused.status, &*refused.code()), (400, "BATCH_REFUSED"), "by itself it takes none");

    server.restart_with(&["--batch-limit", "3"]);
    let follow = operation("subscription { requestEvents { id } }");
    for (accept, batch, status, code) in [
        (JSON, json!([]), 400, "INVALID_OPERATION"),
        (JSON, json!([operation(CHOOSE), 1]), 400, "INVALID_OPERATION"),
        (JSON, json!([operation(CHOOSE), [operation(CHOOSE)]]), 400, "INVALID_OPERATION"),
        (JSON, json!([operation(CHOOSE), {}]), 400, "INVALID_OPERATION"),
        (JSON, json!(vec![operation(CHOOSE); 4]), 400, "BATCH_REFUSED"),
        (GRAPHQL, json!([operation(CHOOSE), follow]), 400, "BATCH_REFUSED"),
        ("text/event-stream", choose.clone(), 400, "BATCH_REFUSED"),
    ] {
        let refused = answer(&server, accept, &batch).await;
        assert_eq!((refused.status, &*refused.code()), (status, code), "{batch}");
    }
    let before = server.send(Some(&token), CHOSEN, json!({})).await;
    assert_eq!(before["data"]["viewer"]["language"], Value::Null, "nothing of those was done");

    let batch = json!([operation(CHOSEN), operation(CHOOSE), operation(CHOSEN)]);
    for (accept, first) in [(JSON, Value::Null), (GRAPHQL, json!("ENGLISH"))] {
        let told = answer(&server, accept, &batch).await;
        assert_eq!((told.status, told.header("content-type")), (200, Some(&*format!("{accept}; charset=utf-8"))));
        let expected = json!([
            { "data": { "viewer": { "language": first } } },
            { "data": { "chooseLanguage": { "userErrors": [] } } },
            { "data": { "viewer": { "language": "ENGLISH" } } },
        ]);
        assert_eq!(told.json(), expected, "one after another");
    }
    // Each fails by itself, under an id of its own.
    let told = answer(&server, GRAPHQL, &json!([operation("{"), operation(CHOSEN), operation("{ nothing }")])).await;
    assert_eq!(
        (told.status, told.json()[1].clone()),
        (200, json!({ "data": { "viewer": { "language": "ENGLISH" } } }))
    );
    let id = told.header("x-request-id").expect("an id").to_owned();
    for (place, number) in [(0, 1), (2, 3)] {
        let extensions = told.json()[place]["errors"][0]["extensions"].clone();
        assert_eq!(extensions, json!({ "code": "INVALID_OPERATION", "requestId": format!("{id}.{number}") }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_has_a_request_id_in_the_log() {
    let server = Server::with(SINGKAWANG);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let in_error = |answer: &Value| answer["errors"][0]["extensions"]["requestId"].as_str().expect("an id").to_owned();
    let mut seen = std::collections::BTreeSet::new();
    for sent in [Some("proxy-1:a/b=c"), None, Some(""), Some("two words"), Some("<script>"), Some(&*"x".repeat(65))] {
        let headers: Vec<_> = sent.map(|sent| ("x-request-id", sent)).into_iter().collect();
        for (operation, status) in [("{ nothing }", 200), ("{ viewer { user { id } } }", 200)] {
            let answer = post(&server, operation, &headers).await;
            let id = answer.header("x-request-id").expect("an id").to_owned();
            assert_eq!((answer.status, &in_error(&answer.json())), (status, &id), "{sent:?}");
            if sent == Some("proxy-1:a/b=c") {
                assert_eq!(id, "proxy-1:a/b=c");
            } else {
                assert!(id.parse::<uuid::Uuid>().is_ok() && seen.insert(id), "a new one for {sent:?}");
            }
        }
    }
    for (method, path, headers, status) in [
        (Method::GET, "/graphql?query=%7B", &[("accept", GRAPHQL)][..], 400),
        (Method::GET, "/graphql?query=%7B__typename%7D", &[("authorization", "Bearer x")], 401),
        (Method::POST, "/graphql", &[], 415),
        (Method::PUT, "/graphql", &[], 405),
        (Method::GET, "/graphql", &[("accept", "text/html")], 406),
        (Method::GET, "/healthz", &[], 200),
        (Method::GET, "/nowhere", &[], 404),
    ] {
        let answer = call(&server, &method, path, headers, b"").await;
        assert_eq!(answer.status, status, "{path}");
        let id = answer.header("x-request-id").expect("an id").to_owned();
        if path.starts_with("/graphql") {
            assert_eq!(in_error(&answer.json()), id);
        }
        assert!(seen.insert(id));
    }
    // On a socket each operation has its own, and on a stream the call has.
    let mut socket =
        Socket::open(&server, Some("graphql-transport-ws"), &[("x-request-id", "socket".to_owned())]).await;
    socket.send(json!({ "type": "connection_init", "payload": { "token": tu.token() } })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    let follow = "subscription($after: String) { requestEvents(after: $after) { id } }";
    let wrong = json!({ "after": "x" });
    for (number, operation) in [(1, "{ nothing }"), (2, "{"), (3, follow), (4, "{ nothing }")] {
        socket.subscribe("a", operation, wrong.clone()).await;
        let told = socket.receive().await;
        let id = &told["payload"][0]["extensions"]["requestId"];
        assert_eq!((&told["type"], id), (&json!("error"), &json!(format!("socket.{number}"))), "{told}");
    }
    let mut stream = Stream::post(&server, Some(tu.token()), None, follow, wrong).await;
    assert!(seen.insert(in_error(&stream.told().await.0)));

    // A fault of ours shows its id and nothing else; the log has the rest.
    let submit =
        "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id } userErrors { code } } }";
    let input = Cloud::letter("1").input();
    let made = opd.ask(submit, json!({ "input": input })).await["submitRequest"]["request"]["id"].clone();
    let database = database::open(&server.path()).await;
    sea_orm::ConnectionTrait::execute_unprepared(&database, "UPDATE requests SET search = 'lain'")
        .await
        .expect("edited");
    let withdraw = "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) { userErrors { code } } }";
    let input = json!({ "requestId": made, "reason": "Batal", "expectedVersion": 1 });
    let body = json!({ "query": withdraw, "variables": { "input": input } }).to_string();
    let bearer = format!("Bearer {}", opd.token());
    let headers = [("content-type", JSON), ("authorization", &*bearer), ("x-request-id", "the-fault")];
    let answer = call(&server, &Method::POST, "/graphql", &headers, body.as_bytes()).await.json();
    let error = answer["errors"][0].clone();
    assert_eq!(error["extensions"], json!({ "code": "INTERNAL", "requestId": "the-fault" }), "{answer}");
    assert_eq!(error["message"], "Something went wrong on our side; nothing has changed.");
    let log = server.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("the-fault")).collect();
    assert!(told.iter().any(|line| line.contains("ERROR") && line.contains("internal error")), "{log}");
}

/// Requests a missing resource of that kind.
fn node_of(server: &Server, kind: &str) -> String {
    let id = server.id_of(kind, uuid::Uuid::from_u128(0x019b_0000_0000_7000_8000_0000_0000_0001));
    format!("{{ node(id: \"{id}\") {{ id }} }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_public_answers_are_cacheable() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let bearer = format!("Bearer {}", tu.token());
    let public = "{ offices { key procedures { key steps { key performers { name } } } } }";
    let get = async |query: &str, headers: &[(&str, &str)]| {
        call(&server, &Method::GET, &path(&[("query", query)]), headers, b"").await
    };
    let first = get(public, &[]).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
    assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
    let vary = first.header("vary").expect("what it depends on").to_lowercase();
    for name in ["accept", "accept-language", "authorization"] {
        assert!(vary.split(", ").any(|one| one == name), "{name}: {vary}");
    }
    assert_eq!(get(public, &[]).await.header("etag"), Some(&*tag), "it stays");
    for (known, status) in [
        (tag.clone(), 304),
        (format!("\"other\", {tag}"), 304),
        (format!("W/{tag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (tag.trim_matches('"').to_owned(), 200),
        (String::new(), 200),
    ] {
        let answer = get(public, &[("if-none-match", &known)]).await;
        assert_eq!((answer.status, answer.header("etag")), (status, Some(&*tag)), "{known}");
        assert_eq!(answer.body.is_empty(), status == 304);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    }
    let english = get(public, &[("accept-language", "en")]).await;
    assert!(english.header("etag").is_some_and(|english| english != tag), "another language is another answer");
    assert!(get("{ __schema { queryType { name } } }", &[]).await.header("etag").is_some());

    // Personal and changing answers have no ETag.
    for (query, authorized, accept) in [
        (public, true, JSON),
        ("{ viewer { user { id } } offices { key } }", false, JSON),
        ("{ viewer { user { id } } offices { key } }", true, GRAPHQL),
        ("{ office(key: \"singkawang\") { agencies { name } } }", false, JSON),
        ("{ office(key: \"singkawang\") { people { active } } }", false, JSON),
        ("{ nodes(ids: [\"UmVxdWVzdDoxMjM\"]) { id } }", false, JSON),
        (&node_of(&server, "Agency"), false, JSON),
        (&node_of(&server, "OfficeEvent"), false, JSON),
        (&node_of(&server, "User"), false, JSON),
        ("{ requests { totalCount } }", false, GRAPHQL),
        ("{ nothing }", false, JSON),
        ("{", false, GRAPHQL),
        ("{", false, "text/html"),
    ] {
        let mut headers = vec![("accept", accept), ("if-none-match", "*")];
        headers.extend(authorized.then_some(("authorization", &*bearer)));
        let answer = get(query, &headers).await;
        let kept = (answer.header("etag"), answer.header("cache-control"));
        assert_eq!(kept, (None, Some("no-store")), "{query} {authorized}");
        assert_ne!(answer.status, 304, "{query}");
    }
    for query in [public, CHOOSE] {
        let posted = post(&server, query, &[("if-none-match", &tag)]).await;
        assert_eq!(
            (posted.status, posted.header("etag"), posted.header("cache-control")),
            (200, None, Some("no-store"))
        );
    }
}

/// The uncompressed body.
fn uncompressed(body: &[u8]) -> Vec<u8> {
    let mut uncompressed = Vec::new();
    GzDecoder::new(body).read_to_end(&mut uncompressed).expect("gzip");
    uncompressed
}

/// A body in gzip.
fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("gzip")
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_compressed_and_secrets_are_not() {
    let server = Server::with(SINGKAWANG);
    let tu = server.person("tu").await;
    let bearer = format!("Bearer {}", tu.token());
    let long = "{ offices { key procedures { key title steps { key activity } } } }";
    let get =
        async |headers: &[(&str, &str)]| call(&server, &Method::GET, &path(&[("query", long)]), headers, b"").await;
    let plain = get(&[]).await;
    assert!(plain.body.len() > 2000, "{}", plain.body.len());
    let tag = plain.header("etag").expect("a tag").to_owned();
    for (accepted, is_compressed) in [
        ("gzip", true),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
        ("gzip;q=0", false),
        ("br", false),
        ("identity", false),
        ("identity;q=0, br", false),
        ("*;q=0", false),
    ] {
        let answer = get(&[("accept-encoding", accepted)]).await;
        assert_eq!(answer.status, 200, "{accepted}");
        assert_eq!(answer.header("content-encoding"), is_compressed.then_some("gzip"), "{accepted}");
        assert!(answer.header("vary").is_some_and(|vary| vary.contains("accept-encoding")));
        if is_compressed {
            assert!(answer.body.len() < plain.body.len() / 2, "{}", answer.body.len());
            assert_eq!(uncompressed(&answer.body), plain.body);
            let of_its_own = answer.header("etag").expect("a tag").to_owned();
            assert_ne!(of_its_own, tag, "other bytes have another tag");
            for known in [&tag, &of_its_own] {
                let again = get(&[("accept-encoding", accepted), ("if-none-match", known)]).await;
                assert_eq!((again.status, again.header("etag")), (304, Some(&**known)));
            }
        } else {
            assert_eq!((answer.body == plain.body, answer.header("etag")), (true, Some(&*tag)));
        }
    }
    let signed_in = [("authorization", &*bearer), ("accept-encoding", "gzip")];
    assert_eq!(post(&server, long, &signed_in).await.header("content-encoding"), Some("gzip"), "a query by POST");

    // Uncompressed: small bodies, streams, and the answers to mutations of any length.
    assert_eq!(post(&server, "{ __typename }", &signed_in).await.header("content-encoding"), None);
    let stream = [("accept", "text/event-stream"), ("accept-encoding", "gzip")];
    let stream = post(&server, long, &stream).await;
    assert_eq!((stream.header("content-encoding"), stream.body.len() > 2000), (None, true));
    let names: String = (0..90).map(|number| format!(" n{number}: __typename")).collect();
    let tokens = format!(
        "mutation {{ signIn(input: {{ username: \"tu\", password: \"{}\" }}) {{ accessToken userErrors {{ code }} {names} }} }}",
        crate::harness::PASSWORD
    );
    let answer = post(&server, &tokens, &[("accept-encoding", "gzip")]).await;
    assert!(
        answer.body.len() > 2000 && answer.json()["data"]["signIn"]["accessToken"].is_string(),
        "{}",
        answer.json()
    );
    assert_eq!(answer.header("content-encoding"), None);
    let refused =
        post(&server, "{ offices { key } }", &[("authorization", "Bearer x"), ("accept-encoding", "gzip")]).await;
    assert_eq!((refused.status, refused.header("content-encoding")), (401, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_json_in_utf_8_perhaps_compressed() {
    let server = Server::with_flags(&[], &["--body-limit", "100000"]);
    let plain = json!({ "query": "{ __typename }", "extensions": { "teks": "é" } }).to_string().into_bytes();
    let marked = [b"\xef\xbb\xbf", &*plain].concat();
    let gzip = compressed(&plain);
    let two = [compressed(&plain[..10]), compressed(&plain[10..])].concat();
    let long = compressed(format!("{{ \"query\": \"{{ __typename }}\"{} }}", " ".repeat(100_000)).as_bytes());
    let bomb = compressed(&vec![b' '; 20_000_000]);
    let utf_16: Vec<u8> = String::from_utf8_lossy(&plain).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (json_utf8, utf8) = ("application/json", "application/json; charset=utf8");
    for (content, encoding, body, status, told) in [
        (json_utf8, None, &plain, 200, ""),
        (json_utf8, None, &marked, 200, ""),
        (json_utf8, Some("identity"), &plain, 200, ""),
        (json_utf8, Some("gzip"), &gzip, 200, ""),
        (json_utf8, Some("GZip"), &gzip, 200, ""),
        (json_utf8, Some("x-gzip"), &gzip, 200, ""),
        (json_utf8, Some("gzip, identity"), &gzip, 200, ""),
        (json_utf8, Some("gzip"), &two, 200, ""),
        (json_utf8, Some("gzip"), &compressed(&marked), 200, ""),
        (utf8, None, &plain, 200, ""),
        (utf8, Some("gzip"), &gzip, 200, ""),
        ("application/json;charset=UTF-8", None, &plain, 200, ""),
        ("application/json; charset=\"utf-8\"", None, &plain, 200, ""),
        ("application/json; Charset=\"UTF8\"", None, &plain, 200, ""),
        ("application/json; profile=x; charset=utf-8", None, &plain, 200, ""),
        ("application/json; charset=utf-16le", None, &utf_16, 415, "not in `utf-16le`"),
        ("application/json; charset=iso-8859-1", None, &plain, 415, "not in `iso-8859-1`"),
        ("application/json; charset=", None, &plain, 415, "not in ``"),
        ("application/json; charset=utf-8; charset=latin1", None, &plain, 415, "not in `latin1`"),
        ("text/plain", Some("gzip"), &gzip, 415, "`Content-Type: application/json`"),
        (json_utf8, Some("br"), &gzip, 415, "compressed once by gzip"),
        (json_utf8, Some("deflate"), &gzip, 415, "compressed once by gzip"),
        (json_utf8, Some("gzip, gzip"), &compressed(&gzip), 415, "compressed once by gzip"),
        (json_utf8, Some("none"), &plain, 415, "compressed once by gzip"),
        (json_utf8, Some("gzip"), &plain, 400, "not in gzip"),
        (json_utf8, Some("gzip"), &gzip[..gzip.len() - 9].to_vec(), 400, "not in gzip"),
        (json_utf8, Some("gzip"), &[&*gzip, b"more"].concat(), 400, "not in gzip"),
        (json_utf8, Some("gzip"), &compressed(b""), 400, "the body is empty"),
        (json_utf8, None, &gzip, 400, "no GraphQL request"),
        (json_utf8, None, &utf_16, 400, "no GraphQL request"),
        (json_utf8, Some("gzip"), &long, 413, "larger than 100000 bytes"),
        (json_utf8, Some("gzip"), &bomb, 413, "larger than 100000 bytes"),
    ] {
        let mut headers = vec![("content-type", content)];
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        let answer = call(&server, &Method::POST, "/graphql", &headers, body).await;
        let case = format!("{content}, {encoding:?}: {}", answer.json());
        assert_eq!(answer.status, status, "{case}");
        match status {
            200 => assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }), "{case}"),
            413 => assert_eq!(answer.code(), "BODY_TOO_LARGE", "{case}"),
            _ => assert_eq!(answer.code(), "INVALID_OPERATION", "{case}"),
        }
        let message = answer.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(told), "{case}");
        // The way out in a header too (RFC 9110, section 12.5.3).
        let accepted = told.contains("compressed").then_some("gzip");
        assert_eq!(answer.header("accept-encoding"), accepted, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_url_is_refused() {
    let server = Server::with(&[]);
    let get = async |length: usize| {
        let path = path(&[("query", "{ __typename }"), ("extensions", "{}"), ("more", "")]);
        let path = format!("{path}{}", "x".repeat(length - path.len()));
        call(&server, &Method::GET, &path, &[], b"").await
    };
    let longest = get(32_768).await;
    assert_eq!((longest.status, longest.json()), (200, json!({ "data": { "__typename": "Query" } })));
    let refused = get(32_769).await;
    let extensions = refused.json()["errors"][0]["extensions"].clone();
    assert_eq!((refused.status, &*refused.code()), (414, "LIMIT_EXCEEDED"));
    assert_eq!(
        (&extensions["limit"], &extensions["max"], &extensions["actual"]),
        (&json!("url"), &json!(32_768), &json!(32_769))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_allows_the_named_origins_only() {
    const OURS: &str = "https://app.example";
    let mut server = Server::with(&[]);
    let asks = [
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-of-theirs"),
    ];
    let ask = async |server: &Server, origin: &str| {
        let headers: Vec<_> = asks.into_iter().chain([("origin", origin)]).collect();
        call(server, &Method::OPTIONS, "/graphql", &headers, b"").await
    };
    let refused = ask(&server, OURS).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (405, None), "by itself none");
    let answer = post(&server, "{ __typename }", &[("origin", OURS)]).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None));

    server.restart_with(&["--cors-origins", "https://app.example,http://localhost:5173"]);
    for origin in [OURS, "http://localhost:5173"] {
        let told = ask(&server, origin).await;
        assert_eq!((told.status, told.header("access-control-allow-origin")), (200, Some(origin)));
        assert_eq!(told.header("access-control-allow-headers"), Some("authorization,content-type,x-of-theirs"));
        assert_eq!(told.header("access-control-allow-credentials"), None);
        let methods = told.header("access-control-allow-methods").expect("methods");
        assert!(["GET", "POST"].iter().all(|method| methods.split(',').any(|one| one == *method)), "{methods}");
        assert!(told.header("access-control-max-age").is_some());
        for headers in [&[("origin", origin)][..], &[("origin", origin), ("authorization", "Bearer x")]] {
            let answer = post(&server, "{ __typename }", headers).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "refusals may be read too");
            let exposed = answer.header("access-control-expose-headers").expect("headers").to_owned();
            for name in ["x-request-id", "etag", "retry-after", "ratelimit", "ratelimit-policy"] {
                assert!(exposed.split(',').any(|one| one == name), "{name}: {exposed}");
            }
            let varies: Vec<_> =
                answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
            assert!(varies.join(", ").split(", ").any(|name| name == "origin"), "{varies:?}");
        }
    }
    for other in ["https://app.example.evil.example", "http://app.example", "https://app.example:8443", "null"] {
        assert_eq!(ask(&server, other).await.header("access-control-allow-origin"), None, "{other}");
        let answer = post(&server, "{ __typename }", &[("origin", other)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{other}");
    }
    // A socket is whoever's token it brings, wherever its page is from.
    let mut socket =
        Socket::open(&server, Some("graphql-transport-ws"), &[("origin", "https://other.example".to_owned())]).await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
}
