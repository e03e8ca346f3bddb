//! Subscription streams: the subscribed source is resolved once, then each event is resolved and delivered.

use std::sync::{Arc, OnceLock};

use async_graphql::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

use super::shared_answers::{Followed, Shape};
use crate::access::Pass;
use crate::graphql::context::session::Session;
use crate::graphql::error;
use crate::graphql::error_code::{self as code, coded};
use crate::graphql::execution::response::told;
use crate::graphql::operation::admitted::Operation;
use crate::graphql::operation::{api_key_access, document};
use crate::graphql::schema::roots::ApiSchema;
use crate::graphql::schema::subscription::{Plan, Run};
use crate::language::Language;
use crate::service::{Answer, InboxFollower, Refused, RequestEventFollower, Service};
use crate::store::LogPosition;

/// An item of a subscription's stream.
#[derive(Debug, Clone)]
pub struct Told {
    /// Response in JSON.
    pub answer: Bytes,
    /// Place in the log, for items with one.
    pub place: Option<LogPosition>,
}

/// Reason for a stream's end by the server.
#[derive(Debug)]
pub struct Ended {
    /// Errors as a response.
    pub answer: Response,
    /// The caller's login has ended.
    pub signed_out: bool,
}

impl From<Refused> for Ended {
    fn from(refused: Refused) -> Self {
        let signed_out = matches!(refused, Refused::Unauthenticated);
        let error = code::nowhere(error::of(refused));
        Self { answer: coded(Response::from_errors(vec![error])), signed_out }
    }
}

impl Ended {
    /// Translates the errors.
    pub fn told(self, language: Option<Language>) -> Self {
        Self { answer: told(self.answer, language), ..self }
    }
}

/// State of one subscriber.
struct Following {
    schema: ApiSchema,
    service: Service,
    shape: Arc<Shape>,
    source: Source,
}

enum Source {
    Events(RequestEventFollower),
    Inbox(InboxFollower),
}

/// Starts a subscription. `resume`: cursor to resume from, overriding the operation's argument.
pub async fn follow(
    schema: &ApiSchema,
    followed: &Followed,
    operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> Result<impl Stream<Item = Result<Told, Ended>> + Send + use<>, Ended> {
    let wanted = operation.wanted;
    let following = begin(schema, followed, operation, pass, resume).await;
    following.map_err(|ended| ended.told(wanted))
}

async fn begin(
    schema: &ApiSchema,
    followed: &Followed,
    mut operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> Result<impl Stream<Item = Result<Told, Ended>> + Send + use<>, Ended> {
    let service = schema.service();
    let refused = |error| Ended { answer: coded(Response::from_errors(vec![error])), signed_out: false };
    api_key_access::judge(schema.index(), &operation.document, pass).map_err(refused)?;
    let sent = operation.registers.is_some().then(|| operation.document.clone());
    let name = operation.request.operation_name.as_deref();
    document::single_root(&mut operation.document, name).map_err(refused)?;
    let plan = learn(schema, service, &operation).await?;
    // An anonymous caller cannot be signed out.
    let pass = pass.ok_or_else(|| Ended { signed_out: false, ..Refused::Unauthenticated.into() })?;
    let source = match plan {
        Plan::Events { filter, after } => {
            let after = resume.or(after);
            Source::Events(service.follow(pass, filter, after.as_deref()).await?)
        }
        Plan::Inbox { office } => Source::Inbox(service.follow_inbox(pass, office).await?),
    };
    if let (Some(registers), Some(sent)) = (operation.registers.take(), sent) {
        registers.register(operation.text(), &sent);
    }
    // Subscribers of one operation in one language share its answers; a subscription keeps the language it began with.
    let chosen = match &source {
        Source::Events(follower) => follower.language(),
        Source::Inbox(follower) => follower.language(),
    };
    operation.wanted = chosen?.or(operation.wanted);
    let Operation { document, request, .. } = &mut operation;
    document::without_root_arguments(document, request.operation_name.as_deref(), &mut request.variables);
    let language = operation.wanted;
    let shape = followed.shape(operation);
    let following = Following { schema: schema.clone(), service: service.clone(), shape, source };
    Ok(stream::unfold(Some(following), move |following| async move {
        let mut following = following?;
        match following.next().await {
            Ok(told) => Some((Ok(told), Some(following))),
            Err(refused) => Some((Err(Ended::from(refused).told(language)), None)),
        }
    }))
}

/// Resolves the source of a subscription, or all its errors.
async fn learn(schema: &ApiSchema, service: &Service, operation: &Operation) -> Result<Plan, Ended> {
    let plan = Arc::new(OnceLock::new());
    let (session, _) = Session::shared(service, LogPosition::default());
    let mut answers =
        schema.executable().execute_stream(operation.request().data(session).data(Run::Plan(plan.clone())));
    if let Some(answer) = answers.next().await {
        return Err(Ended { answer: coded(answer), signed_out: false });
    }
    drop(answers);
    let plan = Arc::into_inner(plan).and_then(OnceLock::into_inner);
    Ok(plan.ok_or_else(|| Refused::Internal("a subscription follows nothing".to_owned()))?)
}

impl Following {
    async fn next(&mut self) -> Answer<Told> {
        Ok(match &mut self.source {
            Source::Events(follower) => {
                let happening = follower.next().await?;
                let answer = self.shape.tell_event(&self.schema, &self.service, &happening).await;
                Told { answer, place: Some(happening.place()) }
            }
            Source::Inbox(follower) => {
                let change = follower.next().await?;
                Told { answer: self.shape.tell_inbox(&self.schema, &self.service, change).await, place: None }
            }
        })
    }
}
