//! Who asks, for the time of one operation.

use std::net::IpAddr;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache};
use uuid::Uuid;

use super::error;
use super::loaders::Loads;
use crate::access::Caller;
use crate::service::{Answer, Service};
use crate::store::{self, Viewing};

/// The one who asks, with what they may see: made anew for each operation and never shared.
pub struct Session {
    /// The signed-in caller.
    pub caller: Option<Caller>,
    /// What they may see; nothing when nobody is signed in.
    pub viewing: Viewing,
    /// Where they call from.
    pub address: Option<IpAddr>,
    /// Where the log stood before anything else was read, for operations that ask.
    pub(super) log_end: Option<i64>,
    pub(super) loader: DataLoader<Loads, HashMapCache>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("caller", &self.caller.as_ref().map(|caller| caller.user)).finish()
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
        let viewing = match &caller {
            Some(caller) => service.viewing(caller),
            None => Viewing { user: Uuid::nil(), now: service.now(), scopes: Vec::new() },
        };
        let loads = Loads { service: service.clone(), viewing: viewing.clone() };
        let loader = DataLoader::with_cache(loads, tokio::spawn, HashMapCache::default());
        Ok(Self { caller, viewing, address, log_end, loader })
    }
}

impl Session {
    /// Forgets what was read: after a change, everything is read anew.
    pub(super) fn forget(&self) {
        use super::loaders as of;
        self.loader.clear::<of::RequestOf>();
        self.loader.clear::<of::VisitsOf>();
        self.loader.clear::<of::SubmissionsOf>();
        self.loader.clear::<of::DispositionsOf>();
        self.loader.clear::<of::ReadsOf>();
        self.loader.clear::<of::DocumentsOf>();
        self.loader.clear::<of::SignaturesOf>();
        self.loader.clear::<of::AssetsOf>();
        self.loader.clear::<of::CredentialOf>();
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
    session(context)?.caller.as_ref().ok_or_else(|| error::of(crate::service::Refused::Unauthenticated))
}

/// The cursor of where the log stood before the operation read anything.
pub(super) fn event_cursor(context: &Context<'_>) -> async_graphql::Result<String> {
    let end = session(context)?.log_end.ok_or_else(|| error::damaged("the log's end was not read"))?;
    service(context)?.cursor(end).map_err(error::of)
}
