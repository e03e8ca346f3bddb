//! Handlers for GraphQL operations by POST and GET, answered in one of the two media types or as an event stream.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use async_graphql::Request;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tracing::Instrument;

use super::compression::Compressible;
use super::content_negotiation::{Media, takes_events};
use super::error::Refusal;
use super::execution::{self, Answer, Once};
use super::graphql_request::{Asked, Sent, header_token, malformed};
use super::graphql_response::{public, reply};
use super::quality_values::language;
use super::rate_limit::Standing;
use super::state::Shared;
use super::{concurrency, sse, websocket};
use crate::graphql::{self, ErrorCode, ErrorResponse, Operation, RequestId};
use crate::service::Pass;

/// What can be done at the endpoint.
const METHODS: &str = "GET, HEAD, POST";

/// Where a subscription is followed.
const FOLLOW: &str = "Follow a subscription by WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.";

/// Operations by POST.
pub(super) async fn post(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Response {
    let call = Call::of(&shared, peer.ip(), &headers, id, false);
    // From the first byte of the body: who sends slowly, or not at all, holds nothing for longer.
    call.answered(async |media| {
        let sent = Sent::read(&headers, request.into_body(), &shared).await;
        call.take(sent, media).await
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
        return websocket::upgrade(shared, (peer.ip(), id), &headers, socket);
    }
    let call = Call::of(&shared, peer.ip(), &headers, id, true);
    call.answered(async |media| {
        let asked = query.map_err(|error| malformed(&error.body_text()));
        call.take(asked.and_then(|Query(asked)| asked.read(&shared)), media).await
    })
    .await
}

/// What is sent by any other method.
pub(super) async fn other(Extension(id): Extension<RequestId>, headers: HeaderMap) -> Response {
    let message = match headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        true => "This server answers pages of its own origin alone: whoever runs it may name yours in `cors_origins`.",
        false => "Send queries by GET or POST, mutations by POST.",
    };
    Refusal::method(METHODS, message).respond(Media::wanted(&headers).unwrap_or(Media::Json), language(&headers), &id)
}

/// An operation, or the whole answer to what is none.
type Read = Result<Operation, Box<async_graphql::Response>>;

/// Who calls, and until when their token is good.
#[derive(Clone, Copy)]
struct Who {
    pass: Option<Pass>,
    until: Option<DateTime<Utc>>,
}

/// A call, and where it comes from.
struct Call<'a> {
    shared: &'a Shared,
    address: IpAddr,
    headers: &'a HeaderMap,
    id: RequestId,
    /// It asks by GET: what it is answered may be kept.
    is_by_get: bool,
    /// How the caller stands, once it is known who they are.
    standing: OnceLock<Standing>,
}

impl<'a> Call<'a> {
    fn of(shared: &'a Shared, peer: IpAddr, headers: &'a HeaderMap, id: RequestId, is_by_get: bool) -> Self {
        let address = shared.proxies.caller(peer, headers);
        Self { shared, address, headers, id, is_by_get, standing: OnceLock::new() }
    }

    /// Answers, in a type that the caller takes, and in time.
    async fn answered(&self, answer: impl AsyncFnOnce(Media) -> Result<Response, Refusal>) -> Response {
        let media = match Media::wanted(self.headers) {
            Some(media) => media,
            // What streams of events do not tell is told in JSON.
            None if takes_events(self.headers) => Media::Json,
            None => {
                let message = "Answers are application/graphql-response+json, application/json or text/event-stream: \
                    name one of them in `Accept`.";
                return Refusal::not_acceptable(message).respond(Media::Json, language(self.headers), &self.id);
            }
        };
        let most = self.shared.operation;
        let answer = tokio::time::timeout(most, answer(media)).await;
        let answer = answer.unwrap_or_else(|_| Err(Refusal::too_long(most.as_secs())));
        let mut answer = answer.unwrap_or_else(|refusal| refusal.respond(media, language(self.headers), &self.id));
        // What anybody may keep tells nobody how somebody else stands.
        if let Some(standing) = self.standing.get()
            && !answer.headers().contains_key(header::ETAG)
        {
            standing.tell(answer.headers_mut());
        }
        answer
    }

    /// Answers what was sent. Whatever it was, it counts: what cannot be read was work too.
    async fn take(&self, sent: Result<Sent, Refusal>, media: Media) -> Result<Response, Refusal> {
        let who = self.signed_in(sent.as_ref().map_or(1, Sent::count)).await?;
        match sent? {
            Sent::TooMuch(response) => self.run(Err(response), who, media).await,
            Sent::One(request) => {
                let operation = self.read(*request).await;
                // What is asked for by GET may be asked again, ahead of time, or by another site's page: it changes nothing.
                if self.is_by_get && operation.as_ref().is_ok_and(Operation::is_mutation) {
                    return Err(Refusal::method("POST", "Send a mutation by POST."));
                }
                self.run(operation, who, media).await
            }
            Sent::Batch(requests) => {
                let mut operations = Vec::new();
                for (number, request) in (1..).zip(requests) {
                    operations.push(self.read(request).instrument(self.id.for_operation(number).span()).await);
                }
                self.run_batch(operations, who, media).await
            }
        }
    }

    /// An operation that is to be answered in the caller's language.
    async fn read(&self, request: Request) -> Read {
        let read = self.shared.admission.admit(request, self.shared.schema.index()).await;
        // Nothing is changed by GET.
        let read = if self.is_by_get { read.map(Operation::without_registration) } else { read };
        read.map(|operation| operation.with_requested_language(language(self.headers)))
    }

    /// Whose token was sent, and may call so often; nobody's when none was.
    async fn signed_in(&self, operations: usize) -> Result<Who, Refusal> {
        let found = match header_token(self.headers) {
            Ok(None) => Ok(None),
            Ok(Some(token)) => self.shared.service.pass_of(token).await.map(Some).map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        };
        // A database that does not answer is nobody's fault.
        if found.as_ref().is_err_and(|refusal| !refusal.is_unauthenticated()) {
            return found.map(|_| Who { pass: None, until: None });
        }
        let (pass, until) = found.as_ref().ok().copied().flatten().unzip();
        let standing = self.shared.rates.take(pass, self.address, operations);
        if let Ok(Some(standing)) | Err(standing) = &standing {
            let _ = self.standing.set(*standing);
        }
        standing.map_err(|standing| Refusal::too_often(&standing))?;
        found.map(|_| Who { pass, until })
    }

    /// Runs an operation, and answers with what it came to.
    async fn run(&self, operation: Read, who: Who, media: Media) -> Result<Response, Refusal> {
        let follows = operation.as_ref().is_ok_and(Operation::is_subscription);
        if self.is_streamed(follows) {
            return Ok(self.stream(operation, who).await);
        }
        let is_query = operation.as_ref().is_ok_and(Operation::is_query);
        let answer = match operation {
            Ok(_) if follows => return Err(Refusal::not_acceptable(FOLLOW)),
            Ok(operation) => execution::once(self.shared, operation, who.pass, self.address).await?,
            Err(response) => Once { response: *response, is_public: false },
        };
        let is_public = self.is_by_get && answer.is_public;
        let answer = answer.response;
        let status = match (media, status(&answer)) {
            (Media::Graphql, status) => status,
            // A fault of ours is told by HTTP in either type.
            (Media::Json, status) if status.is_server_error() => status,
            (Media::Json, _) => StatusCode::OK,
        };
        let body = execution::written(&self.id.add_to(answer));
        let mut reply = if is_public { public(self.headers, media, body) } else { reply(status, media, body) };
        if is_query {
            reply.extensions_mut().insert(Compressible);
        }
        Ok(reply)
    }

    /// Runs operations one after another, and answers with the list of what each came to. All of them together are given the time
    /// that one is.
    async fn run_batch(&self, operations: Vec<Read>, who: Who, media: Media) -> Result<Response, Refusal> {
        if self.is_streamed(false) {
            return Err(Refusal::batch(
                "A batch is not answered by a stream of events: send its operations by themselves.",
            ));
        }
        // Before anything runs: it would be done in part, and nothing would tell of the rest.
        if operations.iter().flatten().any(Operation::is_subscription) {
            return Err(Refusal::batch("A subscription is not followed in a batch: send it by itself."));
        }
        let is_all_queries = operations.iter().flatten().all(Operation::is_query);
        let mut body = Vec::from(*b"[");
        for (number, operation) in (1..).zip(operations) {
            let id = self.id.for_operation(number);
            let answer = match operation {
                Ok(operation) => {
                    let wanted = operation.requested_language();
                    let answer = execution::once(self.shared, operation, who.pass, self.address);
                    let answer = answer.instrument(id.span()).await;
                    answer.map_or_else(
                        |refused| ErrorResponse::from(refused).translated(wanted).response,
                        |answer| answer.response,
                    )
                }
                Err(response) => *response,
            };
            if number > 1 {
                body.push(b',');
            }
            body.extend(execution::written(&id.add_to(answer)));
        }
        body.push(b']');
        let mut reply = reply(StatusCode::OK, media, body);
        if is_all_queries {
            reply.extensions_mut().insert(Compressible);
        }
        Ok(reply)
    }

    /// Whether the answer is a stream of events: to a subscription for whoever takes one, to anything else for whoever takes nothing
    /// but that. Clients that do both name all three types in every call.
    fn is_streamed(&self, follows: bool) -> bool {
        takes_events(self.headers) && (follows || Media::wanted(self.headers).is_none())
    }

    /// Answers with a stream of events.
    async fn stream(&self, operation: Read, who: Who) -> Response {
        let answers = match operation {
            Ok(operation) => match self.shared.hold(who.pass, self.address) {
                Ok(hold) => {
                    let place = (self.address, self.id.clone());
                    let answers = execution::answers(self.shared, operation, who.pass, place, self.last_event()).await;
                    concurrency::until_the_end(answers, hold)
                }
                Err(response) => execution::only(Answer::Failed(self.id.add_to(*response))),
            },
            Err(response) => execution::only(Answer::Failed(self.id.add_to(*response))),
        };
        sse::respond(self.shared, answers, who.until, (language(self.headers), self.id.clone()))
    }

    /// Where a client that comes back was.
    fn last_event(&self) -> Option<String> {
        let sent = self.headers.get(sse::LAST_EVENT)?.to_str().ok()?.trim();
        (!sent.is_empty()).then(|| sent.to_owned())
    }
}

/// The status of an answer where that says something: 200 as soon as the operation ran, whatever failed in it.
fn status(answer: &async_graphql::Response) -> StatusCode {
    if graphql::has_run(answer) {
        return StatusCode::OK;
    }
    let is = |code: ErrorCode| answer.errors.first().is_some_and(|error| code.matches(error));
    match () {
        () if is(ErrorCode::Unauthenticated) => StatusCode::UNAUTHORIZED,
        () if is(ErrorCode::Forbidden) => StatusCode::FORBIDDEN,
        () if is(ErrorCode::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        () if is(ErrorCode::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        () => StatusCode::BAD_REQUEST,
    }
}
