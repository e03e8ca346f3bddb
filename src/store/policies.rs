//! Policies, past and active, each under a MAC. The newest is active for every server on the database.

use chrono::{DateTime, Utc};
use entity::policy;
use migration::SchemaManager;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, QueryOrder, QuerySelect};

use super::database::{insert, lock_policies, notify_followers};
use super::event_log::own_mac;
use super::{OfficeChange, Store, StoreError, commit};
use crate::event::{OfficeEventKind, OfficeEventSubject};

/// A policy's row.
pub type StoredPolicy = policy::Model;

/// A policy to become active.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// Its files' texts, as JSON.
    pub text: String,
    /// The SHA-256 of the text, in hexadecimal.
    pub hash: String,
    /// From when.
    pub since: DateTime<Utc>,
    /// The person or operator responsible for the change.
    pub by_whom: String,
}

/// The policy to be replaced by a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaceable {
    /// Any active policy.
    Any,
    /// None: a new policy becomes active only in a database without one.
    None,
}

/// The result of recording a policy.
#[derive(Debug, Clone)]
pub struct RecordedPolicy {
    /// The active policy.
    pub active: StoredPolicy,
    /// It was just recorded.
    pub is_new: bool,
    /// The replaced policy; none without one, or without a genuine one.
    pub before: Option<StoredPolicy>,
}

/// Returns the hash of the active policy of an existing database, if any.
pub async fn active_hash(connection: &DatabaseConnection) -> Result<Option<String>, StoreError> {
    // A schema from before there were such rows has no table for them.
    if !SchemaManager::new(connection).has_table("policies").await? {
        return Ok(None);
    }
    let newest = policy::Entity::find().select_only().column(policy::Column::Hash);
    Ok(newest.order_by_desc(policy::Column::Number).into_tuple().one(connection).await?)
}

impl Store {
    /// The number of the active policy and its hash; 0 and nothing while there is none.
    pub async fn active_policy_mark(&self) -> Result<(i64, String), StoreError> {
        let newest = policy::Entity::find().select_only().columns([policy::Column::Number, policy::Column::Hash]);
        let newest = newest.order_by_desc(policy::Column::Number).into_tuple().one(self.reader()).await?;
        Ok(newest.unwrap_or_default())
    }

    /// The active policy; none while there is none. [`StoreError::Damaged`] when this program did not write it.
    pub async fn active_policy(&self) -> Result<Option<StoredPolicy>, StoreError> {
        newest(self.reader()).await?.map(|row| self.genuine(row)).transpose()
    }

    /// Makes a policy active, unless it is already, or the active one may not be replaced. `changed`: the offices with other
    /// permissions than before; each gets an event in its own record.
    pub async fn record_policy(
        &self,
        new: NewPolicy,
        over: Replaceable,
        changed: impl Fn(&StoredPolicy) -> Vec<String>,
    ) -> Result<RecordedPolicy, StoreError> {
        let transaction = self.begin().await?;
        lock_policies(&transaction).await?;
        let newest = newest(&transaction).await?;
        let number = newest.as_ref().map_or(0, |row| row.number) + 1;
        let before = match newest.map(|row| self.genuine(row)).transpose() {
            Err(StoreError::Damaged(_)) if over == Replaceable::Any => None,
            before => before?,
        };
        if let Some(active) = before.clone().filter(|before| over == Replaceable::None || before.hash == new.hash) {
            transaction.rollback().await?;
            return Ok(RecordedPolicy { active, is_new: false, before });
        }
        let NewPolicy { text, hash, since, by_whom } = new;
        let mut active = StoredPolicy { number, text, hash, since, by_whom, mac: Vec::new() };
        active.mac = policy_mac(self, &active)?;
        insert(&transaction, active.clone()).await?;
        for office in before.as_ref().map(&changed).unwrap_or_default() {
            let mut change = OfficeChange::by_operator(self, &transaction, &office, active.since).await?;
            let policy = Some(active.hash.clone());
            change.append(OfficeEventKind::PolicyChanged, OfficeEventSubject { policy, ..Default::default() }).await?;
            change.save().await?;
        }
        notify_followers(&transaction).await?;
        commit(self, transaction).await?;
        self.grown().notify_one();
        Ok(RecordedPolicy { active, is_new: true, before })
    }

    /// The row, if this program wrote it.
    pub(super) fn genuine(&self, row: StoredPolicy) -> Result<StoredPolicy, StoreError> {
        if policy_mac(self, &row)? == row.mac {
            return Ok(row);
        }
        let what = format!("policy {} was edited or inserted by hand: its MAC does not fit", row.number);
        Err(StoreError::Damaged(what))
    }
}

async fn newest<C: ConnectionTrait>(connection: &C) -> Result<Option<StoredPolicy>, StoreError> {
    Ok(policy::Entity::find().order_by_desc(policy::Column::Number).one(connection).await?)
}

/// The MAC of a policy's row: over every column but itself.
fn policy_mac(store: &Store, row: &StoredPolicy) -> Result<Vec<u8>, StoreError> {
    own_mac(store, b"policy", row, "mac")
}
