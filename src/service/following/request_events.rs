//! Following the log: reading its new end once for everybody, and giving each follower what they may see of it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use crate::access::{Pass, Seen, Side};
use crate::language::Language;
use crate::live::{Next, TailEntry};
use crate::service::following::audience::{FollowerView, Watched};
use crate::service::{Answer, Refused, Service};
use crate::store::{
    self, EventFilter, EventVisibility, LogPosition, NumberedEvent, RequestFacts, SeenRequest, StoreError,
};

/// How often the log and the people are looked at without a hint.
const LOOK: Duration = Duration::from_secs(1);

/// How many rows are read at a time.
const BATCH: u64 = 500;

/// How long one pass over what is new may take: a connection that went silent is given up then, and another is taken.
const PASS: Duration = Duration::from_secs(20);

/// How many places of the log are looked at by one statement, whether or not anything there is wanted.
const STRETCH: i64 = 20_000;

/// How long it is waited before a database that does not answer is asked again.
pub(in crate::service) const PAUSE: Duration = Duration::from_millis(500);

/// An event that a follower may see.
#[derive(Debug, Clone)]
pub struct FollowedEvent {
    /// What happened.
    pub moment: Arc<TailEntry>,
    /// What is known of its request.
    pub about: Arc<RequestFacts>,
    /// From which side the follower sees its request.
    pub side: Side,
    /// The follower, as of now.
    pub view: Arc<FollowerView>,
    /// It was read for this follower alone, from further back in the log.
    pub past: bool,
}

impl FollowedEvent {
    /// Its place in the log.
    pub fn place(&self) -> LogPosition {
        self.moment.numbered.place
    }

    /// Its request, as the follower sees it.
    pub fn request(&self) -> Option<Seen<SeenRequest>> {
        self.view.sees.see(&self.about)
    }
}

/// Somebody who follows what happens to requests.
pub struct RequestEventFollower {
    service: Service,
    watched: Arc<Watched>,
    filter: EventFilter,
    /// All up to here was given, or is not for them.
    position: i64,
    cuts: u64,
    head: watch::Receiver<i64>,
    rights: watch::Receiver<u64>,
    /// Read from the log, to be judged and given before anything else.
    past: VecDeque<Arc<TailEntry>>,
    /// All up to the newest stretch was read from the log: what is there is judged as of now, not as of then.
    caught_up: bool,
}

impl std::fmt::Debug for RequestEventFollower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestEventFollower").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Service {
    /// Follows the wanted events from a cursor on, or from now.
    pub async fn follow(&self, pass: Pass, filter: EventFilter, after: Option<&str>) -> Answer<RequestEventFollower> {
        let cuts = self.tail.cuts();
        let end = store::log_end(&self.store).await?;
        let place = match after {
            None => end,
            Some(cursor) => self.place(cursor).ok_or(Refused::InvalidCursor)?,
        };
        if place != end && !store::is_in_log(&self.store, place).await? {
            return Err(Refused::CursorAhead);
        }
        let watched = self.watch(pass).await?;
        self.view(&watched)?;
        let head = self.tail.head();
        Ok(RequestEventFollower {
            service: self.clone(),
            watched,
            filter,
            position: place.position,
            cuts,
            head,
            rights: self.audience.changed(),
            past: VecDeque::new(),
            caught_up: after.is_none(),
        })
    }

    /// Reads what is new in the log, again and again, for everybody who follows. Never ends by itself.
    pub async fn read_log(&self) {
        let mut look = tokio::time::interval(LOOK);
        let mut known = Known::default();
        loop {
            tokio::select! {
                () = self.store.grown().notified() => {}
                _ = look.tick() => {}
            }
            let why = match tokio::time::timeout(PASS, self.read_new(&mut known)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("nothing came for {} seconds", PASS.as_secs()),
            };
            tracing::warn!(why, "followers wait: the log cannot be read");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn read_new(&self, known: &mut Known) -> Result<(), StoreError> {
        loop {
            let end = self.tail.end();
            let mut events = store::events_from(&self.store, end.position, BATCH + 1).await?;
            if end.position > 0 {
                // What was last is still there, or it is another log.
                if events.first().map(|event| event.place) != Some(end) {
                    tracing::warn!("the log is another than it was: a backup was restored; followers begin anew");
                    self.tail.cut(store::log_end(&self.store).await?);
                    continue;
                }
                events.remove(0);
            }
            let requests: BTreeSet<Uuid> = events.iter().map(|event| event.event.request_id).collect();
            let requests: Vec<Uuid> = requests.into_iter().collect();
            let (now, submitters) = (self.now(), self.policy().submitters(&self.catalog));
            let about = store::request_facts(&self.store, &requests, &submitters, now).await?;
            // Rights are read after the events: who lost them before an event does not get it.
            self.read_people(known, now).await?;
            let new = moments(events, about);
            let more = new.len() as u64 == BATCH;
            if !new.is_empty() {
                self.tail.publish(new);
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Looks whether rights have changed, by what was written or by the passing of time.
    async fn read_people(&self, known: &mut Known, now: DateTime<Utc>) -> Result<(), StoreError> {
        let version = self.store.people_version().await?;
        let passed = known.next.is_some_and(|next| next <= now);
        if version == known.version && !passed {
            return Ok(());
        }
        if version != known.version {
            self.reload_policy(&mut known.policy).await?;
            self.refresh_audience(version).await?;
        }
        known.next = self.store.next_grant_moment(now).await?;
        known.version = version;
        self.audience.tell();
        Ok(())
    }
}

/// What the reader of the log knows of the people and their policy.
#[derive(Debug, Default)]
struct Known {
    version: i64,
    /// The number and the hash of the policy that was looked at last.
    policy: (i64, String),
    /// When the next grant begins or ends.
    next: Option<DateTime<Utc>>,
}

/// The events with what is known of their requests: nothing of an office's own.
fn moments(events: Vec<NumberedEvent>, about: HashMap<Uuid, RequestFacts>) -> Vec<TailEntry> {
    let about: HashMap<Uuid, Arc<RequestFacts>> = about.into_iter().map(|(id, about)| (id, Arc::new(about))).collect();
    let of = |numbered: NumberedEvent| TailEntry { about: about.get(&numbered.event.request_id).cloned(), numbered };
    events.into_iter().map(of).collect()
}

impl RequestEventFollower {
    /// The language that who follows has chosen.
    pub fn language(&self) -> Answer<Option<Language>> {
        self.service.chosen(&self.watched)
    }

    /// The next event that they may see; waits for it. Refused when they may not follow any longer.
    pub async fn next(&mut self) -> Answer<FollowedEvent> {
        loop {
            if self.service.tail.cuts() != self.cuts {
                return Err(Refused::CursorAhead);
            }
            let (moment, past) = if let Some(moment) = self.past.pop_front() {
                (moment, true)
            } else if self.caught_up {
                match self.service.tail.after(self.position) {
                    Next::Entry(moment) => (moment, false),
                    Next::Behind => {
                        self.caught_up = false;
                        continue;
                    }
                    Next::Nothing => {
                        // Whoever may no longer sign in is told so, also when nothing happens.
                        self.service.view(&self.watched)?;
                        tokio::select! {
                            _ = self.head.changed() => {}
                            _ = self.rights.changed() => {}
                        }
                        continue;
                    }
                }
            } else {
                self.read_back().await?;
                continue;
            };
            if !past {
                self.position = moment.numbered.place.position;
            }
            // By the rights of now, which are read before an event is published, and again while an older one waits.
            let view = self.service.view(&self.watched)?;
            if let Some(happening) = self.judge(moment, view, past) {
                return Ok(happening);
            }
        }
    }

    fn judge(&self, moment: Arc<TailEntry>, view: Arc<FollowerView>, past: bool) -> Option<FollowedEvent> {
        let about = moment.about.clone()?;
        let (event, row) = (&moment.numbered.event, &about.row);
        if !self.filter.includes(event, row) {
            return None;
        }
        let side = view.sees.side(&about)?;
        let shown = EventVisibility::from_side(side, row.finished_at.is_some()).includes(event);
        shown.then_some(FollowedEvent { moment, about, side, view, past })
    }

    /// Reads from the log itself what is no longer kept; waits while the database does not answer.
    async fn read_back(&mut self) -> Answer<()> {
        // Boxed, since it is rare: a follower that waits, as almost all do, holds little.
        match Box::pin(self.try_read_back()).await {
            Err(Refused::Unavailable(_)) => {
                tokio::time::sleep(PAUSE).await;
                Ok(())
            }
            read => read,
        }
    }

    async fn try_read_back(&mut self) -> Answer<()> {
        let service = &self.service;
        // Many who come back at once wait for each other, not the writers for them; each for a stretch, whatever it finds there.
        let _turn = service.reading_back.acquire().await;
        let view = service.view(&self.watched)?;
        let end = service.tail.end().position;
        let until = end.min(self.position.saturating_add(STRETCH));
        let viewing = store::Viewing { now: service.now(), ..view.viewing.clone() };
        let stretch = (self.position, until);
        let events = store::visible_events(&service.store, &viewing, &self.filter, stretch, BATCH).await?;
        let whole = (events.len() as u64) < BATCH;
        let position = if whole { until } else { events.last().map_or(until, |event| event.place.position) };
        let requests: BTreeSet<Uuid> = events.iter().map(|event| event.event.request_id).collect();
        let requests: Vec<Uuid> = requests.into_iter().collect();
        let about = store::request_facts(&service.store, &requests, &viewing.submitters, viewing.now).await?;
        self.past = moments(events, about).into_iter().map(Arc::new).collect();
        self.position = position.max(self.position);
        self.caught_up = self.position >= end;
        Ok(())
    }
}
