//! Who asks, for the time of one operation.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache};
use uuid::Uuid;

use super::error;
use super::loaders::Loads;
use crate::access::Caller;
use crate::service::{Answer, Service};
use crate::store::{self, Viewing};

/// The one who asks, for the time of one operation: made anew for each and never shared.
pub struct Session {
    opened: Identity,
    /// Who signed in by this very operation.
    signed_in: OnceLock<Identity>,
    signing_in: AtomicBool,
    /// Where they call from.
    pub(super) address: Option<IpAddr>,
    /// Where the log stood before anything else was read, for operations that ask.
    pub(super) log_end: Option<i64>,
}

/// A caller, or nobody, with what they may see, and what was read of it.
struct Identity {
    caller: Option<Caller>,
    viewing: Viewing,
    loader: DataLoader<Loads, HashMapCache>,
}

impl Identity {
    fn of(service: &Service, caller: Option<Caller>) -> Self {
        let viewing = match &caller {
            Some(caller) => service.viewing(caller),
            None => Viewing { user: Uuid::nil(), now: service.now(), offices: Vec::new(), scopes: Vec::new() },
        };
        let loads = Loads { service: service.clone(), viewing: viewing.clone() };
        let loader = DataLoader::with_cache(loads, tokio::spawn, HashMapCache::default());
        Self { caller, viewing, loader }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("caller", &self.caller().map(|caller| caller.user)).finish()
    }
}

impl Session {
    /// The session of a caller for an operation, from the token they sent.
    pub async fn open(
        service: &Service,
        operation: &str,
        token: Option<&str>,
        address: Option<IpAddr>,
    ) -> Answer<Self> {
        // What is read may be newer than its cursor, never older: so this comes first. An operation that only mentions the
        // name elsewhere pays for a statement in vain.
        let log_end = match operation.contains("eventCursor") {
            true => Some(store::log_end(service.store()).await?),
            false => None,
        };
        let caller = match token {
            None => None,
            Some(token) => Some(service.caller(service.user_of(token)?).await?),
        };
        let opened = Identity::of(service, caller);
        Ok(Self { opened, signed_in: OnceLock::new(), signing_in: AtomicBool::new(false), address, log_end })
    }

    fn identity(&self) -> &Identity {
        self.signed_in.get().unwrap_or(&self.opened)
    }

    /// The signed-in caller.
    pub(super) fn caller(&self) -> Option<&Caller> {
        self.identity().caller.as_ref()
    }

    /// What they may see; nothing when nobody is signed in.
    pub(super) fn viewing(&self) -> &Viewing {
        &self.identity().viewing
    }

    /// What reads for them.
    pub(super) fn loader(&self) -> &DataLoader<Loads, HashMapCache> {
        &self.identity().loader
    }

    /// Takes the one attempt to sign in that an operation has; false when it was taken.
    pub(super) fn take_attempt(&self) -> bool {
        !self.signing_in.swap(true, Ordering::Relaxed)
    }

    /// From here on the operation is that caller's.
    pub(super) fn sign_in(&self, service: &Service, caller: Caller) {
        let _ = self.signed_in.set(Identity::of(service, Some(caller)));
    }

    /// Forgets what was read: after a change, everything is read anew.
    pub(super) fn forget(&self) {
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
pub(super) fn session<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Session> {
    context.data::<Session>()
}

/// The service.
pub(super) fn service<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Service> {
    context.data::<Service>()
}

/// The signed-in caller, or the error that asks to sign in.
pub(super) fn caller<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Caller> {
    session(context)?.caller().ok_or_else(|| error::of(crate::service::Refused::Unauthenticated))
}

/// The cursor of where the log stood before the operation read anything.
pub(super) fn event_cursor(context: &Context<'_>) -> async_graphql::Result<String> {
    let end = session(context)?.log_end.ok_or_else(|| error::damaged("the log's end was not read"))?;
    service(context)?.cursor(end).map_err(error::of)
}
