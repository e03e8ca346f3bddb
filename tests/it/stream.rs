//! A stream of Server-Sent Events as a client reads it, by hand.

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Body;
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server};

/// An open stream.
pub(crate) struct Stream {
    body: UnsyncBoxBody<Bytes, String>,
    read: String,
}

/// One event: `event`, `id`, `data`; or a comment under the empty name.
pub(crate) type Fields = BTreeMap<String, String>;

impl Stream {
    /// Begins to follow by POST, from after the last event of that id.
    pub(crate) async fn post(
        server: &Server,
        token: Option<&str>,
        last: Option<&str>,
        query: &str,
        variables: Value,
    ) -> Self {
        let http = reqwest::Client::new();
        let mut request = http
            .post(format!("{}/graphql", server.base()))
            .header("accept", "text/event-stream")
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self::of(request.send().await.expect("an answer").into())
    }

    /// A response as a stream.
    pub(crate) fn of<B>(response: http::Response<B>) -> Self
    where
        B: Body<Data = Bytes, Error: std::fmt::Display> + Send + 'static,
    {
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().expect("a text");
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        let body = response.into_body().map_err(|error| error.to_string()).boxed_unsync();
        Self { body, read: String::new() }
    }

    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Fields> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let fields = event.lines().map(|line| line.split_once(':').unwrap_or((line, "")));
                let fields = fields.map(|(name, value)| (name.to_owned(), value.trim_start().to_owned())).collect();
                self.read = rest.to_owned();
                return Some(fields);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("something in time");
            let chunk = frame?.ok()?.into_data().unwrap_or_default();
            self.read.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// The next event that is no comment.
    pub(crate) async fn event(&mut self) -> Option<Fields> {
        loop {
            match self.next().await {
                Some(fields) if !fields.contains_key("event") => {}
                other => return other,
            }
        }
    }

    /// The answer in the next event, and its id.
    pub(crate) async fn told(&mut self) -> (Value, Option<String>) {
        let fields = self.event().await.expect("an event");
        assert_eq!(fields["event"], "next", "{fields:?}");
        (serde_json::from_str(&fields["data"]).expect("JSON"), fields.get("id").cloned())
    }
}
