//! Replacement of the active policy: recorded in the database, then reloaded by every instance.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::active_policy::{ActivePolicy, PolicyRejected, PolicySnapshot, validate};
use crate::policy::{LineChanges, PolicyText};
use crate::procedure::Fault;
use crate::service::{Service, StoredProcedures};
use crate::store::{NewPolicy, RecordedPolicy, Replaceable, Store, StoreError, StoredPolicy};

/// Maximum number of changed lines listed for an office.
const MAX_LISTED: usize = 8;

/// Records a policy as the active one of a database. Running instances reload it.
pub async fn record_policy(
    store: &Store,
    text: &PolicyText,
    by_whom: String,
    since: DateTime<Utc>,
    over: Replaceable,
) -> Result<RecordedPolicy, StoreError> {
    let new = NewPolicy { hash: text.hash(), text: text.recorded(), since, by_whom };
    let changed = |before: &StoredPolicy| {
        // An unreadable policy cannot be compared: every office gets the event.
        let before = PolicyText::from_record(&before.text).unwrap_or_default();
        text.changes(&before).into_keys().collect()
    };
    store.record_policy(new, over, changed).await
}

impl Service {
    /// The active policy.
    pub fn policy(&self) -> PolicySnapshot {
        self.policies.active()
    }

    /// Records a policy as the active one, once validated against the SOPs of this server. Returns its warnings too.
    pub async fn offer_policy(
        &self,
        text: PolicyText,
        by_whom: String,
    ) -> Result<(RecordedPolicy, Vec<Fault>), PolicyRejected> {
        let stored = StoredProcedures::read(&self.store).await?.kept;
        let (_, warnings) = validate(text.clone(), self.policies.shelf.clone(), stored).await?;
        Ok((record_policy(&self.store, &text, by_whom, self.now(), Replaceable::Any).await?, warnings))
    }

    /// Reloads the active policy after a change in the database. A rejected one is logged once, and the policy before it stays.
    /// `seen`: the number and the hash of the policy examined last.
    pub(in crate::service) async fn reload_policy(&self, seen: &mut (i64, String)) -> Result<(), StoreError> {
        let before = self.policy();
        // After the restore of an older database, a number may be another policy's.
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
                // Followers are notified right after this, and compute their views by the new policy.
                self.policies.replace(new);
            }
            Err(PolicyRejected::Store(error @ (StoreError::Unavailable(_) | StoreError::GivenUp(_)))) => {
                return Err(error);
            }
            Err(rejected) => {
                let (stays, why) = (before.number, rejected.to_string());
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
        let stored = StoredProcedures::read(&self.store).await?.kept;
        let new = ActivePolicy::from_stored(&row, self.policies.shelf.clone(), stored).await?;
        Ok((row, new))
    }
}

/// Formats changed lines, by office, as one line.
pub fn format_changes(changes: &BTreeMap<String, LineChanges>) -> String {
    if changes.is_empty() {
        return "no line".to_owned();
    }
    let office = |(office, changed): (&String, &LineChanges)| {
        let LineChanges { added, removed } = changed;
        let lines = removed.iter().map(|line| format!("- {line}")).chain(added.iter().map(|line| format!("+ {line}")));
        let mut lines: Vec<String> = lines.collect();
        let more = lines.len().saturating_sub(MAX_LISTED);
        lines.truncate(MAX_LISTED);
        lines.extend((more > 0).then(|| format!("and {more} more")));
        format!("{office}: {}", lines.join("; "))
    };
    changes.iter().map(office).collect::<Vec<_>>().join(" | ")
}
