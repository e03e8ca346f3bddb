//! The answers to an operation one after another, whatever carries them: one for a query or a mutation, any number for a
//! subscription.

use std::net::IpAddr;

use async_graphql::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::Shared;
use crate::graphql::{self, Code, Ended, Operation, Session};
use crate::service::{LogPlace, Pass, Refused};

/// One of the answers to an operation.
pub(super) enum Answer {
    /// An answer, in JSON, and its place in the log where it has one.
    Next(Bytes, Option<LogPlace>),
    /// It failed as a whole, and is over.
    Failed(Response),
    /// The caller may no longer sign in.
    SignedOut,
}

impl From<Ended> for Answer {
    fn from(ended: Ended) -> Self {
        if ended.signed_out { Self::SignedOut } else { Self::Failed(ended.answer) }
    }
}

/// All answers to an operation of a person, or nobody. What it follows, if it does, it follows once this is awaited. `resume`:
/// the cursor to go on from, whatever the operation says.
pub(super) async fn answers(
    shared: &Shared,
    operation: Operation,
    pass: Option<Pass>,
    address: IpAddr,
    resume: Option<String>,
) -> BoxStream<'static, Answer> {
    if operation.is_subscription() {
        return follow(shared, operation, pass, resume).await;
    }
    let shared = shared.clone();
    let answer = async move {
        let seconds = shared.operation.as_secs();
        let answer = tokio::time::timeout(shared.operation, once(&shared, operation, pass, address)).await;
        answer.unwrap_or_else(|_| Answer::Failed(Code::Timeout.answer(super::too_long(seconds))))
    };
    stream::once(Box::pin(answer)).boxed()
}

async fn once(shared: &Shared, operation: Operation, pass: Option<Pass>, address: IpAddr) -> Answer {
    let session = match Session::open(&shared.service, operation.text(), pass, Some(address)).await {
        Ok(session) => session,
        Err(refused) => return Ended::from(refused).told(operation.wanted()).into(),
    };
    let response = graphql::execute(&shared.schema, operation, session).await;
    match serde_json::to_vec(&response) {
        Ok(answer) => Answer::Next(answer.into(), None),
        Err(error) => Ended::from(Refused::Internal(error.to_string())).into(),
    }
}

async fn follow(
    shared: &Shared,
    operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> BoxStream<'static, Answer> {
    match graphql::follow(&shared.schema, &shared.followed, operation, pass, resume).await {
        Err(ended) => stream::once(std::future::ready(ended.into())).boxed(),
        Ok(told) => {
            told.map(|told| told.map_or_else(Answer::from, |told| Answer::Next(told.answer, told.place))).boxed()
        }
    }
}
