//! The answers to an operation one after another, whatever carries them: one for a query or a mutation, any number for a
//! subscription.

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_graphql::{Response, ServerError, Value};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;
use tracing::Instrument;

use super::error::{limit, too_long};
use super::state::Shared;
use crate::graphql::{self, ErrorCode, ErrorResponse, Operation, RequestId, Session};
use crate::language::Language;
use crate::service::{LogPosition, Pass, Refused};

/// One of the answers to an operation.
pub(super) enum Answer {
    /// An answer, in JSON, and its place in the log where it has one.
    Next(Bytes, Option<LogPosition>),
    /// It failed as a whole, and is over.
    Failed(Response),
    /// The caller may no longer sign in.
    SignedOut,
}

impl From<ErrorResponse> for Answer {
    fn from(ended: ErrorResponse) -> Self {
        if ended.signed_out { Self::SignedOut } else { Self::Failed(ended.response) }
    }
}

impl Answer {
    /// The same, with an id in the errors of what failed as a whole. What happened is told to many: its errors have ids already.
    fn marked(self, id: &RequestId) -> Self {
        match self {
            Self::Failed(response) => Self::Failed(id.add_to(response)),
            other => other,
        }
    }
}

/// All answers to an operation of a person, or nobody. What it follows, if it does, it follows once this is awaited. `resume`:
/// the cursor to go on from, whatever the operation says. `id`: the operation's.
pub(super) async fn answers(
    shared: &Shared,
    operation: Operation,
    pass: Option<Pass>,
    (address, id): (IpAddr, RequestId),
    resume: Option<String>,
) -> BoxStream<'static, Answer> {
    let span = id.span();
    if operation.is_subscription() {
        let answers = follow(shared, operation, pass, resume).instrument(span.clone()).await;
        return stream::unfold(answers, move |mut answers| {
            let next = async move { Some((answers.next().await?, answers)) };
            next.instrument(span.clone())
        })
        .map(move |answer| answer.marked(&id))
        .boxed();
    }
    let (shared, wanted) = (shared.clone(), operation.requested_language());
    let answer = async move {
        let answer = tokio::time::timeout(shared.operation, once(&shared, operation, pass, address)).await;
        match answer {
            Ok(Ok(Once { response, .. })) if !graphql::has_run(&response) => Answer::Failed(id.add_to(response)),
            Ok(Ok(Once { response, .. })) => Answer::Next(written(&id.add_to(response)).into(), None),
            Ok(Err(refused)) => Answer::from(ErrorResponse::from(refused).translated(wanted)).marked(&id),
            Err(_) => timed_out(&shared, &id, wanted),
        }
    };
    stream::once(Box::pin(answer.instrument(span))).boxed()
}

/// That an operation took too long.
pub(super) fn timed_out(shared: &Shared, id: &RequestId, wanted: Option<Language>) -> Answer {
    let seconds = shared.operation.as_secs();
    let answer = ErrorCode::Timeout.response_with(too_long(seconds), limit("seconds", seconds, None));
    Answer::Failed(id.add_to(graphql::translate_errors(answer, wanted)))
}

/// What a query or a mutation came to.
pub(super) struct Once {
    pub(super) response: Response,
    /// It is the same for everybody, whoever asks.
    pub(super) is_public: bool,
}

/// The answer to a query or a mutation.
pub(super) async fn once(
    shared: &Shared,
    operation: Operation,
    pass: Option<Pass>,
    address: IpAddr,
) -> Result<Once, Refused> {
    let session = Session::open(&shared.service, operation.text(), pass, Some(address)).await?;
    let dependence = session.viewer_dependence();
    let response = graphql::execute(&shared.schema, operation, session).await;
    let is_public = pass.is_none() && !dependence.is_noted() && response.errors.is_empty();
    Ok(Once { response, is_public })
}

/// One answer, and no more.
pub(super) fn only(answer: Answer) -> BoxStream<'static, Answer> {
    stream::once(std::future::ready(answer)).boxed()
}

/// An answer in JSON. One to what never ran has no `data` (GraphQL, October 2021, section 7.1), where the library writes null.
pub(super) fn written(response: &Response) -> Vec<u8> {
    #[derive(Serialize)]
    struct Errors<'a> {
        errors: &'a [ServerError],
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        extensions: &'a BTreeMap<String, Value>,
    }
    let json = if graphql::has_run(response) {
        serde_json::to_vec(response)
    } else {
        serde_json::to_vec(&Errors { errors: &response.errors, extensions: &response.extensions })
    };
    // Texts, numbers, lists and objects by name: there is nothing in it that JSON could not hold.
    json.unwrap_or_default()
}

async fn follow(
    shared: &Shared,
    operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> BoxStream<'static, Answer> {
    match graphql::follow(&shared.schema, &shared.shared_operations, operation, pass, resume).await {
        Err(ended) => only(ended.into()),
        Ok(told) => {
            told.map(|told| told.map_or_else(Answer::from, |told| Answer::Next(told.response, told.place))).boxed()
        }
    }
}
