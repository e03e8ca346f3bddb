//! Subscription streams: the subscribed source is resolved once, then each event is resolved and delivered.

use std::sync::{Arc, OnceLock};

use async_graphql::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

use super::shared_answers::{SharedOperation, SharedOperations};
use crate::access::Pass;
use crate::graphql::api_schema::ApiSchema;
use crate::graphql::context::session::Session;
use crate::graphql::error_code::with_codes;
use crate::graphql::execution::response::ErrorResponse;
use crate::graphql::operation::admitted::Operation;
use crate::graphql::schema::subscription::{Plan, Purpose};
use crate::service::{InboxFollower, RequestEventFollower, Service, ServiceError, ServiceResult};
use crate::store::LogPosition;

/// An item of a subscription's stream.
#[derive(Debug, Clone)]
pub struct SubscriptionItem {
    /// Response in JSON.
    pub response: Bytes,
    /// Place in the log, for items with one.
    pub place: Option<LogPosition>,
}

/// State of one subscriber.
struct Subscriber {
    schema: ApiSchema,
    service: Service,
    shared: Arc<SharedOperation>,
    source: Source,
}

enum Source {
    Events(RequestEventFollower),
    Inbox(InboxFollower),
}

/// Starts a subscription. `resume`: cursor to resume from, overriding the operation's argument.
pub async fn follow(
    schema: &ApiSchema,
    operations: &SharedOperations,
    operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> Result<impl Stream<Item = Result<SubscriptionItem, ErrorResponse>> + Send + use<>, ErrorResponse> {
    let requested_language = operation.requested_language;
    let subscriber = begin(schema, operations, operation, pass, resume).await;
    subscriber.map_err(|errors| errors.translated(requested_language))
}

async fn begin(
    schema: &ApiSchema,
    operations: &SharedOperations,
    mut operation: Operation,
    pass: Option<Pass>,
    resume: Option<String>,
) -> Result<impl Stream<Item = Result<SubscriptionItem, ErrorResponse>> + Send + use<>, ErrorResponse> {
    let service = schema.service();
    let refused = |error| ErrorResponse { response: with_codes(Response::from_errors(vec![error])), signed_out: false };
    operation.runnable.document.required_scopes().check(pass).map_err(refused)?;
    // An anonymous caller cannot be signed out.
    let pass = pass.ok_or_else(|| ErrorResponse { signed_out: false, ..ServiceError::Unauthenticated.into() })?;
    let plan = plan_source(schema, service, &operation).await?;
    let source = match plan {
        Plan::Events { filter, after } => {
            let after = resume.or(after);
            Source::Events(service.follow(pass, filter, after.as_deref()).await?)
        }
        Plan::Inbox { office } => Source::Inbox(service.follow_inbox(pass, office).await?),
    };
    if let Some(registration) = operation.registration.take() {
        registration.register(&operation.runnable.document);
    }
    // Subscribers of one operation in one language share its answers; a subscription keeps the language it began with.
    let chosen = match &source {
        Source::Events(follower) => follower.language(),
        Source::Inbox(follower) => follower.language(),
    };
    operation.requested_language = chosen?.or(operation.requested_language);
    let language = operation.requested_language;
    let shared = operations.share(operation.runnable, language);
    let subscriber = Subscriber { schema: schema.clone(), service: service.clone(), shared, source };
    Ok(stream::unfold(Some(subscriber), move |subscriber| async move {
        let mut subscriber = subscriber?;
        match subscriber.next().await {
            Ok(item) => Some((Ok(item), Some(subscriber))),
            Err(refused) => Some((Err(ErrorResponse::from(refused).translated(language)), None)),
        }
    }))
}

/// Resolves the source of a subscription, or all its errors.
async fn plan_source(schema: &ApiSchema, service: &Service, operation: &Operation) -> Result<Plan, ErrorResponse> {
    let plan = Arc::new(OnceLock::new());
    let (session, _) = Session::shared(service, LogPosition::default());
    let mut answers = schema
        .executable()
        .execute_stream(operation.runnable.request().data(session).data(Purpose::Plan(plan.clone())));
    if let Some(answer) = answers.next().await {
        return Err(ErrorResponse { response: with_codes(answer), signed_out: false });
    }
    drop(answers);
    let plan = Arc::into_inner(plan).and_then(OnceLock::into_inner);
    Ok(plan.ok_or_else(|| ServiceError::Internal("a subscription follows nothing".to_owned()))?)
}

impl Subscriber {
    async fn next(&mut self) -> ServiceResult<SubscriptionItem> {
        Ok(match &mut self.source {
            Source::Events(follower) => {
                let event = follower.next().await?;
                let response = self.shared.answer_event(&self.schema, &self.service, &event).await;
                SubscriptionItem { response, place: Some(event.place()) }
            }
            Source::Inbox(follower) => {
                let change = follower.next().await?;
                let response = self.shared.answer_inbox_change(&self.schema, &self.service, change).await;
                SubscriptionItem { response, place: None }
            }
        })
    }
}
