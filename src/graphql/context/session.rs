//! Session of one operation: caller, visibility, policy, loaders and language.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use uuid::Uuid;

use super::loaders::{LoadError, Loaders};
use super::viewer_dependence::ViewerDependence;
use crate::access::Pass;
use crate::graphql::error;
use crate::graphql::operation::admitted::Operation;
use crate::language::Language;
use crate::service::{CallerWithPolicy, LoginView, PolicySnapshot, Service, ServiceResult};
use crate::store::{self, LogPosition, RightsCheck, Viewing};

/// Session of one operation, never reused.
pub(in crate::graphql) struct Session {
    opened: Identity,
    /// Identity established by a sign-in mutation of this operation.
    signed_in: OnceLock<Identity>,
    signing_in: AtomicBool,
    /// Client address.
    pub(in crate::graphql) address: Option<IpAddr>,
    /// End of the log before any other read, for operations that select `eventCursor`.
    pub(in crate::graphql) log_end: Option<LogPosition>,
    /// Anonymous session for an answer shared by many followers.
    pub(in crate::graphql) is_shared: bool,
    /// Session of a follower, for one event.
    is_following: bool,
    /// Requested language.
    requested_language: Option<Language>,
}

/// A caller (or an anonymous one) with visibility, policy and loaders.
struct Identity {
    caller: Option<CallerWithPolicy>,
    policy: PolicySnapshot,
    viewing: Viewing,
    loader: DataLoader<Loaders, HashMapCache>,
    dependence: ViewerDependence,
}

impl Identity {
    fn new(service: &Service, caller: Option<CallerWithPolicy>) -> Self {
        let viewing = caller.as_ref().map_or_else(|| no_visibility(service), |caller| service.viewing(caller));
        Self::with_visibility(service, caller, viewing)
    }

    fn with_visibility(service: &Service, caller: Option<CallerWithPolicy>, viewing: Viewing) -> Self {
        let dependence = ViewerDependence::default();
        let loaders = Loaders::new(service.clone(), viewing.clone(), dependence.clone());
        let loader = DataLoader::with_cache(loaders, tokio::spawn, HashMapCache::default());
        let policy = caller.as_ref().map_or_else(|| service.policy(), |caller| caller.policy().clone());
        Self { caller, policy, viewing, loader, dependence }
    }

    /// Disables the loaders' batching delay, which costs more than it saves for a single event.
    fn without_batch_delay(mut self) -> Self {
        self.loader = self.loader.delay(Duration::ZERO);
        self
    }
}

/// The end of the log, for operations with a cursor of it: read first, so that the data is never older than the cursor.
async fn end_of_log(service: &Service, operation: &Operation) -> ServiceResult<Option<LogPosition>> {
    Ok(match operation.selects_event_cursor() {
        true => Some(store::log_end(service.store()).await?),
        false => None,
    })
}

/// Visibility of an anonymous caller: nothing.
fn no_visibility(service: &Service) -> Viewing {
    Viewing {
        user: Uuid::nil(),
        now: service.now(),
        offices: Vec::new(),
        scopes: Vec::new(),
        submitters: Arc::default(),
        check: None,
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
    /// Opens the session of a person by their cached rights, with the check of these.
    pub(in crate::graphql) async fn by_cached_rights(
        service: &Service,
        operation: &Operation,
        (view, check): (&LoginView, Arc<RightsCheck>),
        address: IpAddr,
    ) -> ServiceResult<Self> {
        let log_end = end_of_log(service, operation).await?;
        let viewing = Viewing { now: service.now(), check: Some(check), ..view.viewing.clone() };
        let identity = Identity::with_visibility(service, Some(view.caller.clone()), viewing);
        Ok(Self::new(identity, Some(address), log_end))
    }

    /// Opens the session of a person or an anonymous caller.
    pub(in crate::graphql) async fn open(
        service: &Service,
        operation: &Operation,
        pass: Option<Pass>,
        address: Option<IpAddr>,
    ) -> ServiceResult<Self> {
        let log_end = end_of_log(service, operation).await?;
        let caller = match pass {
            None => None,
            Some(pass) => Some(service.caller(pass).await?),
        };
        Ok(Self::new(Identity::new(service, caller), address, log_end))
    }

    /// Opens the session of a follower for one event, at its place in the log.
    pub(in crate::graphql) fn following(service: &Service, view: &LoginView, log_end: LogPosition) -> Self {
        // Grants of others start and end by the clock, so the moment is now.
        let viewing = Viewing { now: service.now(), ..view.viewing.clone() };
        let identity = Identity::with_visibility(service, Some(view.caller.clone()), viewing);
        Self { is_following: true, ..Self::new(identity.without_batch_delay(), None, Some(log_end)) }
    }

    /// Opens an anonymous session for a shared answer, with its record of viewer dependence.
    pub(in crate::graphql) fn shared(service: &Service, log_end: LogPosition) -> (Self, ViewerDependence) {
        let identity = Identity::new(service, None).without_batch_delay();
        let dependence = identity.dependence.clone();
        (Self { is_shared: true, ..Self::new(identity, None, Some(log_end)) }, dependence)
    }

    fn new(opened: Identity, address: Option<IpAddr>, log_end: Option<LogPosition>) -> Self {
        Self {
            opened,
            signed_in: OnceLock::new(),
            signing_in: AtomicBool::new(false),
            address,
            log_end,
            is_following: false,
            is_shared: false,
            requested_language: None,
        }
    }

    /// Sets the requested language; the caller's own choice takes precedence.
    pub(in crate::graphql) fn with_requested_language(self, requested_language: Option<Language>) -> Self {
        Self { requested_language, ..self }
    }

    /// Returns the language of messages, none for untranslated ones. Shared answers use the language of their operation, which all
    /// its followers have in common.
    pub(in crate::graphql) fn language(&self) -> Option<Language> {
        let chosen = self.identity().caller.as_ref().and_then(|caller| caller.language);
        // A subscription keeps the language it began with.
        if self.is_following { self.requested_language } else { chosen.or(self.requested_language) }
    }

    /// Returns the record of viewer dependence. An answer containing `eventCursor` is never shared, since it changes with every
    /// event.
    pub(in crate::graphql) fn viewer_dependence(&self) -> ViewerDependence {
        let dependence = self.identity().dependence.clone();
        if self.log_end.is_some() {
            dependence.note();
        }
        dependence
    }

    fn identity(&self) -> &Identity {
        self.signed_in.get().unwrap_or(&self.opened)
    }

    /// Returns the caller's login, without noting viewer dependence: for checks whose result is not part of the answer.
    pub(in crate::graphql) fn pass(&self) -> Option<Pass> {
        self.identity().caller.as_ref().map(|caller| caller.pass)
    }

    /// Returns the signed-in caller and notes viewer dependence.
    pub(in crate::graphql) fn caller(&self) -> Option<&CallerWithPolicy> {
        let identity = self.identity();
        identity.dependence.note();
        identity.caller.as_ref()
    }

    /// Returns the policy in force for the whole operation.
    pub(in crate::graphql) fn policy(&self) -> &PolicySnapshot {
        &self.identity().policy
    }

    /// Returns the caller's visibility and notes viewer dependence.
    pub(in crate::graphql) fn viewing(&self) -> &Viewing {
        let identity = self.identity();
        identity.dependence.note();
        &identity.viewing
    }

    /// Returns the caller's data loaders.
    pub(in crate::graphql) fn loader(&self) -> &DataLoader<Loaders, HashMapCache> {
        &self.identity().loader
    }

    /// Uses up the operation's single sign-in attempt; false when already used.
    pub(in crate::graphql) fn take_attempt(&self) -> bool {
        !self.signing_in.swap(true, Ordering::Relaxed)
    }

    /// Switches the operation to a newly signed-in caller.
    pub(in crate::graphql) fn sign_in(&self, service: &Service, caller: CallerWithPolicy) {
        let _ = self.signed_in.set(Identity::new(service, Some(caller)));
    }

    /// Clears the loaders' caches after a change.
    pub(in crate::graphql) fn clear_caches(&self) {
        use super::loaders;
        let loader = self.loader();
        loader.clear::<loaders::SeenRequestById>();
        loader.clear::<loaders::VisitsOf>();
        loader.clear::<loaders::CurrentVisitOf>();
        loader.clear::<loaders::SubmissionsOf>();
        loader.clear::<loaders::DispositionsOf>();
        loader.clear::<loaders::ReadsOf>();
        loader.clear::<loaders::DocumentsOf>();
        loader.clear::<loaders::SignaturesOf>();
        loader.clear::<loaders::AssetsOf>();
        loader.clear::<loaders::CredentialOf>();
        loader.clear::<loaders::EventsOf>();
        loader.clear::<loaders::AgencyPeople>();
    }
}

/// Returns the operation's session.
pub(in crate::graphql) fn session<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Session> {
    context.data::<Session>()
}

/// Returns the service.
pub(in crate::graphql) fn service<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Service> {
    context.data::<Service>()
}

/// Loads the value of a key by the session's data loaders.
pub(in crate::graphql) async fn load<K>(
    context: &Context<'_>,
    key: K,
) -> async_graphql::Result<Option<<Loaders as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loaders: Loader<K, Error = LoadError>,
{
    session(context)?.loader().load_one(key).await.map_err(error::from_loader)
}

/// Loads the first row of a key by the session's data loaders.
pub(in crate::graphql) async fn load_row<K, R>(context: &Context<'_>, key: K) -> async_graphql::Result<Option<R>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    R: Send + Clone + 'static,
    Loaders: Loader<K, Value = Vec<R>, Error = LoadError>,
{
    Ok(load(context, key).await?.and_then(|mut rows| rows.pop()))
}

/// Returns the language of messages.
pub(in crate::graphql) fn language(context: &Context<'_>) -> async_graphql::Result<Option<Language>> {
    Ok(session(context)?.language())
}

/// Returns the signed-in caller, or the `UNAUTHENTICATED` error.
pub(in crate::graphql) fn caller<'a>(context: &Context<'a>) -> async_graphql::Result<&'a CallerWithPolicy> {
    session(context)?.caller().ok_or_else(|| error::from_refused(crate::service::ServiceError::Unauthenticated))
}

/// Returns the cursor of the log's end before the operation's first read.
pub(in crate::graphql) fn event_cursor(context: &Context<'_>) -> async_graphql::Result<String> {
    let end = session(context)?.log_end.ok_or_else(|| error::inconsistent_data("the log's end was not read"))?;
    service(context)?.cursor(end).map_err(error::from_refused)
}
