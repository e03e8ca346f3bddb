//! Telling what happened: an event is resolved and written once for all who follow by the same operation, as far as it is the
//! same for them. That is found out, not declared: it is first resolved for nobody; when anything asks who the caller is or what
//! they see, that answer is thrown away, and it is resolved for each side of the request, or else for each person.

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
use crate::service::{Happening, InboxChange, Service};

/// How long it is waited before what could not be read is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// So many answers are kept for those who follow by one operation, of so many bytes together.
const KEPT: usize = 1024;
const KEPT_BYTES: usize = 1 << 20;

/// So many answers that are for one person each are resolved at a time.
const TURNS: usize = 32;

/// The operations that are followed now.
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

/// What makes two operations the same to those who follow, whatever they follow and from where.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    query: String,
    name: Option<String>,
    /// The variables that decide what is selected.
    variables: BTreeMap<String, String>,
    language: Option<Language>,
}

/// An operation as all who send it share it.
#[derive(Debug)]
pub(in crate::graphql) struct Shape {
    operation: Operation,
    /// What an event's answer was found to depend on.
    depends: AtomicU8,
    turns: Arc<Semaphore>,
    answers: Mutex<Answers>,
}

/// For whom an answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    Side(Side),
    Person(Uuid),
}

/// The latest answers, by the place of their event and for whom they are.
#[derive(Debug, Default)]
struct Answers(VecDeque<Kept>);

/// An answer that is kept. Its event is named beside its place, since places are given anew when a backup is restored.
#[derive(Debug)]
struct Kept {
    position: i64,
    event: Uuid,
    whom: For,
    cell: Cell,
}

/// An answer that is being resolved, by a task of its own: whoever waits for it and is not looked after meanwhile, such as a
/// socket whose peer takes nothing, keeps nobody from it.
type Cell = future::Shared<BoxFuture<'static, Resolved>>;

/// What resolving came to.
#[derive(Debug, Clone)]
enum Resolved {
    /// The answer.
    Answer(Bytes),
    /// It is not the same for all that it was resolved for.
    Depends,
    /// The task was lost.
    Lost,
}

/// What is told when an answer was lost by a fault of ours.
fn lost() -> Bytes {
    serde_json::to_vec(&Code::Internal.answer("Something went wrong on our side.")).map(Bytes::from).unwrap_or_default()
}

impl Answers {
    /// Forgets the oldest answers, as far as they are too many.
    fn forget(&mut self) {
        let bytes = |kept: &Kept| match kept.cell.peek() {
            Some(Resolved::Answer(answer)) => answer.len(),
            _ => 0,
        };
        let mut held: usize = self.0.iter().map(bytes).sum();
        while self.0.len() > KEPT || (held > KEPT_BYTES && self.0.len() > 1) {
            let Some(kept) = self.0.pop_front() else { return };
            // One may have been resolved since they were counted.
            held = held.saturating_sub(bytes(&kept));
        }
    }
}

impl Followed {
    /// The shape of a subscription's operation, of which what it follows was learnt and taken away.
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
        // Whenever twice as many have come, those who have left are forgotten.
        if known.len().is_power_of_two() {
            known.retain(|_, shape| shape.strong_count() > 0);
        }
        known.insert(key, Arc::downgrade(&shape));
        shape
    }
}

impl For {
    /// For whom it is tried, when it depends on so much.
    fn trying(depends: u8, happening: &Happening) -> Self {
        match depends {
            0 => Self::Everybody,
            1 => Self::Side(happening.side),
            _ => Self::Person(happening.view.caller.pass.user),
        }
    }
}

impl Shape {
    /// The answer that tells somebody of an event.
    pub(in crate::graphql) async fn tell_event(
        self: &Arc<Self>,
        schema: &ApiSchema,
        service: &Service,
        happening: &Happening,
    ) -> Bytes {
        let mut depends = self.depends.load(Ordering::Relaxed);
        loop {
            let resolving = |whom| {
                let (shape, schema, service) = (self.clone(), schema.clone(), service.clone());
                let happening = happening.clone();
                spawned(async move { shape.resolve_event(&schema, &service, &happening, whom).await })
            };
            let cell = if happening.past {
                // What was read from further back is for one alone, and newer than what others were told of it.
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

    /// The answer that tells somebody of a change to their inbox.
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

    /// The answer for those, which whoever comes first begins to resolve.
    fn cell(&self, happening: &Happening, whom: For, resolving: impl FnOnce() -> Cell) -> Cell {
        let (position, event) = (happening.place().position, happening.moment.numbered.event.id);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // The newest stand last, and are what most look for.
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
    async fn resolve_event(&self, schema: &ApiSchema, service: &Service, happening: &Happening, whom: For) -> Resolved {
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
            let answer = self.run(schema, service, session, Run::Event(happening.moment.clone())).await;
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
        // Of its own: what fails in it fails for all who are told it.
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

/// What a task of its own resolves.
fn spawned(resolving: impl Future<Output = Resolved> + Send + 'static) -> Cell {
    let task = tokio::spawn(resolving);
    async move { task.await.unwrap_or(Resolved::Lost) }.boxed().shared()
}
