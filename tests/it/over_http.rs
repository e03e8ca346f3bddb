//! GraphQL over HTTP (<https://graphql.github.io/graphql-over-http/draft/>), and what HTTP itself has for clients, proxies and
//! browsers.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::harness::{Cast, Server};

const CAST: Cast<'static> = &[("opd", "singkawang", "opd", Some("dinkes")), ("tu", "singkawang", "tu", None)];

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// What a call is answered with.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// A header, where it is there.
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

/// Calls with these headers, of which none is sent unless it stands here.
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

/// The path that asks for an operation by GET.
fn path(parameters: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/graphql", parameters).expect("a URL");
    format!("/graphql?{}", url.query().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_is_the_callers_choice_and_says_what_the_status_does() {
    let server = Server::with(CAST);
    // Accept, and what is answered with: its type, the status of what cannot run, and that of who is not known.
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
            // Only what ran has data, and what ran has it whatever failed.
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
    // What refuses a call as such is told to people in their language.
    let answer =
        post(&server, "{ offices { key } }", &[("authorization", "Bearer x"), ("accept-language", "id")]).await;
    assert_eq!(answer.json()["errors"][0]["message"], "Token sudah berakhir atau tidak sah: masuklah lagi.");
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_go_by_get_too_and_nothing_is_changed_by_it() {
    let server = Server::with(CAST);
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
