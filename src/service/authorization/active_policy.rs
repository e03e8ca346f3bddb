//! The active policy: validated against the SOPs, and replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;

use crate::access::{Action, Condition};
use crate::policy::{KnownVersion, Object, Policy, PolicyText};
use crate::procedure::{Fault, Shelf};
use crate::service::Catalog;
use crate::store::{StoreError, StoredPolicy, Submits, Submitters};

/// A shared reference to a policy, for one act or one answer.
pub type PolicySnapshot = Arc<ActivePolicy>;

/// A policy with its number in the database.
#[derive(Debug)]
pub struct ActivePolicy {
    /// Its number; 0 for a policy in no database.
    pub number: i64,
    /// The SHA-256 of its text, in hexadecimal.
    pub hash: String,
    pub(super) text: PolicyText,
    policy: Policy,
    /// The submitters by this policy, computed once.
    submitters: OnceLock<Arc<Submitters>>,
}

impl Deref for ActivePolicy {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}

impl ActivePolicy {
    /// A policy in no database.
    pub fn unrecorded(policy: Policy) -> Self {
        let (text, submitters) = (PolicyText::default(), OnceLock::new());
        Self { number: 0, hash: String::new(), text, policy, submitters }
    }

    /// A recorded policy, evaluated from its text.
    pub fn from_record(row: &StoredPolicy, text: PolicyText, policy: Policy) -> Self {
        Self { number: row.number, hash: row.hash.clone(), text, policy, submitters: OnceLock::new() }
    }

    /// Evaluates a recorded policy and validates it against the SOPs.
    pub async fn from_stored(
        row: &StoredPolicy,
        shelf: Arc<Shelf>,
        stored: Vec<KnownVersion>,
    ) -> Result<Self, PolicyRejected> {
        let text = PolicyText::from_record(&row.text).map_err(PolicyRejected::Failed)?;
        let (policy, _) = validate(text.clone(), shelf, stored).await?;
        Ok(Self::from_record(row, text, policy))
    }

    /// The submitters of the catalog's procedures. A program has one catalog, so the first result stands.
    pub(in crate::service) fn submitters(&self, catalog: &Catalog) -> Arc<Submitters> {
        self.submitters.get_or_init(|| Arc::new(submitters(&self.policy, catalog))).clone()
    }
}

/// The roles allowed to execute the first step of any version of a procedure.
fn submitters(policy: &Policy, catalog: &Catalog) -> Submitters {
    let mut procedures: BTreeMap<(&str, &str, bool), BTreeSet<&str>> = BTreeMap::new();
    for office in catalog.offices().map(|entry| entry.office.key.as_str()) {
        for procedure in catalog.versions(office).map(|entry| &entry.procedure) {
            let Some(step) = procedure.first_step() else { continue };
            for role in policy.roles(office, &procedure.key, &step.key, Action::Execute) {
                let line = policy.line(role, office, Object::Step(&procedure.key, &step.key), Action::Execute);
                let definitively = line.is_some_and(|line| line.conditions.contains(&Condition::Definitive));
                procedures.entry((office, role, definitively)).or_default().insert(&procedure.key);
            }
        }
    }
    let submits = |((office, role, definitively), procedures): ((&str, &str, bool), BTreeSet<&str>)| Submits {
        office: office.to_owned(),
        role: role.to_owned(),
        definitively,
        procedures: procedures.into_iter().map(str::to_owned).collect(),
    };
    Submitters(procedures.into_iter().map(submits).collect())
}

/// Why a policy does not become active.
#[derive(Debug)]
pub enum PolicyRejected {
    /// The policy is faulty or does not fit the SOPs: every fault.
    Faults(Vec<Fault>),
    /// A database error.
    Store(StoreError),
    /// Validation could not run.
    Failed(String),
}

impl From<StoreError> for PolicyRejected {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl std::fmt::Display for PolicyRejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Faults(faults) => f.write_str(&faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
            Self::Store(error) => error.fmt(f),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// Evaluates a policy and validates it against the SOPs. Returns its warnings too.
pub(super) async fn validate(
    text: PolicyText,
    shelf: Arc<Shelf>,
    stored: Vec<KnownVersion>,
) -> Result<(Policy, Vec<Fault>), PolicyRejected> {
    let runtime = tokio::runtime::Handle::current();
    // The time grows with the number of lines: not on a thread of the event loop.
    let validated = tokio::task::spawn_blocking(move || runtime.block_on(text.validate(&shelf, Some(&stored))));
    validated.await.map_err(|error| PolicyRejected::Failed(error.to_string()))?.map_err(PolicyRejected::Faults)
}

/// The active policy, replaceable, with the SOPs for the validation of others.
#[derive(Debug)]
pub struct Policies {
    active: ArcSwap<ActivePolicy>,
    pub(super) shelf: Arc<Shelf>,
}

impl Policies {
    /// Begins with a policy already validated against the SOPs.
    pub fn new(active: ActivePolicy, shelf: Arc<Shelf>) -> Self {
        Self { active: ArcSwap::from_pointee(active), shelf }
    }

    /// The active policy.
    pub(super) fn active(&self) -> PolicySnapshot {
        self.active.load_full()
    }

    /// Replaces the active policy.
    pub(super) fn replace(&self, new: ActivePolicy) {
        self.active.store(Arc::new(new));
    }
}
