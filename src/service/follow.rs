//! Following the log: reading its new end once for everybody, and giving each follower what they may see of it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use super::audience::{View, Watched};
use super::{Answer, Refused, Service};
use crate::access::{Seen, Side};
use crate::live::{Moment, Next};
use crate::store::{self, EventFilter, NumberedEvent, SeenRequest, Sight, StoreError};

/// How often the log and the people are looked at without a hint.
const LOOK: Duration = Duration::from_secs(1);

/// How many rows are read at a time.
const BATCH: u64 = 500;

/// How long it is waited before a database that does not answer is asked again.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// An event that a follower may see.
#[derive(Debug, Clone)]
pub struct Happening {
    /// What happened.
    pub moment: Arc<Moment>,
    /// From which side the follower sees its request.
    pub side: Side,
    /// The follower, as of now.
    pub view: Arc<View>,
    /// It was read for this follower alone, from further back in the log.
    pub past: bool,
}

impl Happening {
    /// Its place in the log.
    pub fn position(&self) -> i64 {
        self.moment.numbered.position
    }

    /// Its request, as the follower sees it.
    pub fn request(&self) -> Option<Seen<SeenRequest>> {
        self.view.sees.see(&self.moment.about)
    }
}

/// Somebody who follows what happens to requests.
pub struct Follower {
    service: Service,
    watched: Arc<Watched>,
    filter: EventFilter,
    /// All up to here was given, or is not for them.
    position: i64,
    cuts: u64,
    head: watch::Receiver<i64>,
    /// Read from the log, to be given before anything else.
    past: VecDeque<Happening>,
    /// All up to the newest stretch was read from the log: what is there is judged as of now, not as of then.
    caught_up: bool,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Service {
    /// Follows the wanted events from a cursor on, or from now.
    pub async fn follow(&self, user: Uuid, filter: EventFilter, after: Option<&str>) -> Answer<Follower> {
        let cuts = self.tail.cuts();
        let end = store::log_end(&self.store).await?;
        let position = match after {
            None => end,
            Some(cursor) => self.position(cursor).ok_or(Refused::InvalidCursor)?,
        };
        if position > end {
            return Err(Refused::CursorAhead);
        }
        let watched = self.watch(user).await?;
        self.view(&watched)?;
        let head = self.tail.head();
        Ok(Follower {
            service: self.clone(),
            watched,
            filter,
            position,
            cuts,
            head,
            past: VecDeque::new(),
            caught_up: after.is_none(),
        })
    }

    /// Reads what is new in the log, again and again, for everybody who follows. Never ends by itself.
    pub async fn read_log(&self) {
        let mut look = tokio::time::interval(LOOK);
        let mut known = Known::default();
        loop {
            let hinted = tokio::select! {
                () = self.store.grown().notified() => true,
                _ = look.tick() => false,
            };
            if let Err(error) = self.read_new(&mut known, hinted).await {
                tracing::warn!(%error, "followers wait: the log cannot be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn read_new(&self, known: &mut Known, hinted: bool) -> Result<(), StoreError> {
        loop {
            let events = store::events_after(&self.store, self.tail.end(), BATCH).await?;
            let requests: BTreeSet<Uuid> = events.iter().map(|event| event.event.request_id).collect();
            let requests: Vec<Uuid> = requests.into_iter().collect();
            let now = self.now();
            let about = store::about_requests(&self.store, &requests, now).await?;
            // Rights are read after the events: who lost them before an event does not get it.
            self.read_people(known, now).await?;
            let read = events.len() as u64;
            let about = about.into_iter().map(|(id, about)| (id, Arc::new(about))).collect();
            if read > 0 {
                self.tail.publish(moments(events, &about)?);
            }
            if read < BATCH {
                break;
            }
        }
        if !hinted {
            let end = store::log_end(&self.store).await?;
            if end < self.tail.end() {
                tracing::warn!("the log ends before where it did: a backup was restored; followers begin anew");
                self.tail.cut(end);
            }
        }
        Ok(())
    }

    /// Looks whether rights have changed, by what was written or by the passing of time.
    async fn read_people(&self, known: &mut Known, now: DateTime<Utc>) -> Result<(), StoreError> {
        let version = self.store.people_version().await?;
        let passed = known.next.is_some_and(|next| next <= now);
        if version == known.version && !passed {
            return Ok(());
        }
        if version != known.version {
            self.refresh_audience(version).await?;
        }
        known.next = self.store.next_grant_moment(now).await?;
        known.version = version;
        self.audience.tell();
        Ok(())
    }
}

/// What the reader of the log knows of the people.
#[derive(Debug, Default)]
struct Known {
    version: i64,
    /// When the next grant begins or ends.
    next: Option<DateTime<Utc>>,
}

fn moments(
    events: Vec<NumberedEvent>,
    about: &std::collections::HashMap<Uuid, Arc<store::About>>,
) -> Result<Vec<Moment>, StoreError> {
    let of = |numbered: NumberedEvent| {
        let about = about.get(&numbered.event.request_id).cloned();
        let missing = || StoreError::Damaged("an event's request is missing".to_owned());
        Ok(Moment { about: about.ok_or_else(missing)?, numbered })
    };
    events.into_iter().map(of).collect()
}

impl Follower {
    /// The next event that they may see; waits for it. Refused when they may not follow any longer.
    pub async fn next(&mut self) -> Answer<Happening> {
        loop {
            if let Some(happening) = self.past.pop_front() {
                self.position = happening.position();
                return Ok(happening);
            }
            let view = self.service.view(&self.watched)?;
            if self.service.tail.cuts() != self.cuts {
                return Err(Refused::CursorAhead);
            }
            if !self.caught_up {
                self.read_back(&view).await?;
                continue;
            }
            match self.service.tail.after(self.position) {
                Next::Moment(moment) => {
                    self.position = moment.numbered.position;
                    if let Some(happening) = self.judge(moment, view, false) {
                        return Ok(happening);
                    }
                }
                Next::Behind => self.caught_up = false,
                // The sender lives as long as the service.
                Next::Nothing => {
                    let _ = self.head.changed().await;
                }
            }
        }
    }

    fn judge(&self, moment: Arc<Moment>, view: Arc<View>, past: bool) -> Option<Happening> {
        let (event, row) = (&moment.numbered.event, &moment.about.row);
        if !self.filter.wants(event, row) {
            return None;
        }
        let side = view.sees.side(&moment.about)?;
        let shown = Sight::from(side, row.finished_at.is_some()).sees(event);
        shown.then_some(Happening { moment, side, view, past })
    }

    /// Reads from the log itself what is no longer kept; waits while the database does not answer.
    async fn read_back(&mut self, view: &Arc<View>) -> Answer<()> {
        // Boxed, since it is rare: a follower that waits, as almost all do, holds little.
        match Box::pin(self.try_read_back(view)).await {
            Err(StoreError::Unavailable(_)) => {
                tokio::time::sleep(PAUSE).await;
                Ok(())
            }
            read => Ok(read?),
        }
    }

    async fn try_read_back(&mut self, view: &Arc<View>) -> Result<(), StoreError> {
        let service = &self.service;
        // Many who come back at once wait for each other, not the writers for them.
        let _turn = service.reading_back.acquire().await;
        let until = service.tail.end();
        let viewing = store::Viewing { now: service.now(), ..view.viewing.clone() };
        let stretch = (self.position, until);
        let events = store::events_seen(&service.store, &viewing, &self.filter, stretch, BATCH).await?;
        let all = (events.len() as u64) < BATCH;
        let position = if all { until } else { events.last().map_or(until, |event| event.position) };
        let requests: BTreeSet<Uuid> = events.iter().map(|event| event.event.request_id).collect();
        let requests: Vec<Uuid> = requests.into_iter().collect();
        let about = store::about_requests(&service.store, &requests, viewing.now).await?;
        let about = about.into_iter().map(|(id, about)| (id, Arc::new(about))).collect();
        let past = moments(events, &about)?;
        self.past = past.into_iter().filter_map(|moment| self.judge(Arc::new(moment), view.clone(), true)).collect();
        self.position = position.max(self.position);
        self.caught_up = all;
        Ok(())
    }
}
