//! Operations by POST and by GET: how they are read from what was sent, and how what they came to is answered.

use std::net::{IpAddr, SocketAddr};

use async_graphql::Request;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};

use super::answers::{self, Answer};
use super::media::Media;
use super::refusal::Refusal;
use super::{Shared, events, language, socket};
use crate::graphql::{Code, Operation, RequestId};
use crate::service::Pass;

/// What can be done at the endpoint.
const METHODS: &str = "GET, HEAD, POST";

/// Where a subscription is followed.
const FOLLOW: &str = "Follow a subscription by WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.";

/// An operation by POST.
pub(super) async fn post(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Response {
    let call = Call { shared: &shared, address: shared.proxies.caller(peer.ip(), &headers), headers: &headers, id };
    // From the first byte of the body: who sends slowly, or not at all, holds nothing for longer.
    call.answered(async |media| {
        let operation = call.sent(request).await?;
        let (pass, until) = call.signed_in().await?.unzip();
        call.run(operation, pass, until, media).await
    })
    .await
}

/// What is asked for by GET: a WebSocket, a stream of events, or a query.
pub(super) async fn get(
    State(shared): State<Shared>,
    peer: ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    if let Ok(socket) = socket {
        return socket::upgrade(shared, (peer.ip(), id), &headers, socket);
    }
    let call = Call { shared: &shared, address: shared.proxies.caller(peer.ip(), &headers), headers: &headers, id };
    call.answered(async |media| {
        let Query(asked) = query.map_err(|error| malformed(&error.body_text()))?;
        let operation = asked.request().map_err(|why| malformed(&why))?;
        let operation = call.read(operation);
        // What is asked for by GET may be asked again, ahead of time, or by another site's page: it changes nothing.
        if operation.as_ref().is_ok_and(Operation::is_mutation) {
            return Err(Refusal::method("POST", "Send a mutation by POST."));
        }
        let (pass, until) = call.signed_in().await?.unzip();
        call.run(operation, pass, until, media).await
    })
    .await
}

/// What is sent by any other method.
pub(super) async fn other(Extension(id): Extension<RequestId>, headers: HeaderMap) -> Response {
    let message = "Send queries by GET or POST, mutations by POST.";
    Refusal::method(METHODS, message).respond(Media::wanted(&headers).unwrap_or(Media::Json), language(&headers), &id)
}

/// An operation, or the whole answer to what is none.
type Read = Result<Operation, Box<async_graphql::Response>>;

/// A call, and where it comes from.
struct Call<'a> {
    shared: &'a Shared,
    address: IpAddr,
    headers: &'a HeaderMap,
    id: RequestId,
}

impl Call<'_> {
    /// Answers, in a type that the caller takes, and in time.
    async fn answered(&self, answer: impl AsyncFnOnce(Media) -> Result<Response, Refusal>) -> Response {
        let media = match Media::wanted(self.headers) {
            Some(media) => media,
            // What streams of events do not tell is told in JSON.
            None if events::is_wanted(self.headers) => Media::Json,
            None => {
                let message = "Answers are application/graphql-response+json, application/json or text/event-stream: \
                    name one of them in `Accept`.";
                return Refusal::not_acceptable(message).respond(Media::Json, language(self.headers), &self.id);
            }
        };
        let most = self.shared.operation;
        let answer = tokio::time::timeout(most, answer(media)).await;
        let answer = answer.unwrap_or_else(|_| Err(Refusal::too_long(most.as_secs())));
        answer.unwrap_or_else(|refusal| refusal.respond(media, language(self.headers), &self.id))
    }

    /// The operation in a body.
    async fn sent(&self, request: axum::extract::Request) -> Result<Read, Refusal> {
        // A form cannot send this type across origins without asking first: no request is forged by another site's page.
        let content = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (kind, parameters) = content.split_once(';').unwrap_or((content, ""));
        let is_utf8 = parameters.split(';').filter_map(|parameter| parameter.split_once('=')).all(|(key, value)| {
            !key.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
        if !kind.trim().eq_ignore_ascii_case("application/json") || !is_utf8 {
            let message = "Send the operation as application/json, in UTF-8.";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidOperation, message));
        }
        let body = read(request.into_body(), self.shared.body_limit).await?;
        let request = serde_json::from_slice(&body).map_err(|error| error.to_string()).and_then(operation_of);
        Ok(self.read(request.map_err(|why| malformed(&why))?))
    }

    /// An operation that is to be answered in the caller's language.
    fn read(&self, request: Request) -> Read {
        Operation::read(request).map(|operation| operation.wanting(language(self.headers)))
    }

    /// Runs an operation, and answers with what it came to.
    async fn run(
        &self,
        operation: Read,
        pass: Option<Pass>,
        until: Option<DateTime<Utc>>,
        media: Media,
    ) -> Result<Response, Refusal> {
        let shared = self.shared;
        if events::is_wanted(self.headers) {
            let answers = match operation {
                Ok(operation) => {
                    answers::answers(shared, operation, pass, (self.address, self.id.clone()), self.last_event()).await
                }
                Err(response) => answers::only(Answer::Failed(self.id.on(*response))),
            };
            return Ok(events::respond(shared, answers, until, (language(self.headers), self.id.clone())));
        }
        let answer = match operation {
            Ok(operation) if operation.is_subscription() => return Err(Refusal::not_acceptable(FOLLOW)),
            Ok(operation) => answers::once(shared, operation, pass, self.address).await?,
            Err(response) => *response,
        };
        let status = match media {
            Media::Graphql => status(&answer),
            Media::Json => StatusCode::OK,
        };
        Ok((status, [(header::CONTENT_TYPE, media.content_type())], answers::written(&self.id.on(answer)))
            .into_response())
    }

    /// Whose token was sent, and until when it is good; none when none was.
    async fn signed_in(&self) -> Result<Option<(Pass, DateTime<Utc>)>, Refusal> {
        match header_token(self.headers)? {
            None => Ok(None),
            Some(token) => Ok(Some(self.shared.service.pass_of(token).await?)),
        }
    }

    /// Where a client that comes back was.
    fn last_event(&self) -> Option<String> {
        let sent = self.headers.get(events::LAST_EVENT)?.to_str().ok()?.trim();
        (!sent.is_empty()).then(|| sent.to_owned())
    }
}

/// The status of an answer where that says something: 200 as soon as the operation ran, whatever failed in it.
fn status(answer: &async_graphql::Response) -> StatusCode {
    if answers::has_run(answer) {
        return StatusCode::OK;
    }
    let is = |code: Code| answer.errors.first().is_some_and(|error| code.is_of(error));
    match () {
        () if is(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
        () if is(Code::Forbidden) => StatusCode::FORBIDDEN,
        () if is(Code::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        () if is(Code::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        () => StatusCode::BAD_REQUEST,
    }
}

/// An operation in a query string.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Asked {
    fn request(self) -> Result<Request, String> {
        let json = |name: &str, text: Option<String>| {
            let value = text.filter(|text| !text.is_empty()).map(|text| serde_json::from_str::<Value>(&text));
            value.transpose().map_err(|error| format!("{name}: {error}"))
        };
        operation_of(json!({
            "query": self.query,
            "operationName": self.operation_name.filter(|name| !name.is_empty()),
            "variables": json("variables", self.variables)?,
            "extensions": json("extensions", self.extensions)?,
        }))
    }
}

/// The operation that an object asks for.
pub(super) fn operation_of(sent: Value) -> Result<Request, String> {
    // The library's type would be read from an array too, field by field, and without a query it would read an empty one.
    let Value::Object(mut sent) = sent else { return Err("an object with `query` is wanted".to_owned()) };
    if !sent.get("query").is_some_and(Value::is_string) {
        return Err("`query` is wanted, a text".to_owned());
    }
    // Null is as good as nothing, and a client that has no name may say an empty one.
    sent.retain(|name, value| !value.is_null() && (name != "operationName" || value != ""));
    serde_json::from_value(sent.into()).map_err(|error| error.to_string())
}

/// What was sent is no request.
fn malformed(why: &str) -> Refusal {
    let message = format!("This is no GraphQL request in JSON: {why}.");
    Refusal::new(StatusCode::BAD_REQUEST, Code::InvalidOperation, message)
}

/// How many times the limit is still read, and thrown away, from a body that is too large.
const DRAINED: usize = 16;

/// The whole of a body of at most `most` bytes.
async fn read(mut body: Body, most: usize) -> Result<Bytes, Refusal> {
    let unread = match Limited::new(&mut body, most).collect().await {
        Ok(collected) => return Ok(collected.to_bytes()),
        Err(error) => error,
    };
    if !unread.is::<LengthLimitError>() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Code::InvalidOperation, "The body could not be read."));
    }
    // A client that is still sending when the connection closes never reads why: most are heard out first.
    let mut left = most.saturating_mul(DRAINED);
    while let Some(Ok(frame)) = body.frame().await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Err(Refusal::too_large(most))
}

/// The token that was sent, if any.
pub(super) fn header_token(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = sent.to_str().ok().and_then(|sent| sent.split_once(' '));
    match token {
        // The scheme's name is read in any case (RFC 9110, section 11.1).
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Refusal::unauthenticated("The Authorization header must read `Bearer <token>`.")),
    }
}
