//! A WebSocket as a client holds it, speaking `graphql-transport-ws` by hand.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use crate::harness::{PATIENCE, Server};

/// A connection, or an HTTP/2 stream in one.
trait Carrier: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Carrier for T {}

/// A socket.
pub(crate) struct Socket(WebSocketStream<Box<dyn Carrier>>);

impl Socket {
    /// A socket after its handshake.
    pub(crate) async fn over(carrier: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let carrier: Box<dyn Carrier> = Box::new(carrier);
        Self(WebSocketStream::from_raw_socket(carrier, Role::Client, None).await)
    }

    /// Connects, and does the handshake.
    async fn connect(request: Request) -> Option<Self> {
        let address = request.uri().authority()?.as_str().to_owned();
        let carrier: Box<dyn Carrier> = Box::new(TcpStream::connect(address).await.ok()?);
        Some(Self(tokio_tungstenite::client_async(request, carrier).await.ok()?.0))
    }

    /// Opens a socket with that subprotocol.
    pub(crate) async fn open(server: &Server, protocol: Option<&str>, headers: &[(&'static str, String)]) -> Self {
        Self::open_at(server.base(), protocol, headers).await
    }

    /// The same to a server of that address.
    pub(crate) async fn open_at(base: &str, protocol: Option<&str>, headers: &[(&'static str, String)]) -> Self {
        let url = format!("{}/graphql", base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a value"));
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        Self::connect(request).await.expect("a socket")
    }

    /// A socket with a token, acknowledged.
    pub(crate) async fn of(server: &Server, token: &str) -> Self {
        Self::at(server.base(), token).await
    }

    /// The same to a server of that address.
    pub(crate) async fn at(base: &str, token: &str) -> Self {
        Self::try_at(base, token).await.expect("a socket whose owner is let in")
    }

    /// The same to a server that may be gone, or may refuse.
    pub(crate) async fn try_at(base: &str, token: &str) -> Option<Self> {
        let mut request = format!("{}/graphql", base.replacen("http", "ws", 1)).into_client_request().ok()?;
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().ok()?);
        let mut socket = Self::connect(request).await?;
        socket.is_acknowledged(token).await.then_some(socket)
    }

    /// Signs in. Returns true if the server acknowledges it.
    pub(crate) async fn is_acknowledged(&mut self, token: &str) -> bool {
        let init = json!({ "type": "connection_init", "payload": { "token": token } });
        self.try_send(Message::text(init.to_string())).await && self.receive().await["type"] == "connection_ack"
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    /// Sends a frame.
    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.0.send(message).await.expect("sent");
    }

    /// Sends a frame on a socket that may be gone. Returns true if it was sent.
    pub(crate) async fn try_send(&mut self, message: Message) -> bool {
        self.0.send(message).await.is_ok()
    }

    /// Begins an operation.
    pub(crate) async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } }))
            .await;
    }

    /// Returns once all operations begun here follow: later ones begin later. Messages meanwhile are dropped.
    pub(crate) async fn settle(&mut self) {
        self.subscribe("settle", "{ __typename }", json!({})).await;
        loop {
            let message = self.receive().await;
            assert!(message.get("close").is_none() && message["type"] != "error", "{message}");
            if message == json!({ "id": "settle", "type": "complete" }) {
                return;
            }
        }
    }

    /// The next message; a close as `{"close": code}`, an end without one as `{"close": 0}`.
    pub(crate) async fn receive(&mut self) -> Value {
        self.receive_within(PATIENCE).await.expect("a message in time")
    }

    /// The next message, if one comes within that time.
    pub(crate) async fn receive_within(&mut self, time: Duration) -> Option<Value> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).expect("JSON"),
                    Some(Ok(Message::Close(frame))) => {
                        return json!({ "close": frame.map_or(0, |frame| u16::from(frame.code)) });
                    }
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return json!({ "close": 0 }),
                }
            }
        };
        tokio::time::timeout(time, next).await.ok()
    }

    /// The next data of an operation.
    pub(crate) async fn told(&mut self, id: &str) -> Value {
        let message = self.receive().await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("next")), "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].clone()
    }

    /// The close code; nothing else may come before.
    pub(crate) async fn closed(&mut self) -> u64 {
        let message = self.receive().await;
        message["close"].as_u64().unwrap_or_else(|| panic!("{message}"))
    }

    /// Says goodbye.
    pub(crate) async fn close(&mut self) {
        let _ = self.0.close(None).await;
    }

    /// Closes it with that code. Returns the code of the answer.
    pub(crate) async fn goodbye(&mut self, code: u16) -> u64 {
        let close = CloseFrame { code: code.into(), reason: "".into() };
        self.0.close(Some(close)).await.expect("it is sent");
        self.closed().await
    }

    /// Reads nothing for that time, not even pings.
    pub(crate) async fn sleep(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
