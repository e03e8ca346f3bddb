//! Everybody who follows something on this server, with the rights that they hold now: read again when people or grants have
//! changed, and judged by the clock each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::access::Pass;
use crate::language::Language;
use crate::service::{Answer, CallerWithPolicy, Refused, Service};
use crate::store::{PersonRights, StoreError, Viewing, Visibility, Waiting};

/// The people who follow.
#[derive(Debug)]
pub(in crate::service) struct Audience {
    people: Mutex<HashMap<Pass, Weak<Watched>>>,
    /// Told when somebody's rights have changed, or may have by the passing of time.
    changed: watch::Sender<u64>,
}

/// A person who follows something.
#[derive(Debug)]
pub(in crate::service) struct Watched {
    pass: Pass,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The version of the people that the standing was read at, or after.
    version: i64,
    standing: PersonRights,
    view: Option<Arc<FollowerView>>,
}

/// What a person sees, as of now.
#[derive(Debug)]
pub struct FollowerView {
    /// The person with their grants in force.
    pub caller: CallerWithPolicy,
    /// What they see, for the database.
    pub viewing: Viewing,
    /// What they see, for a request that is known.
    pub sees: Visibility,
    /// What waits for them.
    pub(in crate::service) waiting: Vec<Waiting>,
    /// It holds until this moment.
    until: Option<DateTime<Utc>>,
}

impl Default for Audience {
    fn default() -> Self {
        Self { people: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl Audience {
    /// Told when somebody's rights may have changed.
    pub(in crate::service) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Tells that rights may have changed.
    pub(in crate::service) fn tell(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// The place of a person here, who may be known here already.
    fn enter(&self, pass: Pass) -> Arc<Watched> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = people.get(&pass).and_then(Weak::upgrade) {
            return known;
        }
        let watched = Arc::new(Watched { pass, state: Mutex::default() });
        people.insert(pass, Arc::downgrade(&watched));
        watched
    }

    /// Those who follow now; whoever has left is forgotten.
    fn present(&self) -> Vec<Arc<Watched>> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, watched| watched.strong_count() > 0);
        people.values().filter_map(Weak::upgrade).collect()
    }
}

impl Watched {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a standing that was read after the people had that version.
    fn learn(&self, version: i64, standing: PersonRights) {
        *self.state() = State { version, standing, view: None };
    }
}

impl Service {
    /// A person who begins to follow something.
    pub(in crate::service) async fn watch(&self, pass: Pass) -> Answer<Arc<Watched>> {
        // Entered first: whoever changes their rights from here on is noticed.
        let watched = self.audience.enter(pass);
        if watched.state().version == 0 {
            let version = self.store.people_version().await?;
            let standing = self.store.person_rights(&[pass]).await?.remove(&pass);
            let mut state = watched.state();
            // Whoever reads the log may have been faster: what it knows, it keeps up to date.
            if state.version == 0 {
                *state = State { version, standing: standing.unwrap_or_default(), view: None };
            }
        }
        Ok(watched)
    }

    /// Reads again what everybody who follows may do, the people being at that version.
    pub(in crate::service) async fn refresh_audience(&self, version: i64) -> Result<(), StoreError> {
        let present = self.audience.present();
        let passes: Vec<Pass> = present.iter().map(|watched| watched.pass).collect();
        let mut standings = self.store.person_rights(&passes).await?;
        for watched in present {
            watched.learn(version, standings.remove(&watched.pass).unwrap_or_default());
        }
        Ok(())
    }

    /// The language that a person has chosen.
    pub(in crate::service) fn chosen(&self, watched: &Watched) -> Answer<Option<Language>> {
        Ok(self.view(watched)?.caller.language)
    }

    /// What a person sees now; refused when they may no longer sign in.
    pub(in crate::service) fn view(&self, watched: &Watched) -> Answer<Arc<FollowerView>> {
        let (now, policy) = (self.now(), self.policy());
        let mut state = watched.state();
        let holds = |view: &&Arc<FollowerView>| {
            view.until.is_none_or(|until| now < until) && Arc::ptr_eq(view.caller.policy(), &policy)
        };
        if let Some(view) = state.view.as_ref().filter(holds) {
            return Ok(view.clone());
        }
        let caller = state.standing.caller(watched.pass, now).ok_or(Refused::Unauthenticated)?;
        let caller = CallerWithPolicy::new(caller, policy);
        let viewing = self.viewing(&caller);
        let view = FollowerView {
            sees: viewing.visibility(),
            waiting: self.waiting(&caller),
            until: state.standing.next_change(now),
            viewing,
            caller,
        };
        let view = Arc::new(view);
        state.view = Some(view.clone());
        Ok(view)
    }
}
