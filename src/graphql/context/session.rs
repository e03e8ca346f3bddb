//! Who asks, for the time of one operation.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache};
use uuid::Uuid;

use super::loaders::Loads;
use super::viewer_dependence::Asked;
use crate::access::Pass;
use crate::graphql::error;
use crate::graphql::look_ahead::EVENT_CURSOR;
use crate::language::Language;
use crate::service::{Answer, HeldPolicy, Judged, Service, View};
use crate::store::{self, LogPlace, Viewing};

/// The one who asks, for the time of one operation: made anew for each and never shared.
pub struct Session {
    opened: Identity,
    /// Who signed in by this very operation.
    signed_in: OnceLock<Identity>,
    signing_in: AtomicBool,
    /// Where they call from.
    pub(in crate::graphql) address: Option<IpAddr>,
    /// Where the log stood before anything else was read, for operations that ask.
    pub(in crate::graphql) log_end: Option<LogPlace>,
    /// It is nobody's: the answer is for many.
    pub(in crate::graphql) is_shared: bool,
    /// Of somebody who follows, for one thing that they are told.
    is_following: bool,
    /// The language that the operation wants.
    wanted: Option<Language>,
}

/// A caller, or nobody, with what they may see, and what was read of it.
struct Identity {
    caller: Option<Judged>,
    policy: HeldPolicy,
    viewing: Viewing,
    loader: DataLoader<Loads, HashMapCache>,
    asked: Asked,
}

impl Identity {
    fn of(service: &Service, caller: Option<Judged>) -> Self {
        let viewing = caller.as_ref().map_or_else(|| nothing(service), |caller| service.viewing(caller));
        Self::with(service, caller, viewing)
    }

    fn with(service: &Service, caller: Option<Judged>, viewing: Viewing) -> Self {
        let asked = Asked::default();
        let loads = Loads::new(service.clone(), viewing.clone(), asked.clone());
        let loader = DataLoader::with_cache(loads, tokio::spawn, HashMapCache::default());
        let policy = caller.as_ref().map_or_else(|| service.policy(), |caller| caller.policy().clone());
        Self { caller, policy, viewing, loader, asked }
    }

    /// Loads at once what is asked for: where little is, waiting for more costs more than it saves.
    fn at_once(mut self) -> Self {
        self.loader = self.loader.delay(Duration::ZERO);
        self
    }
}

/// What nobody sees.
fn nothing(service: &Service) -> Viewing {
    Viewing {
        user: Uuid::nil(),
        now: service.now(),
        offices: Vec::new(),
        scopes: Vec::new(),
        submitters: Arc::default(),
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("caller", &self.identity().caller.as_ref().map(|caller| caller.pass.user))
            .finish()
    }
}

impl Session {
    /// The session of a person, or nobody, for an operation.
    pub async fn open(service: &Service, operation: &str, pass: Option<Pass>, address: Option<IpAddr>) -> Answer<Self> {
        // What is read may be newer than its cursor, never older: so this comes first. An operation that only mentions the
        // name elsewhere pays for a statement in vain.
        let log_end = match EVENT_CURSOR.stands_in(operation) {
            true => Some(store::log_end(service.store()).await?),
            false => None,
        };
        let caller = match pass {
            None => None,
            Some(pass) => Some(service.caller(pass).await?),
        };
        Ok(Self::of(Identity::of(service, caller), address, log_end))
    }

    /// The session of somebody who follows, for one thing that they are told: up to that place of the log.
    pub(in crate::graphql) fn following(service: &Service, view: &View, log_end: LogPlace) -> Self {
        // The grants of others are judged by the clock too: now, not when the view was made.
        let viewing = Viewing { now: service.now(), ..view.viewing.clone() };
        let identity = Identity::with(service, Some(view.caller.clone()), viewing);
        Self { is_following: true, ..Self::of(identity.at_once(), None, Some(log_end)) }
    }

    /// A session of nobody, for something that is told to many, and what notes whether it depended on who they are.
    pub(in crate::graphql) fn shared(service: &Service, log_end: LogPlace) -> (Self, Asked) {
        let identity = Identity::of(service, None).at_once();
        let asked = identity.asked.clone();
        (Self { is_shared: true, ..Self::of(identity, None, Some(log_end)) }, asked)
    }

    fn of(opened: Identity, address: Option<IpAddr>, log_end: Option<LogPlace>) -> Self {
        Self {
            opened,
            signed_in: OnceLock::new(),
            signing_in: AtomicBool::new(false),
            address,
            log_end,
            is_following: false,
            is_shared: false,
            wanted: None,
        }
    }

    /// Where nobody has chosen a language for themselves, that one is wanted.
    pub(in crate::graphql) fn wanting(self, wanted: Option<Language>) -> Self {
        Self { wanted, ..self }
    }

    /// The language that is spoken; none where nobody wants one, and everything is told as it was written. What is for many is
    /// in the language of their operation, which those who follow by it have in common.
    pub(in crate::graphql) fn language(&self) -> Option<Language> {
        let chosen = self.identity().caller.as_ref().and_then(|caller| caller.language);
        // What is followed keeps the language that it began with, which is its operation's.
        if self.is_following { self.wanted } else { chosen.or(self.wanted) }
    }

    /// What notes whether the answer depends on who asks. One that tells where the log stands is nobody else's either: it changes
    /// with whatever anybody does.
    pub fn asked(&self) -> Asked {
        let asked = self.identity().asked.clone();
        if self.log_end.is_some() {
            asked.note();
        }
        asked
    }

    fn identity(&self) -> &Identity {
        self.signed_in.get().unwrap_or(&self.opened)
    }

    /// By what the one who asks was let in; nobody was when none. What is judged by it is not told to others.
    pub(in crate::graphql) fn pass(&self) -> Option<Pass> {
        self.identity().caller.as_ref().map(|caller| caller.pass)
    }

    /// The signed-in caller.
    pub(in crate::graphql) fn caller(&self) -> Option<&Judged> {
        let identity = self.identity();
        identity.asked.note();
        identity.caller.as_ref()
    }

    /// Who may do what, for all of the operation.
    pub(in crate::graphql) fn policy(&self) -> &HeldPolicy {
        &self.identity().policy
    }

    /// What they may see; nothing when nobody is signed in.
    pub(in crate::graphql) fn viewing(&self) -> &Viewing {
        let identity = self.identity();
        identity.asked.note();
        &identity.viewing
    }

    /// What reads for them.
    pub(in crate::graphql) fn loader(&self) -> &DataLoader<Loads, HashMapCache> {
        &self.identity().loader
    }

    /// Takes the one attempt to sign in that an operation has; false when it was taken.
    pub(in crate::graphql) fn take_attempt(&self) -> bool {
        !self.signing_in.swap(true, Ordering::Relaxed)
    }

    /// From here on the operation is that caller's.
    pub(in crate::graphql) fn sign_in(&self, service: &Service, caller: Judged) {
        let _ = self.signed_in.set(Identity::of(service, Some(caller)));
    }

    /// Forgets what was read: after a change, everything is read anew.
    pub(in crate::graphql) fn forget(&self) {
        use super::loaders as of;
        let loader = self.loader();
        loader.clear::<of::RequestOf>();
        loader.clear::<of::VisitsOf>();
        loader.clear::<of::SubmissionsOf>();
        loader.clear::<of::DispositionsOf>();
        loader.clear::<of::ReadsOf>();
        loader.clear::<of::DocumentsOf>();
        loader.clear::<of::SignaturesOf>();
        loader.clear::<of::AssetsOf>();
        loader.clear::<of::CredentialOf>();
        loader.clear::<of::EventsOf>();
        loader.clear::<of::PeopleOf>();
    }
}

/// The operation's session.
pub(in crate::graphql) fn session<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Session> {
    context.data::<Session>()
}

/// The service.
pub(in crate::graphql) fn service<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Service> {
    context.data::<Service>()
}

/// The language that is spoken.
pub(in crate::graphql) fn language(context: &Context<'_>) -> async_graphql::Result<Option<Language>> {
    Ok(session(context)?.language())
}

/// The signed-in caller, or the error that asks to sign in.
pub(in crate::graphql) fn caller<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Judged> {
    session(context)?.caller().ok_or_else(|| error::of(crate::service::Refused::Unauthenticated))
}

/// The cursor of where the log stood before the operation read anything.
pub(in crate::graphql) fn event_cursor(context: &Context<'_>) -> async_graphql::Result<String> {
    let end = session(context)?.log_end.ok_or_else(|| error::damaged("the log's end was not read"))?;
    service(context)?.cursor(end).map_err(error::of)
}
