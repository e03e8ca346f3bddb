//! Following the log: its new end is read once for all followers, then filtered by each follower's visibility.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use crate::access::{Pass, Seen, Side};
use crate::language::Language;
use crate::live::{Next, TailEntry};
use crate::service::authorization::login_rights::{LoginRights, LoginView};
use crate::service::{Service, ServiceError, ServiceResult};
use crate::store::{
    self, EventFilter, EventVisibility, LogPosition, NumberedEvent, RequestFacts, SeenRequest, StoreError,
};

/// The interval of polling the log and the rights without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Number of rows in one reading.
const BATCH: u64 = 500;

/// Time limit of a reading. It drops a silent connection, and the next reading takes another.
const READ_TIME_LIMIT: Duration = Duration::from_secs(20);

/// Number of positions scanned by one statement, with or without a match.
const MAX_STRETCH: i64 = 20_000;

/// Pause after a failed reading.
pub(in crate::service) const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// An event visible to a follower.
#[derive(Debug, Clone)]
pub struct FollowedEvent {
    /// The event.
    pub entry: Arc<TailEntry>,
    /// Facts about its request.
    pub about: Arc<RequestFacts>,
    /// The follower's side of the request.
    pub side: Side,
    /// The follower, as of now.
    pub view: Arc<LoginView>,
    /// Read for this follower alone, from an older part of the log.
    pub past: bool,
}

impl FollowedEvent {
    /// Its place in the log.
    pub fn place(&self) -> LogPosition {
        self.entry.numbered.place
    }

    /// Its request, as the follower sees it.
    pub fn request(&self) -> Option<Seen<SeenRequest>> {
        self.view.sees.see(&self.about)
    }
}

/// A follower of request events.
pub struct RequestEventFollower {
    service: Service,
    follower_rights: Arc<LoginRights>,
    filter: EventFilter,
    /// The position of the last examined event.
    position: i64,
    cuts: u64,
    head: watch::Receiver<i64>,
    rights: watch::Receiver<u64>,
    /// Events read from the log, not yet examined.
    past: VecDeque<Arc<TailEntry>>,
    /// Caught up with the tail; visibility is that of now, not of the event's time.
    caught_up: bool,
}

impl std::fmt::Debug for RequestEventFollower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestEventFollower").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Service {
    /// Follows events by a filter, from a cursor or from now.
    pub async fn follow(
        &self,
        pass: Pass,
        filter: EventFilter,
        after: Option<&str>,
    ) -> ServiceResult<RequestEventFollower> {
        let after = after.map(|cursor| self.place(cursor).ok_or(ServiceError::InvalidCursor)).transpose()?;
        // Subscribed before the reading: the tail skips nothing from here on.
        let head = self.tail.head();
        let cuts = self.tail.truncations();
        let end = store::log_end(&self.store).await?;
        let place = after.unwrap_or(end);
        if place != end && !store::is_in_log(&self.store, place).await? {
            return Err(ServiceError::CursorAhead);
        }
        let follower_rights = self.register_follower(pass).await?;
        self.login_view(&follower_rights)?;
        Ok(RequestEventFollower {
            service: self.clone(),
            follower_rights,
            filter,
            position: place.position,
            cuts,
            head,
            rights: self.followers.changed(),
            past: VecDeque::new(),
            caught_up: after.is_none(),
        })
    }

    /// Reads the new end of the log for all followers. Never ends by itself.
    pub async fn read_log(&self) {
        let mut look = tokio::time::interval(POLL_INTERVAL);
        let mut mark = RightsMark::default();
        loop {
            tokio::select! {
                () = self.store.grown().notified() => {}
                _ = look.tick() => {}
            }
            let why = match tokio::time::timeout(READ_TIME_LIMIT, self.read_new(&mut mark)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("nothing came for {} seconds", READ_TIME_LIMIT.as_secs()),
            };
            tracing::warn!(why, "followers wait: the log cannot be read");
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn read_new(&self, mark: &mut RightsMark) -> Result<(), StoreError> {
        loop {
            let end = self.tail.end();
            if self.tail.followers() == 0 {
                let log_end = store::log_end(&self.store).await?;
                // Nobody waits for the events between. Without growth, the reading below tells another log from the same one.
                if log_end.position > end.position {
                    self.tail.skip_to(log_end);
                    return self.refresh_rights(mark, self.now()).await;
                }
            }
            let mut events = store::events_from(&self.store, end.position, BATCH + 1).await?;
            if end.position > 0 {
                // Without the last event this is another log.
                if events.first().map(|event| event.place) != Some(end) {
                    tracing::warn!("the log is another than it was: a backup was restored; followers begin anew");
                    self.tail.truncate(store::log_end(&self.store).await?);
                    continue;
                }
                events.remove(0);
            }
            let requests: BTreeSet<Uuid> = events.iter().map(|event| event.event.request_id).collect();
            let requests: Vec<Uuid> = requests.into_iter().collect();
            let (now, submitters) = (self.now(), self.policy().submitters(&self.catalog));
            let about = store::request_facts(&self.store, &requests, &submitters, now).await?;
            // Rights are read after the events: a right lost before an event hides it.
            self.refresh_rights(mark, now).await?;
            let new = tail_entries(events, about);
            let more = new.len() as u64 == BATCH;
            if !new.is_empty() {
                self.tail.publish(new);
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Refreshes rights after a write or the beginning or end of a grant.
    async fn refresh_rights(&self, mark: &mut RightsMark, now: DateTime<Utc>) -> Result<(), StoreError> {
        let version = self.store.people_version().await?;
        let passed = mark.next.is_some_and(|next| next <= now);
        if version == mark.version && !passed {
            return Ok(());
        }
        if version != mark.version {
            self.reload_policy(&mut mark.policy).await?;
            self.refresh_followers(version).await?;
        }
        mark.next = self.store.next_grant_moment(now).await?;
        mark.version = version;
        self.followers.notify();
        Ok(())
    }
}

/// The state of people and policy at the last reading.
#[derive(Debug, Default)]
struct RightsMark {
    version: i64,
    /// The number and the hash of the policy examined last.
    policy: (i64, String),
    /// The time of the next beginning or end of a grant.
    next: Option<DateTime<Utc>>,
}

/// Joins events with facts about their requests; office events have none.
fn tail_entries(events: Vec<NumberedEvent>, about: HashMap<Uuid, RequestFacts>) -> Vec<TailEntry> {
    let about: HashMap<Uuid, Arc<RequestFacts>> = about.into_iter().map(|(id, about)| (id, Arc::new(about))).collect();
    let entry = |numbered: NumberedEvent| TailEntry { about: about.get(&numbered.event.request_id).cloned(), numbered };
    events.into_iter().map(entry).collect()
}

impl RequestEventFollower {
    /// The follower's chosen language.
    pub fn language(&self) -> ServiceResult<Option<Language>> {
        self.service.follower_language(&self.follower_rights)
    }

    /// Waits for the next visible event. Refuses a follower without the right to follow.
    pub async fn next(&mut self) -> ServiceResult<FollowedEvent> {
        loop {
            if self.service.tail.truncations() != self.cuts {
                return Err(ServiceError::CursorAhead);
            }
            let (entry, past) = if let Some(entry) = self.past.pop_front() {
                (entry, true)
            } else if self.caught_up {
                match self.service.tail.after(self.position) {
                    Next::Entry(entry) => (entry, false),
                    Next::Behind => {
                        self.caught_up = false;
                        continue;
                    }
                    Next::Nothing => {
                        // Ends the stream of a person without the right to sign in, even without events.
                        self.service.login_view(&self.follower_rights)?;
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
                self.position = entry.numbered.place.position;
            }
            // By current rights: they are read before an event is published, and again while an older one waits.
            let view = self.service.login_view(&self.follower_rights)?;
            if let Some(event) = self.visible_event(entry, view, past) {
                return Ok(event);
            }
        }
    }

    fn visible_event(&self, entry: Arc<TailEntry>, view: Arc<LoginView>, past: bool) -> Option<FollowedEvent> {
        let about = entry.about.clone()?;
        let (event, row) = (&entry.numbered.event, &about.row);
        if !self.filter.includes(event, row) {
            return None;
        }
        let side = view.sees.side(&about)?;
        let shown = EventVisibility::from_side(side, row.finished_at.is_some()).includes(event);
        shown.then_some(FollowedEvent { entry, about, side, view, past })
    }

    /// Reads an older part of the log. Waits while the database is unavailable.
    async fn read_back(&mut self) -> ServiceResult<()> {
        // Boxed, since it is rare: a waiting follower stays small.
        match Box::pin(self.try_read_back()).await {
            Err(ServiceError::Unavailable(_)) => {
                tokio::time::sleep(RETRY_PAUSE).await;
                Ok(())
            }
            read => read,
        }
    }

    async fn try_read_back(&mut self) -> ServiceResult<()> {
        let service = &self.service;
        // Reconnecting followers wait for each other, so that writers need not wait for them; each for one stretch.
        let _turn = service.catch_up.acquire().await;
        let view = service.login_view(&self.follower_rights)?;
        let end = service.tail.end().position;
        let until = end.min(self.position.saturating_add(MAX_STRETCH));
        let viewing = store::Viewing { now: service.now(), ..view.viewing.clone() };
        let stretch = (self.position, until);
        let events = store::visible_events(&service.store, &viewing, &self.filter, stretch, BATCH).await?;
        let whole = (events.len() as u64) < BATCH;
        let position = if whole { until } else { events.last().map_or(until, |event| event.place.position) };
        let requests: BTreeSet<Uuid> = events.iter().map(|event| event.event.request_id).collect();
        let requests: Vec<Uuid> = requests.into_iter().collect();
        let about = store::request_facts(&service.store, &requests, &viewing.submitters, viewing.now).await?;
        self.past = tail_entries(events, about).into_iter().map(Arc::new).collect();
        self.position = position.max(self.position);
        self.caught_up = self.position >= end;
        Ok(())
    }
}
