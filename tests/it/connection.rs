//! A connection of one HTTP version, with each transport over it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::ext::Protocol;
use hyper::header::{HOST, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use crate::harness::PATIENCE;
use crate::socket::Socket;
use crate::stream::Stream;

/// The version spoken. HTTP/2 without TLS begins at once, with prior knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

/// A connection.
pub(crate) struct Connection {
    sender: Sender,
    authority: String,
    token: Option<String>,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Connects to that address.
    pub(crate) async fn open(http: Http, authority: &str) -> Self {
        Self::from_address("127.0.0.1", http, authority).await
    }

    /// The same from one of this machine's addresses.
    pub(crate) async fn from_address(own: &str, http: Http, authority: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{own}:0").parse().expect("an address")).expect("a port");
        let stream = socket.connect(authority.parse().expect("an address")).await.expect("a connection");
        let io = TokioIo::new(stream);
        let sender = match http {
            Http::One => {
                let (sender, connection) = http1::handshake(io).await.expect("a connection");
                tokio::spawn(connection.with_upgrades());
                Sender::One(sender)
            }
            Http::Two => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.expect("a connection");
                tokio::spawn(connection);
                Sender::Two(sender)
            }
        };
        Self { sender, authority: authority.to_owned(), token: None }
    }

    /// Sends this token from now on.
    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    fn http(&self) -> Http {
        match self.sender {
            Sender::One(_) => Http::One,
            Sender::Two(_) => Http::Two,
        }
    }

    /// A request with the authority as this version sends it.
    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        let request = Request::builder().method(method);
        let request = match self.http() {
            Http::One => request.uri(path).header(HOST, &self.authority),
            Http::Two => request.uri(format!("http://{}{path}", self.authority)),
        };
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let sent = async {
            match &mut self.sender {
                Sender::One(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Sender::Two(sender) => sender.send_request(request).await,
            }
        };
        tokio::time::timeout(PATIENCE, sent).await.expect("an answer in time").expect("an answer")
    }

    /// The status, headers and body of the answer to a GET.
    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, HeaderMap, Bytes) {
        let request = self.request(Method::GET, path).body(Full::default()).expect("a request");
        let (head, body) = self.send(request).await.into_parts();
        (head.status, head.headers, body.collect().await.expect("a body").to_bytes())
    }

    /// The answer to a query by GET.
    pub(crate) async fn query(&mut self, query: &str) -> Value {
        json(&self.get(&path(query)).await.2)
    }

    /// The answer to an operation by POST.
    pub(crate) async fn post(&mut self, query: &str, variables: &Value) -> Value {
        let request = self.request(Method::POST, "/graphql").header("content-type", "application/json");
        let request = request.body(body(query, variables)).expect("a request");
        json(&self.send(request).await.into_body().collect().await.expect("a body").to_bytes())
    }

    /// Begins an event stream by POST, or by GET.
    pub(crate) async fn follow(&mut self, method: Method, query: &str) -> Stream {
        let is_get = method == Method::GET;
        let path = if is_get { path(query) } else { "/graphql".to_owned() };
        let request = self.request(method, &path).header("accept", "text/event-stream");
        let request = request.header("content-type", "application/json");
        let body = if is_get { Full::default() } else { body(query, &json!({})) };
        Stream::of(self.send(request.body(body).expect("a request")).await)
    }

    /// Opens a WebSocket: over HTTP/1.1 by an upgrade of the connection, over HTTP/2 in a stream of it (RFC 8441).
    pub(crate) async fn socket(&mut self) -> Socket {
        let (request, status) = match self.http() {
            Http::One => {
                let request = self.request(Method::GET, "/graphql").header("connection", "Upgrade");
                let request = request.header("upgrade", "websocket").header("sec-websocket-key", generate_key());
                (request, StatusCode::SWITCHING_PROTOCOLS)
            }
            Http::Two => {
                // The server's settings come before its first answer, and allow it.
                assert_eq!(self.get("/healthz").await.0, StatusCode::OK);
                let request = self.request(Method::CONNECT, "/graphql").extension(Protocol::from_static("websocket"));
                (request, StatusCode::OK)
            }
        };
        let request = request.header("sec-websocket-version", "13");
        let request = request.header("sec-websocket-protocol", "graphql-transport-ws");
        let response = self.send(request.body(Full::default()).expect("a request")).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["sec-websocket-protocol"], "graphql-transport-ws");
        Socket::over(TokioIo::new(hyper::upgrade::on(response).await.expect("a socket"))).await
    }
}

/// The path of a query by GET.
fn path(query: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/graphql", [("query", query)]).expect("a URL");
    format!("/graphql?{}", url.query().unwrap_or_default())
}

fn body(query: &str, variables: &Value) -> Full<Bytes> {
    json!({ "query": query, "variables": variables }).to_string().into()
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(body)))
}
