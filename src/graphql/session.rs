//! Who asks, for the time of one operation.

use std::net::IpAddr;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache};
use uuid::Uuid;

use super::error;
use super::loaders::Loads;
use crate::access::Caller;
use crate::service::{Answer, Service};
use crate::store::Viewing;

/// The one who asks, with what they may see: made anew for each operation and never shared.
pub struct Session {
    /// The signed-in caller.
    pub caller: Option<Caller>,
    /// What they may see; nothing when nobody is signed in.
    pub viewing: Viewing,
    /// Where they call from.
    pub address: Option<IpAddr>,
    pub(super) loader: DataLoader<Loads, HashMapCache>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("caller", &self.caller.as_ref().map(|caller| caller.user)).finish()
    }
}

impl Session {
    /// The session of a caller, from the token they sent.
    pub async fn open(service: &Service, token: Option<&str>, address: Option<IpAddr>) -> Answer<Self> {
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
        Ok(Self { caller, viewing, address, loader })
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
