//! Changes of an office itself: its agencies and grants, with their events in the office's own hash chain, in one transaction.
//! Opened by a proof of authorization, or by the operator at the machine.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{agency, event, grant, office_chain};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::row_mac::{chain_mac, event_mac};
use super::sequencer::{self, LogEnd};
use super::uncovered_rows::UncoveredRows;
use crate::access::{Actor, Authorized, WholeOffice};
use crate::event::{Audience, Body, OfficeEventBody, OfficeEventKind, OfficeEventSubject};
use crate::store::database::{insert, update};
use crate::store::{Store, StoreError, Transaction, lock_office};

/// A change of an office, under way.
#[derive(Debug)]
pub struct OfficeChange<'a> {
    store: &'a Store,
    transaction: &'a Transaction,
    /// None: the operator at the machine.
    actor: Option<Actor>,
    now: DateTime<Utc>,
    chain: office_chain::Model,
    begun: bool,
    uncovered: UncoveredRows<'a>,
    events: Vec<event::Model>,
    /// The end of the log before this change, once read.
    log_end: Option<LogEnd>,
}

impl<'a> OfficeChange<'a> {
    /// Opens an office for an authorized act, and locks it until the transaction ends.
    pub async fn open(
        store: &'a Store,
        transaction: &'a Transaction,
        allowed: &Authorized<WholeOffice>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let WholeOffice(office) = &**allowed;
        Self::begin(store, transaction, office, Some(allowed.actor().clone()), now).await
    }

    /// Opens an office for the operator at the machine, without a policy decision.
    pub async fn by_operator(
        store: &'a Store,
        transaction: &'a Transaction,
        office: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        Self::begin(store, transaction, office, None, now).await
    }

    async fn begin(
        store: &'a Store,
        transaction: &'a Transaction,
        office: &str,
        actor: Option<Actor>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        lock_office(transaction, office).await?;
        let found = office_chain::Entity::find().filter(office_chain::Column::Office.eq(office));
        let found = found.one(transaction).await?;
        let begun = found.is_some();
        let chain = found.unwrap_or_else(|| office_chain::Model {
            id: store.new_id(now),
            office: office.to_owned(),
            last_sequence: 0,
            last_mac: Vec::new(),
            row_mac: Vec::new(),
        });
        if begun && chain_mac(store, &chain)? != chain.row_mac {
            let message = format!("the record of the office {office} was edited: run `disposisi audit verify`");
            return Err(StoreError::Damaged(message));
        }
        let (uncovered, events) = (UncoveredRows::new(store, transaction), Vec::new());
        let mut change = Self { store, transaction, actor, now, chain, begun, uncovered, events, log_end: None };
        if !begun {
            change.adopt().await?;
        }
        Ok(change)
    }

    /// Begins the record: its first event covers the agencies and grants of earlier versions of the program.
    async fn adopt(&mut self) -> Result<(), StoreError> {
        let office = self.chain.office.as_str();
        let agencies = agency::Entity::find().filter(agency::Column::Office.eq(office)).all(self.transaction).await?;
        let grants = grant::Entity::find().filter(grant::Column::Office.eq(office)).all(self.transaction).await?;
        for row in &agencies {
            self.uncovered.adopt(row)?;
        }
        for row in &grants {
            self.uncovered.adopt(row)?;
        }
        // Also without any row: a row inserted later without an event must not be covered.
        let actor = self.actor.take();
        self.append(OfficeEventKind::RecordBegun, OfficeEventSubject::default()).await?;
        self.actor = actor;
        Ok(())
    }

    /// The transaction, for reads before a decision.
    pub fn transaction(&self) -> &Transaction {
        self.transaction
    }

    /// The moment of the change.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns a new id, for a row of the office.
    pub fn new_id(&self) -> Uuid {
        self.store.new_id(self.now)
    }

    /// Adds an agency.
    pub async fn add_agency(&mut self, row: agency::Model) -> Result<(), StoreError> {
        self.uncovered.insert(row).await
    }

    /// Changes an agency.
    pub async fn save_agency(&mut self, row: agency::Model) -> Result<(), StoreError> {
        self.uncovered.update(row).await
    }

    /// Adds a grant.
    pub async fn add_grant(&mut self, row: grant::Model) -> Result<(), StoreError> {
        self.uncovered.insert(row).await
    }

    /// Changes a grant.
    pub async fn save_grant(&mut self, row: grant::Model) -> Result<(), StoreError> {
        self.uncovered.update(row).await
    }

    /// Appends an event.
    pub async fn append(&mut self, kind: OfficeEventKind, subject: OfficeEventSubject) -> Result<Uuid, StoreError> {
        let log = sequencer::link(self.store, self.transaction, &mut self.log_end).await?;
        let id = self.new_id();
        let sequence = self.chain.last_sequence + 1;
        let audience = Audience::Office;
        let body = OfficeEventBody {
            id,
            request: self.chain.id,
            office: self.chain.office.clone(),
            sequence,
            kind,
            at: self.now,
            version: 0,
            audience,
            actor: self.actor.clone(),
            subject,
            rows: std::mem::take(&mut self.uncovered.macs),
            log,
        };
        let body = body.write().map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mac = event_mac(self.store, &self.chain.last_mac, &body);
        self.events.push(event::Model {
            id,
            request_id: self.chain.id,
            sequence,
            kind: kind.word().to_owned(),
            at: self.now,
            version: 0,
            audience: audience.into(),
            body,
            mac: mac.clone(),
        });
        self.chain.last_sequence = sequence;
        self.chain.last_mac = mac;
        Ok(id)
    }

    /// Saves the events and the end of their chain.
    pub async fn save(mut self) -> Result<(), StoreError> {
        self.uncovered.expect_none()?;
        if self.events.is_empty() {
            return Ok(());
        }
        self.chain.row_mac = chain_mac(self.store, &self.chain)?;
        sequencer::append(self.store, self.transaction, self.events, self.log_end).await?;
        if self.begun {
            return update(self.transaction, self.chain).await;
        }
        insert(self.transaction, self.chain).await
    }
}

/// Begins the record of each office without one, covering its agencies and grants.
pub async fn begin_records(store: &Store, offices: &[&str], now: DateTime<Utc>) -> Result<(), StoreError> {
    for office in offices {
        if office_chain(store, office).await?.is_some() {
            continue;
        }
        let transaction = store.begin().await?;
        OfficeChange::by_operator(store, &transaction, office, now).await?.save().await?;
        sequencer::commit(store, transaction).await?;
    }
    Ok(())
}

/// Returns the grantor of each grant of an office, from its record; none for grants given by the operator.
pub async fn grantors<C: ConnectionTrait>(connection: &C, office: &str) -> Result<HashMap<Uuid, Uuid>, StoreError> {
    let chain = Query::select()
        .column(office_chain::Column::Id)
        .from(office_chain::Entity)
        .and_where(Expr::col(office_chain::Column::Office).eq(office))
        .to_owned();
    let granted = event::Entity::find()
        .select_only()
        .column(event::Column::Body)
        .filter(event::Column::RequestId.in_subquery(chain))
        .filter(event::Column::Kind.eq(OfficeEventKind::RoleGranted.word()));
    let bodies: Vec<String> = granted.into_tuple().all(connection).await?;
    let given = |body: String| {
        let body = OfficeEventBody::read(&body).ok()?;
        Some((body.subject.grant?, body.actor?.user))
    };
    Ok(bodies.into_iter().filter_map(given).collect())
}

/// The chain of an office's own events; none before the first.
pub async fn office_chain(store: &Store, office: &str) -> Result<Option<Uuid>, StoreError> {
    let found =
        office_chain::Entity::find().filter(office_chain::Column::Office.eq(office)).one(store.reader()).await?;
    Ok(found.map(|row| row.id))
}
