//! One file per use case: who, may they, load, decide, save with its events. The only way from an edge to the data.

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
mod validation;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::access::{Action, Capacity, Condition, Grant, KeyScope, Scope, Seen};
use crate::auth::{Keys, Passwords, Provider, SignInLimiter};
use crate::clock::Clock;
use crate::live::Tail;
use crate::policy::{Object, Policy};
use crate::store::{self, RoleStep, SeenRequest, Store, Transaction, Viewing, ViewingScope, Waiting};

pub use crate::access::{Login, Pass};
pub use crate::policy::Line;
pub use crate::store::LogPosition;
pub use authorization::caller::{CallerWithPolicy, PolicySnapshot};
pub use authorization::explain::{
    Awaited, ClosedAct, ClosedReason, ExplainQuery, Explanation, Permission, Prerequisites, Verdict,
};
pub use authorization::policies::{ActivePolicy, Policies, PolicyRejected, format_changes, record_policy};
pub use catalog::{Catalog, OfficeEntry, ProcedureEntry};
pub use error::{Answer, Refused, UserError, UserErrorCode};
pub use following::audience::FollowerView;
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
    /// Whose tokens are taken beside our own.
    provider: Option<Arc<Provider>>,
    terms: Arc<TokenSettings>,
    noted: Arc<identity::api_key::Noted>,
    tail: Arc<Tail>,
    audience: Arc<following::audience::Audience>,
    /// So many followers read from further back at a time.
    reading_back: Arc<Semaphore>,
}

/// So many followers read from further back at a time.
const READING_BACK: usize = 4;

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    /// A service over an open store, whose log ends there.
    pub fn new(
        store: Store,
        catalog: Arc<Catalog>,
        policies: Policies,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        terms: TokenSettings,
        log_end: LogPosition,
    ) -> Self {
        Self {
            store,
            catalog,
            policies: Arc::new(policies),
            keys,
            clock,
            attempts: Arc::default(),
            passwords: Passwords::default(),
            provider: None,
            terms: Arc::new(terms),
            noted: Arc::default(),
            tail: Arc::new(Tail::new(log_end)),
            audience: Arc::default(),
            reading_back: Arc::new(Semaphore::new(READING_BACK)),
        }
    }

    /// The store, for what reads through a [`Viewing`].
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Offices and procedures.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The clock, for whoever waits for a moment.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// The caller with their grants in force, for reading.
    pub async fn caller(&self, pass: Pass) -> Answer<CallerWithPolicy> {
        let caller = store::caller(self.store.reader(), pass, self.now()).await?.ok_or(Refused::Unauthenticated)?;
        Ok(CallerWithPolicy::new(caller, self.policy()))
    }

    /// What the caller may see.
    pub fn viewing(&self, caller: &CallerWithPolicy) -> Viewing {
        let scopes = caller.grants.iter().flat_map(|grant| {
            caller.policy().scopes(&grant.office, &grant.role).iter().map(|scope| ViewingScope {
                office: grant.office.clone(),
                agency: grant.agency,
                scope: *scope,
                steps: if *scope == Scope::Reached { steps_of(caller.policy(), grant) } else { Vec::new() },
            })
        });
        let mut offices: Vec<String> = caller.grants.iter().map(|grant| grant.office.clone()).collect();
        offices.sort();
        offices.dedup();
        let submitters = caller.policy().submitters(&self.catalog);
        Viewing { user: caller.pass.user, now: self.now(), offices, scopes: scopes.collect(), submitters }
    }

    /// For what requests may wait for the caller.
    pub fn waiting(&self, caller: &CallerWithPolicy) -> Vec<Waiting> {
        let policy = caller.policy();
        let turns = |grant: &Grant, action| turns(policy, &grant.office, &grant.role, action, Some(grant.capacity));
        let of = |grant: &Grant| Waiting {
            office: grant.office.clone(),
            agency: grant.agency,
            executes: turns(grant, Action::Execute),
            signs: turns(grant, Action::Sign),
            reveals: policy.procedures(&grant.office, &grant.role, Action::Reveal).to_vec(),
        };
        caller.grants.iter().map(of).collect()
    }

    /// For what requests may wait for whoever holds a role.
    pub fn awaiting(&self, policy: &Policy, role: &str) -> Vec<Waiting> {
        let of = |office: &OfficeEntry| Waiting {
            office: office.office.key.clone(),
            agency: None,
            executes: turns(policy, &office.office.key, role, Action::Execute, None),
            signs: turns(policy, &office.office.key, role, Action::Sign, None),
            reveals: Vec::new(),
        };
        self.catalog.offices().map(of).collect()
    }

    /// Begins an act on requests or assets: by somebody who signed in, or by an API key that may act.
    async fn begin_act(&self, pass: Pass) -> Answer<(Transaction, CallerWithPolicy)> {
        self.expect_scope(pass, KeyScope::Act, "This")?;
        self.begin_write(pass, None).await
    }

    /// Begins any other write: by somebody who signed in, and by no API key.
    async fn begin(&self, pass: Pass) -> Answer<(Transaction, CallerWithPolicy)> {
        self.begin_in(pass, None).await
    }

    /// The same, for what is changed in an office: from here on nobody else changes its people until the transaction ends.
    async fn begin_in(&self, pass: Pass, office: Option<&str>) -> Answer<(Transaction, CallerWithPolicy)> {
        if pass.key().is_some() {
            return Err(Refused::Forbidden("No API key may do this: sign in as a person.".into()));
        }
        self.begin_write(pass, office).await
    }

    /// The caller's grants are read in the transaction that writes, not from before, and stay until it ends; one policy judges
    /// all of it.
    async fn begin_write(&self, pass: Pass, office: Option<&str>) -> Answer<(Transaction, CallerWithPolicy)> {
        let transaction = self.store.begin().await?;
        if let Some(office) = office {
            store::lock_office(&transaction, office).await?;
        }
        store::lock_rights_shared(&transaction, pass.user).await?;
        let caller = store::caller(&transaction, pass, self.now()).await?.ok_or(Refused::Unauthenticated)?;
        Ok((transaction, CallerWithPolicy::new(caller, self.policy())))
    }

    /// A request that the caller may see, in the writing transaction: nobody else changes it until that ends. Whatever hangs
    /// on it and is decided on is read after this.
    async fn see(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        request: Uuid,
        path: &[&str],
    ) -> Answer<Seen<SeenRequest>> {
        let viewing = self.viewing(caller);
        store::lock_request(transaction, request).await?;
        store::see_request(transaction, &viewing, request).await?.ok_or_else(|| Refused::not_found(path))
    }

    /// The request that something hangs on, as [`Service::see`] gives it. It is looked for even where there is nothing: by what
    /// that takes, nobody tells what is hidden from what is not there.
    async fn see_holder(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        request: Option<Uuid>,
        path: &[&str],
    ) -> Answer<Seen<SeenRequest>> {
        self.see(transaction, caller, request.unwrap_or_default(), path).await
    }

    /// The version of the procedure that a request runs by.
    pub fn entry_of(&self, row: &entity::request::Model) -> Answer<&Arc<ProcedureEntry>> {
        let version = u32::try_from(row.procedure_version).unwrap_or(0);
        self.catalog.version(&row.office, &row.procedure, version).ok_or_else(|| {
            Refused::Internal(format!("no version {version} of {}/{} is loaded", row.office, row.procedure))
        })
    }

    /// The office of a request.
    pub fn office_of(&self, row: &entity::request::Model) -> Answer<&OfficeEntry> {
        self.catalog.office(&row.office).ok_or_else(|| Refused::Internal(format!("no office {} is loaded", row.office)))
    }

    /// Commits, with a place in the log for what happened: what a mutation's answer shows includes its own events.
    async fn commit(&self, transaction: Transaction) -> Answer<()> {
        Ok(store::commit(&self.store, transaction).await?)
    }
}

/// The steps that a grant's role executes or signs.
fn steps_of(policy: &Policy, grant: &Grant) -> Vec<(String, String)> {
    let of = |action| policy.steps(&grant.office, &grant.role, action).iter().cloned();
    of(Action::Execute).chain(of(Action::Sign)).collect()
}

/// The steps at which a role may do this, in a capacity where one is given.
fn turns(policy: &Policy, office: &str, role: &str, action: Action, capacity: Option<Capacity>) -> Vec<RoleStep> {
    let turn = |(procedure, step): &(String, String)| {
        let line = policy.line(role, office, Object::Step(procedure, step), action)?;
        let mut other_than = Vec::new();
        for condition in &line.conditions {
            match condition {
                Condition::OtherThan(step) => other_than.push(step.clone()),
                Condition::Definitive if capacity.is_none_or(|capacity| capacity == Capacity::Definitive) => {}
                Condition::Definitive => return None,
            }
        }
        Some(RoleStep { procedure: procedure.clone(), step: step.clone(), other_than })
    };
    policy.steps(office, role, action).iter().filter_map(turn).collect()
}
