//! The four transports (POST, GET, event stream, WebSocket) over HTTP/1.1 and HTTP/2. `clients::reverse_proxies` tries them behind
//! proxies.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::acts::{Cloud, SUBMIT};
use crate::cast::{Cast, OPD, TU};
use crate::connection::{Connection, Http};
use crate::harness::{PATIENCE, Server};
use crate::socket::Socket;
use crate::stream::Stream;

pub(crate) const CAST: Cast<'static> = &[OPD, TU];

const EVENTS: &str = "subscription { requestEvents(filter: { kinds: [SUBMITTED] }) { kind version } }";

/// The tokens of who submits and who follows.
pub(crate) struct Tokens {
    pub(crate) opd: String,
    pub(crate) tu: String,
}

impl Tokens {
    pub(crate) async fn of(server: &Server) -> Self {
        let token = async |name: &str| server.person(name).await.token().to_owned();
        Self { opd: token("opd").await, tu: token("tu").await }
    }
}

/// The address of a server.
pub(crate) fn authority(server: &Server) -> &str {
    server.base().trim_start_matches("http://")
}

/// Queries, acts and follows by each transport. `sockets` is the version of the WebSocket's connection, which may be another: a
/// client may open one for it. Returns what still follows.
pub(crate) async fn all_transports(
    (way, authority): (&str, &str),
    (http, sockets): (Http, Http),
    tokens: &Tokens,
) -> (Socket, Stream) {
    let connect = async |token: &str, http: Http| Connection::open(http, authority).await.with_token(token);
    let mut tu = connect(&tokens.tu, http).await;
    let viewer = "{ viewer { user { username } } }";
    let expected = json!({ "data": { "viewer": { "user": { "username": "tu" } } } });
    assert_eq!(tu.query(viewer).await, expected, "{way}: GET");
    assert_eq!(tu.post(viewer, &json!({})).await, expected, "{way}: POST");
    let mut by_post = tu.follow(Method::POST, EVENTS).await;
    // Over HTTP/1.1 a stream takes its connection.
    let mut by_get = connect(&tokens.tu, http).await.follow(Method::GET, EVENTS).await;
    let mut socket = connect(&tokens.tu, sockets).await.socket().await;
    assert!(socket.is_acknowledged(&tokens.tu).await, "{way}: WebSocket");
    socket.subscribe("1", EVENTS, json!({})).await;
    socket.settle().await;
    let answer = connect(&tokens.opd, http).await.post(SUBMIT, &Cloud::letter(way).variables()).await;
    assert_eq!(answer["data"]["submitRequest"]["userErrors"], json!([]), "{way}: {answer}");
    let event = json!({ "requestEvents": { "kind": "SUBMITTED", "version": 1 } });
    assert_eq!(by_post.told().await.0, json!({ "data": event }), "{way}: event stream by POST");
    assert_eq!(by_get.told().await.0, json!({ "data": event }), "{way}: event stream by GET");
    assert_eq!(socket.told("1").await, event, "{way}: WebSocket");
    (socket, by_post)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_transports_work_over_both_versions_of_http() {
    let mut server = Server::with(CAST);
    let tokens = Tokens::of(&server).await;
    let mut following = Vec::new();
    for (way, http) in [("HTTP/1.1", Http::One), ("HTTP/2", Http::Two)] {
        following.push(all_transports((way, authority(&server)), (http, http), &tokens).await);
    }
    // Several sockets in one connection of HTTP/2, beside other operations: the end of one is not that of the others.
    let mut one = Connection::open(Http::Two, authority(&server)).await.with_token(&tokens.tu);
    let mut sockets = [one.socket().await, one.socket().await];
    for socket in &mut sockets {
        assert!(socket.is_acknowledged(&tokens.tu).await);
    }
    assert_eq!(sockets[0].goodbye(1000).await, 1000);
    sockets[1].subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(sockets[1].told("1").await, json!({ "__typename": "Query" }));
    assert_eq!(one.query("{ __typename }").await, json!({ "data": { "__typename": "Query" } }));

    assert!(server.stop().success());
    // What is still to be read are events for all; then each is told to come back.
    for (mut socket, mut stream) in following {
        let mut message = socket.receive().await;
        while message["type"] == "next" {
            message = socket.receive().await;
        }
        assert_eq!(message, json!({ "close": 1012 }));
        while let Some(event) = stream.event().await {
            assert_eq!(event["event"], "next", "cut, without `complete`");
        }
    }
}

/// The answer to the bytes of a request over HTTP/1.
async fn answer(server: &Server, request: &str) -> String {
    let mut connection = TcpStream::connect(authority(server)).await.expect("a connection");
    connection.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    loop {
        let read = tokio::time::timeout(PATIENCE, connection.read_buf(&mut answer)).await.expect("an answer in time");
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert!(read.expect("an answer") > 0, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_its_host_once() {
    let server = Server::with(&[]);
    for (head, status) in [
        ("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: api.example", 200),
        ("GET /graphql?query=%7B__typename%7D HTTP/1.1", 400),
        ("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: api.example\r\nHost: api.example", 400),
        ("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: a.example, b.example", 400),
        ("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost:", 400),
        ("GET http://api.example/graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: api.example", 200),
        ("GET http://api.example/graphql?query=%7B__typename%7D HTTP/1.1", 400),
        ("POST /graphql HTTP/1.1\r\ncontent-length: 0", 400),
        ("GET /graphiql HTTP/1.1", 400),
        ("GET /healthz HTTP/1.1", 400),
        // Health checks by the older version need none.
        ("GET /healthz HTTP/1.0", 200),
        ("GET /healthz HTTP/1.0\r\nhost: a.example\r\nhost: b.example", 400),
    ] {
        let answer = answer(&server, &format!("{head}\r\n\r\n")).await;
        assert_eq!(answer.split(' ').nth(1), Some(&*status.to_string()), "{head}: {answer}");
        if status == 400 {
            assert!(answer.contains("\"INVALID_OPERATION\"") && answer.contains("x-request-id: "), "{head}: {answer}");
            assert!(answer.contains("Name the server once"), "{head}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_beyond_that_of_the_http_library_is_too_long() {
    let server = Server::with(&[]);
    let url = "x".repeat(100_000);
    let answer = answer(&server, &format!("GET /graphql?{url} HTTP/1.1\r\nhost: api.example\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 414 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_websocket_handshake_is_explained() {
    let server = Server::with(&[]);
    let whole = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n";
    for (lacking, status) in [
        ("", 101),
        // As behind a proxy without its two headers.
        ("connection: Upgrade\r\nupgrade: websocket\r\n", 400),
        ("connection: Upgrade\r\n", 400),
        ("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
    ] {
        let head = whole.replacen(lacking, "", usize::from(!lacking.is_empty()));
        let answer = answer(&server, &format!("GET /graphql HTTP/1.1\r\nhost: api.example\r\n{head}\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{lacking}: {answer}");
        assert_eq!(answer.contains("This WebSocket handshake is not complete"), status == 400, "{lacking}: {answer}");
    }
    let old = whole.replace("version: 13", "version: 8");
    let answer = answer(&server, &format!("GET /graphql HTTP/1.1\r\nhost: api.example\r\n{old}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("`Sec-WebSocket-Version: 13`"), "{answer}");
}
