//! Use cases by subject: caller, authorization, decision, rows and events. Every write of the API is here; `graphql` also reads from
//! `store`, by the caller's visibility.

mod authorization;
mod background;
mod catalog;
mod error;
mod following;
mod idempotency;
mod identity;
mod people;
mod registered_documents;
mod requests;
mod retry;
mod stored_procedures;
mod transactions;
mod validation;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::auth::{Keys, Passwords, Provider, SignInLimiter};
use crate::clock::Clock;
use crate::live::Tail;
use crate::store::{self, PartCache, PartRow, RequestPart, Store, StoreError};

pub use crate::access::{Login, Pass};
pub use crate::policy::Line;
pub use crate::store::LogPosition;
pub use authorization::active_policy::{ActivePolicy, Policies, PolicyRejected, PolicySnapshot};
pub use authorization::caller::CallerWithPolicy;
pub use authorization::explain::{
    Awaited, ClosedAct, ClosedReason, ExplainQuery, Explanation, Permission, Prerequisites, Verdict,
};
pub use authorization::login_rights::LoginView;
pub use authorization::policy_reload::{format_changes, record_policy};
use authorization::rights_cache::RightsCache;
pub use catalog::{Catalog, OfficeEntry, ProcedureEntry};
pub use error::{ServiceError, ServiceResult, UserError, UserErrorCode};
pub use following::inbox::{InboxChange, InboxFollower};
pub use following::request_events::{FollowedEvent, RequestEventFollower};
pub use identity::api_key::CreateApiKey;
pub use identity::sign_in::{SignedIn, TokenSettings, Tokens};
pub use identity::signing_key::RETIRED_KEY_LIFETIME;
pub use people::{CreateAgency, CreateUser, GrantRole, NewPerson, Operator, RevokeGrant};
pub use registered_documents::{RegisteredDocuments, document_digest, is_document_digest};
pub use requests::act::{ActMode, ActResult};
pub use requests::available_actions::{AvailableAct, AvailableActKind};
pub use requests::command::{
    AssetValues, ExecuteStep, NewDisposition, NewDocument, ReissueCredential, ResubmitRequest, RevealCredential,
    RevokeAsset, SignDocument, SubmitRequest, SubmittedContact, SubmittedLetter, WithdrawRequest,
};
pub use requests::credential::RevealedCredential;
pub use requests::dry_run::Preview;
pub use requests::replay;
pub use stored_procedures::StoredProcedures;

/// Everything a use case needs.
#[derive(Clone)]
pub struct Service {
    store: Store,
    catalog: Arc<Catalog>,
    policies: Arc<Policies>,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    attempts: Arc<SignInLimiter>,
    passwords: Passwords,
    /// The identity provider, with its own tokens.
    provider: Option<Arc<Provider>>,
    token_settings: Arc<TokenSettings>,
    key_uses: Arc<identity::api_key_uses::ApiKeyUses>,
    tail: Arc<Tail>,
    followers: Arc<following::followers::Followers>,
    /// Permits to read older parts of the log.
    catch_up: Arc<Semaphore>,
    /// None: every query reads its caller's rights.
    cached_rights: Option<Arc<RightsCache>>,
    /// None: every page reads the rows of its requests.
    cached_parts: Option<Arc<PartCache>>,
}

/// The share of rights in the cache: one part of so many.
const RIGHTS_SHARE: usize = 8;

/// Maximum number of followers reading older parts of the log at a time.
const MAX_CATCH_UP: usize = 4;

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    /// A service on an open store with the current end of its log.
    pub fn new(
        store: Store,
        catalog: Arc<Catalog>,
        policies: Policies,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        token_settings: TokenSettings,
        log_end: LogPosition,
    ) -> Self {
        let passwords = Passwords::new(store.random().clone());
        Self {
            store,
            catalog,
            policies: Arc::new(policies),
            keys,
            clock,
            attempts: Arc::default(),
            passwords,
            provider: None,
            token_settings: Arc::new(token_settings),
            key_uses: Arc::default(),
            tail: Arc::new(Tail::new(log_end)),
            followers: Arc::default(),
            catch_up: Arc::new(Semaphore::new(MAX_CATCH_UP)),
            cached_rights: None,
            cached_parts: None,
        }
    }

    /// Caches the rights of callers and the rows of requests, in at most so many bytes; 0 caches none.
    pub fn with_cache(mut self, bytes: usize) -> Result<Self, String> {
        let rights = bytes / RIGHTS_SHARE;
        self.cached_rights = (bytes > 0).then(|| RightsCache::new(rights)).transpose()?.map(Arc::new);
        self.cached_parts = (bytes > 0).then(|| PartCache::new(bytes - rights)).transpose()?.map(Arc::new);
        Ok(self)
    }

    /// A part of each of those requests, from the cache or the database.
    pub async fn parts_of<P: RequestPart>(
        &self,
        requests: impl IntoIterator<Item = &entity::request::Model>,
    ) -> Result<HashMap<Uuid, Arc<Vec<PartRow<P>>>>, StoreError> {
        store::parts_of::<P>(&self.store, self.cached_parts.as_deref(), requests).await
    }

    /// The store, for lists and fields read through a [`Viewing`](store::Viewing).
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The server's keys, for texts that clients send back.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Offices and procedures.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The clock, to wait for a time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// The caller with their grants in force, for reading.
    pub async fn caller(&self, pass: Pass) -> ServiceResult<CallerWithPolicy> {
        let caller =
            store::caller(self.store.reader(), pass, self.now()).await?.ok_or(ServiceError::Unauthenticated)?;
        Ok(CallerWithPolicy::new(caller, self.policy()))
    }

    /// The procedure version of a request.
    pub fn entry_of(&self, row: &entity::request::Model) -> ServiceResult<&Arc<ProcedureEntry>> {
        let version = u32::try_from(row.procedure_version).unwrap_or(0);
        self.catalog.version(&row.office, &row.procedure, version).ok_or_else(|| {
            ServiceError::Internal(format!("no version {version} of {}/{} is loaded", row.office, row.procedure))
        })
    }

    /// The office of a request.
    pub fn office_of(&self, row: &entity::request::Model) -> ServiceResult<&OfficeEntry> {
        self.catalog
            .office(&row.office)
            .ok_or_else(|| ServiceError::Internal(format!("no office {} is loaded", row.office)))
    }
}
