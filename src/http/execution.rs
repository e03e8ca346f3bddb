//! Execution of an operation as a stream of responses: one for a query or a mutation, any number for a subscription.

use std::net::IpAddr;

use async_graphql::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tracing::Instrument;

use super::error::{limit, timeout_message};
use super::graphql_response::to_json;
use super::state::ServerState;
use crate::graphql::{self, ErrorCode, ErrorResponse, Operation, RequestId, SingleResponse};
use crate::language::Language;
use crate::service::{LogPosition, Pass, ServiceError};

/// An item of the response stream.
pub(super) enum ResponseItem {
    /// A response in JSON, with its position in the log if it has one.
    Next(Bytes, Option<LogPosition>),
    /// The operation failed as a whole and is over.
    Failed(Response),
    /// The caller may no longer sign in.
    SignedOut,
}

impl From<ErrorResponse> for ResponseItem {
    fn from(ended: ErrorResponse) -> Self {
        if ended.signed_out { Self::SignedOut } else { Self::Failed(ended.response) }
    }
}

impl ResponseItem {
    /// Adds the request id to the errors of a failed operation. Responses shared by several followers already have ids.
    fn with_request_id(self, id: &RequestId) -> Self {
        match self {
            Self::Failed(response) => Self::Failed(id.add_to(response)),
            other => other,
        }
    }
}

/// Executes an operation. A subscription follows from the moment that this future completes. `resume` is a cursor that
/// overrides the operation's own; `id` is the operation's id.
pub(super) async fn response_stream(
    state: &ServerState,
    operation: Operation,
    pass: Option<Pass>,
    (address, id): (IpAddr, RequestId),
    resume: Option<String>,
) -> BoxStream<'static, ResponseItem> {
    let span = id.span();
    if operation.is_subscription() {
        let items = follow(state, operation, pass, resume).instrument(span.clone()).await;
        return stream::unfold(items, move |mut items| {
            let next = async move { Some((items.next().await?, items)) };
            next.instrument(span.clone())
        })
        .map(move |item| item.with_request_id(&id))
        .boxed();
    }
    let (state, wanted) = (state.clone(), operation.requested_language());
    let item = async move {
        let timeout = state.settings.operation_timeout;
        match tokio::time::timeout(timeout, execute(&state, operation, pass, address)).await {
            Ok(Ok(SingleResponse { response, .. })) if !graphql::has_run(&response) => {
                ResponseItem::Failed(id.add_to(response))
            }
            Ok(Ok(SingleResponse { response, .. })) => ResponseItem::Next(to_json(&id.add_to(response)).into(), None),
            Ok(Err(refused)) => {
                ResponseItem::from(ErrorResponse::from(refused).translated(wanted)).with_request_id(&id)
            }
            Err(_) => timed_out(&state, &id, wanted),
        }
    };
    stream::once(Box::pin(item.instrument(span))).boxed()
}

/// The error of a timeout.
pub(super) fn timed_out(state: &ServerState, id: &RequestId, wanted: Option<Language>) -> ResponseItem {
    let seconds = state.settings.operation_timeout.as_secs();
    let answer = ErrorCode::Timeout.response_with(timeout_message(seconds), limit("seconds", seconds, None));
    ResponseItem::Failed(id.add_to(graphql::translate_errors(answer, wanted)))
}

/// Executes a query or a mutation.
pub(super) async fn execute(
    state: &ServerState,
    operation: Operation,
    pass: Option<Pass>,
    address: IpAddr,
) -> Result<SingleResponse, ServiceError> {
    graphql::execute(&state.schema, &state.service, operation, pass, address).await
}

/// A stream of one item.
pub(super) fn single_item(item: ResponseItem) -> BoxStream<'static, ResponseItem> {
    stream::once(std::future::ready(item)).boxed()
}

async fn follow(
    state: &ServerState,
    operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> BoxStream<'static, ResponseItem> {
    match graphql::follow(&state.schema, &state.shared_operations, operation, pass, resume).await {
        Err(ended) => single_item(ended.into()),
        Ok(events) => events
            .map(|event| event.map_or_else(ResponseItem::from, |event| ResponseItem::Next(event.response, event.place)))
            .boxed(),
    }
}
