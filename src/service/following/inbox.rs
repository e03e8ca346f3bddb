//! Streams of inbox changes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use uuid::Uuid;

use crate::access::Pass;
use crate::language::Language;
use crate::live::Next;
use crate::service::authorization::login_rights::{LoginRights, LoginView};
use crate::service::following::request_events::RETRY_PAUSE;
use crate::service::{Service, ServiceResult};
use crate::store::{self, LogPosition, RequestCondition, StoreError};

/// A change of somebody's inbox.
#[derive(Debug, Clone)]
pub struct InboxChange {
    /// The request.
    pub request: Uuid,
    /// Whether it waits now.
    pub waiting: bool,
    /// How many wait now.
    pub count: usize,
    /// The follower's visibility.
    pub view: Arc<LoginView>,
    /// The place in the log up to this change.
    pub place: LogPosition,
}

/// A follower of an inbox.
pub struct InboxFollower {
    service: Service,
    follower_rights: Arc<LoginRights>,
    office: Option<String>,
    /// The view of the last reading, and its condition for requests in the inbox.
    read_by: Option<(Arc<LoginView>, RequestCondition)>,
    /// The requests in the inbox.
    waiting: HashSet<Uuid>,
    place: LogPosition,
    cuts: u64,
    head: watch::Receiver<i64>,
    rights: watch::Receiver<u64>,
    /// Changes not yet delivered.
    changes: VecDeque<InboxChange>,
}

impl std::fmt::Debug for InboxFollower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxFollower").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Service {
    /// Follows the changes of an inbox, in all offices or one.
    pub async fn follow_inbox(&self, pass: Pass, office: Option<String>) -> ServiceResult<InboxFollower> {
        let follower_rights = self.register_follower(pass).await?;
        let mut follower = InboxFollower {
            service: self.clone(),
            follower_rights,
            office,
            read_by: None,
            waiting: HashSet::new(),
            place: LogPosition::default(),
            cuts: 0,
            head: self.tail.head(),
            rights: self.followers.changed(),
            changes: VecDeque::new(),
        };
        let view = self.login_view(&follower.follower_rights)?;
        follower.waiting = follower.read(&view).await?;
        Ok(follower)
    }
}

impl InboxFollower {
    /// The follower's chosen language.
    pub fn language(&self) -> ServiceResult<Option<Language>> {
        self.service.follower_language(&self.follower_rights)
    }

    /// Waits for the next change. Refuses a follower without the right to follow.
    pub async fn next(&mut self) -> ServiceResult<InboxChange> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return Ok(change);
            }
            let view = self.service.login_view(&self.follower_rights)?;
            let same_view = self.read_by.as_ref().is_some_and(|(read_by, _)| Arc::ptr_eq(read_by, &view));
            // Another person's rights may change this inbox too: it is read again after any change of rights.
            if !same_view || self.rights.has_changed().unwrap_or(false) || self.service.tail.truncations() != self.cuts
            {
                self.reload(&view).await?;
                continue;
            }
            match self.service.tail.after(self.place.position) {
                Next::Entry(entry) => {
                    self.place = entry.numbered.place;
                    // Events of an office's own record change no inbox.
                    let Some(about) = &entry.about else { continue };
                    let waits = self.read_by.as_ref().is_some_and(|(_, waits)| waits.holds(about));
                    self.note(&view, about.row.id, waits);
                }
                Next::Behind => self.reload(&view).await?,
                Next::Nothing => {
                    tokio::select! {
                        _ = self.head.changed() => {}
                        _ = self.rights.changed() => self.rights.mark_changed(),
                    }
                }
            }
        }
    }

    /// Updates the inbox by one request, and queues the change.
    fn note(&mut self, view: &Arc<LoginView>, request: Uuid, waiting: bool) {
        let changed = if waiting { self.waiting.insert(request) } else { self.waiting.remove(&request) };
        if changed {
            let (count, place) = (self.waiting.len(), self.place);
            self.changes.push_back(InboxChange { request, waiting, count, view: view.clone(), place });
        }
    }

    /// Reads the whole inbox, and queues the differences. Waits while the database is unavailable.
    async fn reload(&mut self, view: &Arc<LoginView>) -> ServiceResult<()> {
        let now = match Box::pin(self.read(view)).await {
            Err(StoreError::Unavailable(_)) => {
                tokio::time::sleep(RETRY_PAUSE).await;
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

    /// Reads the inbox of a view. Later events are noticed.
    async fn read(&mut self, view: &Arc<LoginView>) -> Result<HashSet<Uuid>, StoreError> {
        let service = &self.service;
        let _turn = service.catch_up.acquire().await;
        self.cuts = service.tail.truncations();
        // Events before this place are in the list already.
        self.place = store::log_end(&service.store).await?;
        self.rights.mark_unchanged();
        let viewing = store::Viewing { now: service.now(), ..view.viewing.clone() };
        let waits = viewing.inbox(&view.waiting, self.office.as_deref());
        let office = self.office.as_deref();
        let found = store::inbox_requests(&service.store, &viewing, &view.waiting, office).await;
        if found.is_err() {
            self.rights.mark_changed();
        }
        let found = found?;
        self.read_by = Some((view.clone(), waits));
        Ok(found)
    }
}
