//! Streams of inbox changes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use uuid::Uuid;

use crate::access::Pass;
use crate::language::Language;
use crate::live::Next;
use crate::service::following::audience::{FollowerView, Watched};
use crate::service::following::request_events::PAUSE;
use crate::service::{Answer, Service};
use crate::store::{self, LogPosition, RequestCondition, StoreError};

/// Something began or stopped waiting for somebody.
#[derive(Debug, Clone)]
pub struct InboxChange {
    /// The request.
    pub request: Uuid,
    /// It waits now.
    pub waiting: bool,
    /// How many wait now.
    pub count: usize,
    /// For whom.
    pub view: Arc<FollowerView>,
    /// Up to where the log was read.
    pub place: LogPosition,
}

/// Somebody who follows what waits for them.
pub struct InboxFollower {
    service: Service,
    watched: Arc<Watched>,
    office: Option<String>,
    /// What they saw when it was asked last what waits for them, and the condition for that.
    asked: Option<(Arc<FollowerView>, RequestCondition)>,
    /// What waits.
    waiting: HashSet<Uuid>,
    place: LogPosition,
    cuts: u64,
    head: watch::Receiver<i64>,
    rights: watch::Receiver<u64>,
    /// Found, to be given before anything else.
    changes: VecDeque<InboxChange>,
}

impl std::fmt::Debug for InboxFollower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxFollower").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Service {
    /// Follows what begins and stops to wait for somebody, in all offices or one.
    pub async fn follow_inbox(&self, pass: Pass, office: Option<String>) -> Answer<InboxFollower> {
        let watched = self.watch(pass).await?;
        let mut follower = InboxFollower {
            service: self.clone(),
            watched,
            office,
            asked: None,
            waiting: HashSet::new(),
            place: LogPosition::default(),
            cuts: 0,
            head: self.tail.head(),
            rights: self.audience.changed(),
            changes: VecDeque::new(),
        };
        let view = self.view(&follower.watched)?;
        follower.waiting = follower.read(&view).await?;
        Ok(follower)
    }
}

impl InboxFollower {
    /// The language that who follows has chosen.
    pub fn language(&self) -> Answer<Option<Language>> {
        self.service.chosen(&self.watched)
    }

    /// The next change; waits for it. Refused when they may not follow any longer.
    pub async fn next(&mut self) -> Answer<InboxChange> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return Ok(change);
            }
            let view = self.service.view(&self.watched)?;
            let same_view = self.asked.as_ref().is_some_and(|(asked, _)| Arc::ptr_eq(asked, &view));
            // Somebody else's rights may make something wait for this one: so it is read anew whoever's have changed.
            if !same_view || self.rights.has_changed().unwrap_or(false) || self.service.tail.cuts() != self.cuts {
                self.read_anew(&view).await?;
                continue;
            }
            match self.service.tail.after(self.place.position) {
                Next::Entry(moment) => {
                    self.place = moment.numbered.place;
                    // What happens to an office itself makes nothing wait.
                    let Some(about) = &moment.about else { continue };
                    let waits = self.asked.as_ref().is_some_and(|(_, waits)| waits.holds(about));
                    self.note(&view, about.row.id, waits);
                }
                Next::Behind => self.read_anew(&view).await?,
                Next::Nothing => {
                    tokio::select! {
                        _ = self.head.changed() => {}
                        _ = self.rights.changed() => self.rights.mark_changed(),
                    }
                }
            }
        }
    }

    /// Notes whether a request waits now.
    fn note(&mut self, view: &Arc<FollowerView>, request: Uuid, waiting: bool) {
        let changed = if waiting { self.waiting.insert(request) } else { self.waiting.remove(&request) };
        if changed {
            let (count, place) = (self.waiting.len(), self.place);
            self.changes.push_back(InboxChange { request, waiting, count, view: view.clone(), place });
        }
    }

    /// Reads all that waits, and notes what is new and what is gone; waits while the database does not answer.
    async fn read_anew(&mut self, view: &Arc<FollowerView>) -> Answer<()> {
        let now = match Box::pin(self.read(view)).await {
            Err(StoreError::Unavailable(_)) => {
                tokio::time::sleep(PAUSE).await;
                return Ok(());
            }
            read => read?,
        };
        let mut gone: Vec<Uuid> = self.waiting.difference(&now).copied().collect();
        let mut new: Vec<Uuid> = now.difference(&self.waiting).copied().collect();
        gone.sort_unstable();
        new.sort_unstable();
        for request in gone {
            self.note(view, request, false);
        }
        for request in new {
            self.note(view, request, true);
        }
        Ok(())
    }

    /// All that waits by that view. What happens from here on is noticed.
    async fn read(&mut self, view: &Arc<FollowerView>) -> Result<HashSet<Uuid>, StoreError> {
        let service = &self.service;
        let _turn = service.reading_back.acquire().await;
        self.cuts = service.tail.cuts();
        // What is in the list is not to be noted once more from events before it.
        self.place = store::log_end(&service.store).await?;
        self.rights.mark_unchanged();
        let viewing = store::Viewing { now: service.now(), ..view.viewing.clone() };
        let waits = viewing.inbox(&view.waiting, self.office.as_deref());
        let found = store::requests_matching(&service.store, &waits, viewing.now).await;
        if found.is_err() {
            self.rights.mark_changed();
        }
        let found = found?;
        self.asked = Some((view.clone(), waits));
        Ok(found.into_iter().collect())
    }
}
