//! The policy in force and its replacement: complete and validated, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;

use crate::access::{Action, Condition};
use crate::policy::{KnownVersion, LineChanges, Object, Policy, PolicyText};
use crate::procedure::{Fault, Shelf};
use crate::service::authorization::caller::PolicySnapshot;
use crate::service::{Catalog, Service, StoredProcedures};
use crate::store::{NewPolicy, RecordedPolicy, Replaceable, Store, StoreError, StoredPolicy, Submits, Submitters};

/// How many changed lines of an office are told one by one.
const TOLD: usize = 8;

/// A policy that decides, and which of the database's it is.
#[derive(Debug)]
pub struct ActivePolicy {
    /// Its number; 0 for one that is in no database.
    pub number: i64,
    /// The SHA-256 of its text, in hexadecimal.
    pub hash: String,
    text: PolicyText,
    policy: Policy,
    /// Who submits by it, once that was asked.
    submitters: OnceLock<Arc<Submitters>>,
}

impl Deref for ActivePolicy {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}

impl ActivePolicy {
    /// A policy that is in no database.
    pub fn unrecorded(policy: Policy) -> Self {
        let (text, submitters) = (PolicyText::default(), OnceLock::new());
        Self { number: 0, hash: String::new(), text, policy, submitters }
    }

    /// A recorded policy that was decided from that text.
    pub fn from_record(row: &StoredPolicy, text: PolicyText, policy: Policy) -> Self {
        Self { number: row.number, hash: row.hash.clone(), text, policy, submitters: OnceLock::new() }
    }

    /// Who submits by it what is in a catalog, of which there is one for as long as it decides.
    pub(in crate::service) fn submitters(&self, catalog: &Catalog) -> Arc<Submitters> {
        self.submitters.get_or_init(|| Arc::new(submitters(&self.policy, catalog))).clone()
    }

    /// A recorded policy, decided, where it fits those SOPs.
    pub async fn from_stored(
        row: &StoredPolicy,
        shelf: Arc<Shelf>,
        kept: Vec<KnownVersion>,
    ) -> Result<Self, PolicyRejected> {
        let text = PolicyText::from_record(&row.text).map_err(PolicyRejected::Failed)?;
        let (policy, _) = judge(text.clone(), shelf, kept).await?;
        Ok(Self::from_record(row, text, policy))
    }
}

/// Who may execute the first step of any version of a procedure.
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
    /// It is wrong by itself, or does not fit the SOPs: every fault.
    Faults(Vec<Fault>),
    /// The database does not take it, or give it.
    Store(StoreError),
    /// It could not be looked at.
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

/// Decides a policy and holds it against the SOPs. The faults that are none but warnings come with it.
async fn judge(
    text: PolicyText,
    shelf: Arc<Shelf>,
    kept: Vec<KnownVersion>,
) -> Result<(Policy, Vec<Fault>), PolicyRejected> {
    let runtime = tokio::runtime::Handle::current();
    // It takes the longer the more lines there are: not on a thread that serves.
    let judged = tokio::task::spawn_blocking(move || runtime.block_on(text.validate(&shelf, Some(&kept))));
    judged.await.map_err(|error| PolicyRejected::Failed(error.to_string()))?.map_err(PolicyRejected::Faults)
}

/// The policy that decides now, and what others are held against.
#[derive(Debug)]
pub struct Policies {
    now: ArcSwap<ActivePolicy>,
    shelf: Arc<Shelf>,
}

impl Policies {
    /// That policy decides, and fits those SOPs.
    pub fn new(now: ActivePolicy, shelf: Arc<Shelf>) -> Self {
        Self { now: ArcSwap::from_pointee(now), shelf }
    }
}

/// Makes a policy the active one of a database; whoever serves from it takes it up.
pub async fn record_policy(
    store: &Store,
    text: &PolicyText,
    by_whom: String,
    since: chrono::DateTime<chrono::Utc>,
    over: Replaceable,
) -> Result<RecordedPolicy, StoreError> {
    let new = NewPolicy { hash: text.hash(), text: text.recorded(), since, by_whom };
    let changed = |before: &StoredPolicy| {
        // What cannot be read is what nobody can compare: every office is told.
        let before = PolicyText::from_record(&before.text).unwrap_or_default();
        text.changes(&before).into_keys().collect()
    };
    store.record_policy(new, over, changed).await
}

impl Service {
    /// Who may do what, as of now.
    pub fn policy(&self) -> PolicySnapshot {
        self.policies.now.load_full()
    }

    /// Makes a policy the active one, once it is found to fit what this server runs. What is to look at comes with it.
    pub async fn offer_policy(
        &self,
        text: PolicyText,
        by_whom: String,
    ) -> Result<(RecordedPolicy, Vec<Fault>), PolicyRejected> {
        let (_, warnings) =
            judge(text.clone(), self.policies.shelf.clone(), StoredProcedures::read(&self.store).await?.kept).await?;
        Ok((record_policy(&self.store, &text, by_whom, self.now(), Replaceable::Any).await?, warnings))
    }

    /// Takes up the active policy, where it is another than the one that decides here. One that cannot be taken up is told
    /// once, and what decided before goes on. `seen`: the number and the hash that were looked at last.
    pub(in crate::service) async fn reload_policy(&self, seen: &mut (i64, String)) -> Result<(), StoreError> {
        let before = self.policy();
        // A number may be another policy's, where an older database was restored.
        let active = self.store.active_policy_mark().await?;
        let number = active.0;
        if active == (before.number, before.hash.clone()) || active == *seen {
            return Ok(());
        }
        match self.read_active(&before).await {
            Ok((row, new)) => {
                let changed = format_changes(&new.text.changes(&before.text));
                let StoredPolicy { number, hash, by_whom, .. } = &row;
                tracing::info!(policy = number, hash, by_whom, changed, "another policy decides from here on");
                // What followers see is made anew when they look, and they are told to look right after this.
                self.policies.now.store(Arc::new(new));
            }
            Err(PolicyRejected::Store(error @ (StoreError::Unavailable(_) | StoreError::GivenUp(_)))) => {
                return Err(error);
            }
            Err(unfit) => {
                let (stays, why) = (before.number, unfit.to_string());
                tracing::error!(
                    policy = number,
                    stays,
                    why,
                    "the active policy cannot be taken up: an older one decides"
                );
            }
        }
        *seen = active;
        Ok(())
    }

    async fn read_active(&self, before: &ActivePolicy) -> Result<(StoredPolicy, ActivePolicy), PolicyRejected> {
        let row = self.store.active_policy().await?;
        let row =
            row.ok_or_else(|| PolicyRejected::Failed(format!("policy {} is gone from the database", before.number)))?;
        let new = ActivePolicy::from_stored(
            &row,
            self.policies.shelf.clone(),
            StoredProcedures::read(&self.store).await?.kept,
        )
        .await?;
        Ok((row, new))
    }
}

/// What changed, on one line.
pub fn format_changes(changes: &BTreeMap<String, LineChanges>) -> String {
    if changes.is_empty() {
        return "no line".to_owned();
    }
    let office = |(office, changed): (&String, &LineChanges)| {
        let LineChanges { added, removed } = changed;
        let lines = removed.iter().map(|line| format!("- {line}")).chain(added.iter().map(|line| format!("+ {line}")));
        let mut lines: Vec<String> = lines.collect();
        let more = lines.len().saturating_sub(TOLD);
        lines.truncate(TOLD);
        lines.extend((more > 0).then(|| format!("and {more} more")));
        format!("{office}: {}", lines.join("; "))
    };
    changes.iter().map(office).collect::<Vec<_>>().join(" | ")
}
