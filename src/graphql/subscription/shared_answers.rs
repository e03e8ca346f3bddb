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
use crate::graphql::context::loaders::RequestOf;
use crate::graphql::context::session::Session;
use crate::graphql::context::viewer_dependence::Asked;
use crate::graphql::error_code::Code;
use crate::graphql::execution::response::finish;
use crate::graphql::operation::admitted::Operation;
use crate::graphql::request_id::RequestId;
use crate::graphql::schema::roots::ApiSchema;
use crate::graphql::schema::subscription::Run;
use crate::language::Language;
use crate::service::{FollowedEvent, InboxChange, Service};

/// Pause before a retry when the database is unavailable.
const PAUSE: Duration = Duration::from_millis(500);

/// Maximum number and total size in bytes of cached answers per operation.
const KEPT: usize = 1024;
const KEPT_BYTES: usize = 1 << 20;

/// Maximum number of personal answers resolved concurrently.
const TURNS: usize = 32;

/// Operations with live subscribers.
#[derive(Debug)]
pub struct Followed {
    known: Mutex<HashMap<Key, Weak<Shape>>>,
    turns: Arc<Semaphore>,
}

impl Default for Followed {
    fn default() -> Self {
        Self { known: Mutex::default(), turns: Arc::new(Semaphore::new(TURNS)) }
    }
}

/// Identity of a shared operation, independent of source and cursor.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    query: String,
    name: Option<String>,
    /// Variables used below the root field.
    variables: BTreeMap<String, String>,
    language: Option<Language>,
}

/// An operation shared by all its subscribers.
#[derive(Debug)]
pub(in crate::graphql) struct Shape {
    operation: Operation,
    /// Detected viewer dependence of answers: 0 none, 1 side, 2 person.
    depends: AtomicU8,
    turns: Arc<Semaphore>,
    answers: Mutex<Answers>,
}

/// Scope in which an answer is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    Side(Side),
    Person(Uuid),
}

/// Cache of the latest answers, by place of the event and scope.
#[derive(Debug, Default)]
struct Answers(VecDeque<Kept>);

/// A cached answer. Keyed by event beside its place, since a restored backup renumbers places.
#[derive(Debug)]
struct Kept {
    position: i64,
    event: Uuid,
    whom: For,
    cell: Cell,
}

/// An answer resolved by its own task, so that a stalled subscriber (a socket whose peer reads nothing) blocks no other.
type Cell = future::Shared<BoxFuture<'static, Resolved>>;

/// Result of a resolution.
#[derive(Debug, Clone)]
enum Resolved {
    /// The serialised answer.
    Answer(Bytes),
    /// Viewer-dependent: not valid for the whole scope.
    Depends,
    /// The task panicked or was cancelled.
    Lost,
}

/// Returns the response for a lost resolution.
fn lost() -> Bytes {
    serde_json::to_vec(&Code::Internal.answer("Something went wrong on our side.")).map(Bytes::from).unwrap_or_default()
}

impl Answers {
    /// Evicts the oldest answers beyond the limits.
    fn forget(&mut self) {
        let bytes = |kept: &Kept| match kept.cell.peek() {
            Some(Resolved::Answer(answer)) => answer.len(),
            _ => 0,
        };
        let mut held: usize = self.0.iter().map(bytes).sum();
        while self.0.len() > KEPT || (held > KEPT_BYTES && self.0.len() > 1) {
            let Some(kept) = self.0.pop_front() else { return };
            // An answer may have been resolved since the count.
            held = held.saturating_sub(bytes(&kept));
        }
    }
}

impl Followed {
    /// Returns the shared operation, with the root field's arguments already removed.
    pub(in crate::graphql) fn shape(&self, operation: Operation) -> Arc<Shape> {
        let request = &operation.request;
        let variables = request.variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let key = Key {
            query: request.query.clone(),
            name: request.operation_name.clone(),
            variables,
            language: operation.wanted,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shape) = known.get(&key).and_then(Weak::upgrade) {
            return shape;
        }
        let shape = Arc::new(Shape {
            operation,
            depends: AtomicU8::new(0),
            turns: self.turns.clone(),
            answers: Mutex::default(),
        });
        // Amortised cleanup of operations without subscribers.
        if known.len().is_power_of_two() {
            known.retain(|_, shape| shape.strong_count() > 0);
        }
        known.insert(key, Arc::downgrade(&shape));
        shape
    }
}

impl For {
    /// Returns the widest scope to try for a detected dependence.
    fn trying(depends: u8, happening: &FollowedEvent) -> Self {
        match depends {
            0 => Self::Everybody,
            1 => Self::Side(happening.side),
            _ => Self::Person(happening.view.caller.pass.user),
        }
    }
}

impl Shape {
    /// Returns the answer to an event for one subscriber.
    pub(in crate::graphql) async fn tell_event(
        self: &Arc<Self>,
        schema: &ApiSchema,
        service: &Service,
        happening: &FollowedEvent,
    ) -> Bytes {
        let mut depends = self.depends.load(Ordering::Relaxed);
        loop {
            let resolving = |whom| {
                let (shape, schema, service) = (self.clone(), schema.clone(), service.clone());
                let happening = happening.clone();
                spawned(async move { shape.resolve_event(&schema, &service, &happening, whom).await })
            };
            let cell = if happening.past {
                // Replayed events are resolved for one subscriber alone, from newer data than the cached answers.
                resolving(For::trying(u8::MAX, happening))
            } else {
                let whom = For::trying(depends, happening);
                self.cell(happening, whom, || resolving(whom))
            };
            match cell.await {
                Resolved::Answer(answer) => return answer,
                Resolved::Depends => {
                    depends += 1;
                    self.depends.fetch_max(depends, Ordering::Relaxed);
                }
                Resolved::Lost => return lost(),
            }
        }
    }

    /// Returns the answer to an inbox change for one subscriber.
    pub(in crate::graphql) async fn tell_inbox(
        self: &Arc<Self>,
        schema: &ApiSchema,
        service: &Service,
        change: InboxChange,
    ) -> Bytes {
        let (shape, schema, service) = (self.clone(), schema.clone(), service.clone());
        let resolving = spawned(async move {
            let _turn = shape.turns.acquire().await;
            loop {
                let session = Session::following(&service, &change.view, change.place);
                if let Some(answer) = shape.run(&schema, &service, session, Run::Inbox(change.clone())).await {
                    return Resolved::Answer(answer);
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        match resolving.await {
            Resolved::Answer(answer) => answer,
            _ => lost(),
        }
    }

    /// Returns the cached or pending answer of a scope; the first caller starts its resolution.
    fn cell(&self, happening: &FollowedEvent, whom: For, resolving: impl FnOnce() -> Cell) -> Cell {
        let (position, event) = (happening.place().position, happening.entry.numbered.event.id);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // Searched from the back: most lookups are for the newest.
        let at = answers.0.iter().rposition(|kept| kept.position <= position).map_or(0, |index| index + 1);
        let mut same = answers.0.iter().take(at).rev().take_while(|kept| kept.position == position);
        if let Some(kept) = same.find(|kept| kept.event == event && kept.whom == whom) {
            return kept.cell.clone();
        }
        let cell = resolving();
        answers.0.insert(at, Kept { position, event, whom, cell: cell.clone() });
        answers.forget();
        cell
    }

    /// The answer for all of those. Waits while the database does not answer.
    async fn resolve_event(
        &self,
        schema: &ApiSchema,
        service: &Service,
        happening: &FollowedEvent,
        whom: For,
    ) -> Resolved {
        // Who is told something of their own waits for their turn: a thousand at once would hold much, and none be sooner.
        let _turn = if let For::Person(_) = whom { self.turns.acquire().await.ok() } else { None };
        loop {
            let place = happening.place();
            let (session, asked) = match whom {
                For::Everybody | For::Side(_) => Session::shared(service, place),
                For::Person(_) => (Session::following(service, &happening.view, place), Asked::default()),
            };
            if whom != For::Everybody {
                let seen = happening.request().map(Arc::new);
                let seen = seen.map(|seen| (RequestOf(seen.row.id), seen));
                session.loader().feed_many(seen).await;
            }
            let answer = self.run(schema, service, session, Run::Event(happening.entry.clone())).await;
            if asked.is_noted() {
                return Resolved::Depends;
            }
            if let Some(answer) = answer {
                return Resolved::Answer(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One answer; none while the database does not answer.
    async fn run(&self, schema: &ApiSchema, service: &Service, session: Session, run: Run) -> Option<Bytes> {
        // One request id per resolution, shared by all its recipients.
        let id = RequestId::new(service);
        let Operation { document, request, wanted, .. } = &self.operation;
        let session = session.wanting(*wanted);
        let mut answers = schema.executable().execute_stream(self.operation.request().data(session).data(run));
        let answer = answers.next().instrument(id.span()).await?;
        let answer = finish(schema.index(), document, request.operation_name.as_deref(), answer, *wanted);
        if answer.errors.iter().any(|error| Code::Unavailable.is_of(error)) {
            return None;
        }
        serde_json::to_vec(&id.on(answer)).ok().map(Bytes::from)
    }
}

/// Spawns a resolution.
fn spawned(resolving: impl Future<Output = Resolved> + Send + 'static) -> Cell {
    let task = tokio::spawn(resolving);
    async move { task.await.unwrap_or(Resolved::Lost) }.boxed().shared()
}
