//! Fan-out of events: an event is resolved and serialised once for all subscribers of the same operation, as far as their answers
//! are equal. Viewer dependence is detected, not declared: the first resolution is anonymous; when it touches the caller or their
//! visibility, it is discarded and repeated for each side of the request, or else for each person.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::StreamExt;
use tokio::sync::Semaphore;
use tracing::Instrument;
use uuid::Uuid;

use crate::access::Side;
use crate::graphql::api_schema::ApiSchema;
use crate::graphql::context::loaders::SeenRequestById;
use crate::graphql::context::session::Session;
use crate::graphql::context::viewer_dependence::ViewerDependence;
use crate::graphql::error_code::ErrorCode;
use crate::graphql::execution::response::finish;
use crate::graphql::operation::compile::RunnableOperation;
use crate::graphql::operation::compile::document::OperationKey;
use crate::graphql::request_id::RequestId;
use crate::graphql::schema::subscription::Purpose;
use crate::language::Language;
use crate::service::{FollowedEvent, InboxChange, Service};

/// Pause before a retry when the database is unavailable.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Maximum number of cached answers per operation.
const MAX_ANSWERS: usize = 1024;

/// Maximum total size in bytes of cached answers per operation.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Maximum number of personal answers resolved concurrently.
const MAX_PERSONAL: usize = 32;

/// Operations with live subscribers.
#[derive(Debug)]
pub struct SharedOperations {
    live: Mutex<HashMap<OperationIdentity, Weak<SharedOperation>>>,
    permits: Arc<Semaphore>,
}

impl Default for SharedOperations {
    fn default() -> Self {
        Self { live: Mutex::default(), permits: Arc::new(Semaphore::new(MAX_PERSONAL)) }
    }
}

/// Identity of a shared operation, independent of source and cursor.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OperationIdentity {
    text: Arc<str>,
    operation: OperationKey,
    /// Variables used below the root field.
    variables: BTreeMap<String, String>,
    language: Option<Language>,
}

/// An operation shared by all its subscribers.
#[derive(Debug)]
pub(in crate::graphql) struct SharedOperation {
    operation: RunnableOperation,
    language: Option<Language>,
    /// Detected viewer dependence of answers: 0 none, 1 side, 2 person.
    dependence: AtomicU8,
    permits: Arc<Semaphore>,
    answers: Mutex<AnswerCache>,
}

/// Scope in which an answer is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerScope {
    Everybody,
    Side(Side),
    Person(Uuid),
}

/// Cache of the latest answers, by place of the event and scope.
#[derive(Debug, Default)]
struct AnswerCache(VecDeque<CachedAnswer>);

/// A cached answer. Keyed by event beside its place, since a restored backup renumbers places.
#[derive(Debug)]
struct CachedAnswer {
    position: i64,
    event: Uuid,
    scope: AnswerScope,
    pending: PendingAnswer,
}

/// An answer resolved by its own task, so that a stalled subscriber (a socket whose peer reads nothing) blocks no other.
type PendingAnswer = future::Shared<BoxFuture<'static, Resolution>>;

/// Result of a resolution.
#[derive(Debug, Clone)]
enum Resolution {
    /// The serialised answer.
    Answer(Bytes),
    /// Viewer-dependent: not valid for the whole scope.
    ViewerDependent,
    /// The task panicked or was cancelled.
    Lost,
}

/// Returns the response for a lost resolution.
fn lost_response() -> Bytes {
    serde_json::to_vec(&ErrorCode::Internal.response("Something went wrong on our side."))
        .map(Bytes::from)
        .unwrap_or_default()
}

impl AnswerCache {
    /// Evicts the oldest answers beyond the limits.
    fn evict(&mut self) {
        let size = |cached: &CachedAnswer| match cached.pending.peek() {
            Some(Resolution::Answer(answer)) => answer.len(),
            _ => 0,
        };
        let mut total: usize = self.0.iter().map(size).sum();
        while self.0.len() > MAX_ANSWERS || (total > MAX_ANSWER_BYTES && self.0.len() > 1) {
            let Some(cached) = self.0.pop_front() else { return };
            // An answer may have been resolved since the count.
            total = total.saturating_sub(size(&cached));
        }
    }
}

impl SharedOperations {
    /// Returns the shared operation. Its variables are those used below the root field.
    pub(in crate::graphql) fn share(
        &self,
        operation: RunnableOperation,
        language: Option<Language>,
    ) -> Arc<SharedOperation> {
        let operation = operation.for_events();
        let variables = operation.variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let key = OperationIdentity {
            text: operation.document.text().clone(),
            operation: operation.key.clone(),
            variables: variables.collect(),
            language,
        };
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = live.get(&key).and_then(Weak::upgrade) {
            return shared;
        }
        let shared = Arc::new(SharedOperation {
            operation,
            language,
            dependence: AtomicU8::new(0),
            permits: self.permits.clone(),
            answers: Mutex::default(),
        });
        // Amortised cleanup of operations without subscribers.
        if live.len().is_power_of_two() {
            live.retain(|_, shared| shared.strong_count() > 0);
        }
        live.insert(key, Arc::downgrade(&shared));
        shared
    }
}

impl AnswerScope {
    /// Returns the widest scope to try for a detected dependence.
    fn for_dependence(dependence: u8, event: &FollowedEvent) -> Self {
        match dependence {
            0 => Self::Everybody,
            1 => Self::Side(event.side),
            _ => Self::Person(event.view.caller.pass.user),
        }
    }
}

impl SharedOperation {
    /// Returns the answer to an event for one subscriber.
    pub(in crate::graphql) async fn answer_event(
        self: &Arc<Self>,
        schema: &ApiSchema,
        service: &Service,
        event: &FollowedEvent,
    ) -> Bytes {
        let mut dependence = self.dependence.load(Ordering::Relaxed);
        loop {
            let resolving = |scope| {
                let (shared, schema, service) = (self.clone(), schema.clone(), service.clone());
                let event = event.clone();
                spawn(async move { shared.resolve_event(&schema, &service, &event, scope).await })
            };
            let pending = if event.past {
                // Replayed events are resolved for one subscriber alone, from newer data than the cached answers.
                resolving(AnswerScope::for_dependence(u8::MAX, event))
            } else {
                let scope = AnswerScope::for_dependence(dependence, event);
                self.pending(event, scope, || resolving(scope))
            };
            match pending.await {
                Resolution::Answer(answer) => return answer,
                Resolution::ViewerDependent => {
                    dependence += 1;
                    self.dependence.fetch_max(dependence, Ordering::Relaxed);
                }
                Resolution::Lost => return lost_response(),
            }
        }
    }

    /// Returns the answer to an inbox change for one subscriber.
    pub(in crate::graphql) async fn answer_inbox_change(
        self: &Arc<Self>,
        schema: &ApiSchema,
        service: &Service,
        change: InboxChange,
    ) -> Bytes {
        let (shared, schema, service) = (self.clone(), schema.clone(), service.clone());
        let resolving = spawn(async move {
            let _permit = shared.permits.acquire().await;
            loop {
                let session = Session::following(&service, &change.view, change.place);
                if let Some(answer) = shared.run(&schema, &service, session, Purpose::Inbox(change.clone())).await {
                    return Resolution::Answer(answer);
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        });
        match resolving.await {
            Resolution::Answer(answer) => answer,
            _ => lost_response(),
        }
    }

    /// Returns the cached or pending answer of a scope; the first caller starts its resolution.
    fn pending(
        &self,
        event: &FollowedEvent,
        scope: AnswerScope,
        resolving: impl FnOnce() -> PendingAnswer,
    ) -> PendingAnswer {
        let (position, event) = (event.place().position, event.entry.numbered.event.id);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // Searched from the back: most lookups are for the newest.
        let at = answers.0.iter().rposition(|cached| cached.position <= position).map_or(0, |index| index + 1);
        let mut same = answers.0.iter().take(at).rev().take_while(|cached| cached.position == position);
        if let Some(cached) = same.find(|cached| cached.event == event && cached.scope == scope) {
            return cached.pending.clone();
        }
        let pending = resolving();
        answers.0.insert(at, CachedAnswer { position, event, scope, pending: pending.clone() });
        answers.evict();
        pending
    }

    /// Resolves the answer to an event for a scope. Retries while the database is unavailable.
    async fn resolve_event(
        &self,
        schema: &ApiSchema,
        service: &Service,
        event: &FollowedEvent,
        scope: AnswerScope,
    ) -> Resolution {
        // Bounds the memory of personal answers: a thousand at once would be no faster.
        let _permit = if let AnswerScope::Person(_) = scope { self.permits.acquire().await.ok() } else { None };
        loop {
            let place = event.place();
            let (session, dependence) = match scope {
                AnswerScope::Everybody | AnswerScope::Side(_) => Session::shared(service, place),
                AnswerScope::Person(_) => {
                    (Session::following(service, &event.view, place), ViewerDependence::default())
                }
            };
            if scope != AnswerScope::Everybody {
                let seen = event.request().map(Arc::new);
                let seen = seen.map(|seen| (SeenRequestById(seen.row.id), seen));
                session.loader().feed_many(seen).await;
            }
            let answer = self.run(schema, service, session, Purpose::Event(event.entry.clone())).await;
            if dependence.is_noted() {
                return Resolution::ViewerDependent;
            }
            if let Some(answer) = answer {
                return Resolution::Answer(answer);
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Executes the operation once; none while the database is unavailable.
    async fn run(&self, schema: &ApiSchema, service: &Service, session: Session, purpose: Purpose) -> Option<Bytes> {
        // One request id per resolution, shared by all its recipients.
        let id = RequestId::new(service);
        let session = session.with_requested_language(self.language);
        let request = self.operation.event_request().data(session).data(purpose);
        let mut answers = schema.executable().execute_stream(request);
        let answer = answers.next().instrument(id.span()).await?;
        let answer = finish(self.operation.compiled.merged(), answer, self.language);
        if answer.errors.iter().any(|error| ErrorCode::Unavailable.matches(error)) {
            return None;
        }
        serde_json::to_vec(&id.add_to(answer)).ok().map(Bytes::from)
    }
}

/// Spawns a resolution.
fn spawn(resolving: impl Future<Output = Resolution> + Send + 'static) -> PendingAnswer {
    let task = tokio::spawn(resolving);
    async move { task.await.unwrap_or(Resolution::Lost) }.boxed().shared()
}
