//! Changes of a request: rows and events in one transaction, opened only by a proof of authorization.

use chrono::{DateTime, Utc};
use entity::{disposition, disposition_read, document, event, request, signature, submission, visit};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, ModelTrait, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use super::row_mac::{asset_macs, event_mac, request_mac, row_mac, row_name};
use super::sequencer::{self, LogEnd};
use super::uncovered_rows::UncoveredRows;
use crate::access::{Actor, Authorized};
use crate::event::{Audience, Body, RequestEventBody, RequestEventKind, RequestEventSubject, RowMacs};
use crate::store::database::{insert, update_if};
use crate::store::{SeenRequest, Store, StoreError, Transaction, with_actor};
use crate::workflow::State;

/// An event of a request, as a change appended it.
#[derive(Debug, Clone)]
pub struct AppendedEvent {
    /// The kind.
    pub kind: RequestEventKind,
    /// The audience.
    pub audience: Audience,
    /// The subject.
    pub subject: RequestEventSubject,
}

/// The first row of a new request.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Its row; the MACs are filled in here.
    pub row: request::Model,
}

/// A saved request with its new events.
#[derive(Debug)]
pub struct SavedRequest {
    /// Its row.
    pub row: request::Model,
    /// The events, in order.
    pub events: Vec<AppendedEvent>,
}

/// A change of a request, under way.
#[derive(Debug)]
pub struct RequestChange<'a> {
    store: &'a Store,
    transaction: &'a Transaction,
    actor: Actor,
    now: DateTime<Utc>,
    before: Option<(i32, i64)>,
    /// An event of this change is visible to the applicant.
    visible: bool,
    /// The row does not match its MAC (tampering): no event may be appended, or its MAC would cover the edited row.
    touched: bool,
    /// Rows changed since the last event, to be covered by the next one.
    uncovered: UncoveredRows<'a>,
    /// Rows covered by events of this change.
    covered: RowMacs,
    /// The events, to be written together.
    events: Vec<event::Model>,
    /// The same events, for a preview.
    appended: Vec<AppendedEvent>,
    /// The end of the log before this change, once read.
    log_end: Option<LogEnd>,
    /// The row as it will be saved.
    pub row: request::Model,
}

impl<'a> RequestChange<'a> {
    /// Opens a request for an authorized act, which has locked it.
    pub fn open(
        store: &'a Store,
        transaction: &'a Transaction,
        allowed: &Authorized<SeenRequest>,
        now: DateTime<Utc>,
    ) -> Self {
        let row = allowed.row.clone();
        let before = Some((row.version, row.last_sequence));
        // Time does not run backwards within a request, whatever a clock does.
        let now = now.max(row.updated_at);
        let touched = request_mac(store, &row).ok().as_ref() != Some(&row.row_mac);
        Self { touched, before, ..Self::new(store, transaction, allowed.actor(), now, row) }
    }

    /// Begins a new request for an authorized submission.
    pub fn begin<T>(
        store: &'a Store,
        transaction: &'a Transaction,
        allowed: &Authorized<T>,
        new: NewRequest,
        now: DateTime<Utc>,
    ) -> Self {
        Self { visible: true, ..Self::new(store, transaction, allowed.actor(), now, new.row) }
    }

    fn new(
        store: &'a Store,
        transaction: &'a Transaction,
        actor: &Actor,
        now: DateTime<Utc>,
        row: request::Model,
    ) -> Self {
        Self {
            store,
            transaction,
            actor: actor.clone(),
            now,
            before: None,
            visible: false,
            touched: false,
            uncovered: UncoveredRows::new(store, transaction),
            covered: RowMacs::new(),
            events: Vec::new(),
            appended: Vec::new(),
            log_end: None,
            row,
        }
    }

    /// The actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The moment of the change.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns a new id, for a dependent row.
    pub fn new_id(&self) -> Uuid {
        self.store.new_id(self.now)
    }

    /// The transaction, for dependent rows.
    pub fn transaction(&self) -> &Transaction {
        self.transaction
    }

    /// The step machine's state as stored.
    pub fn state(&self) -> Result<State, StoreError> {
        serde_json::from_str(&self.row.state).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// Appends an event at the row's present version.
    pub async fn append(
        &mut self,
        kind: RequestEventKind,
        audience: Audience,
        subject: RequestEventSubject,
    ) -> Result<Uuid, StoreError> {
        self.expect_whole()?;
        self.appended.push(AppendedEvent { kind, audience, subject: subject.clone() });
        if subject.asset.is_some() {
            let assets = asset_macs(self.store, self.transaction, &[self.row.id]).await?;
            self.uncovered.macs.extend(assets.into_iter().map(|(_, name, mac)| (name, mac)));
        }
        let log = sequencer::link(self.store, self.transaction, &mut self.log_end).await?;
        let id = self.new_id();
        let sequence = self.row.last_sequence + 1;
        self.visible |= audience != Audience::Office;
        let body = RequestEventBody {
            id,
            request: self.row.id,
            sequence,
            kind,
            at: self.now,
            version: self.row.version,
            audience,
            actor: Some(self.actor.clone()),
            subject,
            rows: self.uncovered.macs.clone(),
            log,
        };
        let body = body.write().map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mac = event_mac(self.store, &self.row.last_mac, &body);
        let row = event::Model {
            id,
            request_id: self.row.id,
            sequence,
            kind: kind.word().to_owned(),
            at: self.now,
            version: self.row.version,
            audience: audience.into(),
            body,
            mac: mac.clone(),
        };
        self.events.push(row);
        self.row.last_sequence = sequence;
        self.row.last_mac = mac;
        self.covered.append(&mut self.uncovered.macs);
        Ok(id)
    }

    /// Refuses to go on from an edited row: the next event would vouch for it.
    fn expect_whole(&self) -> Result<(), StoreError> {
        if !self.touched {
            return Ok(());
        }
        let number = &self.row.number;
        Err(StoreError::Damaged(format!("the row of request {number} was edited: run `disposisi audit verify`")))
    }

    /// Refuses to change a row with another MAC than its last recorded one: the next event would vouch for the edit.
    async fn expect_untouched(&self, name: &str, mac: &str) -> Result<(), StoreError> {
        let recorded = match self.uncovered.macs.get(name).or_else(|| self.covered.get(name)) {
            Some(mac) => Some(mac.clone()),
            None => last_recorded_mac(self.transaction, self.row.id, name).await?,
        };
        if recorded.as_deref() == Some(mac) {
            return Ok(());
        }
        let number = &self.row.number;
        Err(StoreError::Damaged(format!("{name} of request {number} was edited: run `disposisi audit verify`")))
    }

    /// As [`Self::expect_untouched`]. `about`: the body of an event that is likely to have recorded the row last.
    async fn expect_recorded(&self, name: &str, mac: &str, about: Option<String>) -> Result<(), StoreError> {
        let recorded = about.map(|body| recorded_mac(&body, name)).transpose()?.flatten();
        if recorded.as_deref() == Some(mac) { Ok(()) } else { self.expect_untouched(name, mac).await }
    }

    async fn expect_row_untouched<M: ModelTrait>(&self, row: &M) -> Result<(), StoreError> {
        self.expect_untouched(&row_name(row), &row_mac(self.store, row)?).await
    }

    /// Refuses to go on when the request's asset, its units or its credential were edited since the last event. Called before
    /// their change.
    pub async fn expect_asset_untouched(&self) -> Result<(), StoreError> {
        for (_, name, mac) in asset_macs(self.store, self.transaction, &[self.row.id]).await? {
            self.expect_untouched(&name, &mac).await?;
        }
        Ok(())
    }

    /// Inserts a submission.
    pub async fn submit(&mut self, submission: submission::Model) -> Result<(), StoreError> {
        self.uncovered.insert(submission).await
    }

    /// Begins a visit.
    pub async fn arrive(&mut self, visit: visit::Model) -> Result<(), StoreError> {
        self.uncovered.insert(visit).await
    }

    /// Ends a visit.
    pub async fn leave(
        &mut self,
        step: &str,
        pass: i32,
        outcome: &str,
        note: Option<String>,
    ) -> Result<(), StoreError> {
        let under_way = visit::Entity::find()
            .expr_as(newest_body_about(self.row.id, "visits/"), "about")
            .filter(visit::Column::RequestId.eq(self.row.id))
            .filter(visit::Column::Step.eq(step))
            .filter(visit::Column::Visit.eq(pass))
            .into_model::<WithEvent>();
        let missing = || StoreError::Damaged(format!("the visit under way of request {} is missing", self.row.number));
        let WithEvent { visit, about } = under_way.one(self.transaction).await?.ok_or_else(missing)?;
        self.expect_recorded(&row_name(&visit), &row_mac(self.store, &visit)?, about).await?;
        // Read here, or the visit's change would be sent before it, alone.
        sequencer::read_end(self.store, self.transaction, &mut self.log_end).await?;
        let left = with_actor!(
            &self.actor,
            visit::Model { completed_at: Some(self.now), outcome: Some(outcome.to_owned()), note, ..visit }
        );
        self.uncovered.update(left).await
    }

    /// Adds a document in place of the current one of its kind.
    pub async fn add_document(&mut self, document: document::Model) -> Result<(), StoreError> {
        let current = document::Entity::find()
            .filter(document::Column::RequestId.eq(self.row.id))
            .filter(document::Column::Kind.eq(document.kind.as_str()))
            .filter(document::Column::Current.eq(true));
        let replaced = current.all(self.transaction).await?;
        for row in &replaced {
            self.expect_row_untouched(row).await?;
            self.uncovered.update(document::Model { current: false, ..row.clone() }).await?;
        }
        if !replaced.is_empty() {
            // Of each kind one is current: first the old one gives way.
            self.transaction.flush().await?;
        }
        self.uncovered.insert(document).await
    }

    /// Adds a signer's decision.
    pub async fn add_signature(&mut self, signature: signature::Model) -> Result<(), StoreError> {
        self.uncovered.insert(signature).await
    }

    /// Adds a disposition.
    pub async fn dispose(&mut self, disposition: disposition::Model) -> Result<(), StoreError> {
        self.uncovered.insert(disposition).await
    }

    /// Records the reading of a disposition. Returns false for a second reading.
    pub async fn read_disposition(&mut self, read: disposition_read::Model) -> Result<bool, StoreError> {
        let key = (read.disposition_id, read.actor_user);
        if disposition_read::Entity::find_by_id(key).one(self.transaction).await?.is_some() {
            return Ok(false);
        }
        self.uncovered.insert(read).await?;
        Ok(true)
    }

    /// Saves the request's row. It cannot have moved on since it was read, under a lock; if it has, the commit, or an earlier statement,
    /// tells [`StoreError::Lost`].
    pub async fn save(mut self) -> Result<SavedRequest, StoreError> {
        // An event hidden from the applicant leaves no trace in their view.
        if self.visible || self.before.is_none_or(|(version, _)| version != self.row.version) {
            self.row.updated_at = self.now;
        }
        self.expect_whole()?;
        self.uncovered.expect_none()?;
        self.row.row_mac = request_mac(self.store, &self.row)?;
        sequencer::append(self.store, self.transaction, std::mem::take(&mut self.events), self.log_end.take()).await?;
        let row = self.row.clone();
        match self.before {
            None => insert(self.transaction, row).await?,
            Some((version, last_sequence)) => {
                let unmoved = Condition::all()
                    .add(request::Column::Version.eq(version))
                    .add(request::Column::LastSequence.eq(last_sequence));
                update_if(self.transaction, row, unmoved).await?;
            }
        }
        Ok(SavedRequest { row: self.row, events: self.appended })
    }
}

/// A visit with the body of the newest event about one of its request's visits: nearly always the event that began it.
struct WithEvent {
    visit: visit::Model,
    about: Option<String>,
}

impl FromQueryResult for WithEvent {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let visit = visit::Model::from_query_result(result, prefix)?;
        Ok(Self { visit, about: result.try_get(prefix, "about")? })
    }
}

/// Selects the events of a request that recorded a row whose name begins so, the newest first.
fn events_about(request: Uuid, name: &str) -> Select<event::Entity> {
    event::Entity::find()
        .filter(event::Column::RequestId.eq(request))
        .filter(event::Column::Body.contains(format!("\"{name}")))
        .order_by_desc(event::Column::Sequence)
        .limit(1)
}

/// The body of the newest event of a request that recorded a row whose name begins so, as part of a statement.
fn newest_body_about(request: Uuid, name: &str) -> SimpleExpr {
    let newest = events_about(request, name).select_only().column(event::Column::Body).into_query();
    SimpleExpr::SubQuery(None, Box::new(newest.into()))
}

/// Returns the last recorded MAC of a row; none without an event about it.
async fn last_recorded_mac(transaction: &Transaction, request: Uuid, name: &str) -> Result<Option<String>, StoreError> {
    let about = events_about(request, &format!("{name}\":")).one(transaction).await?;
    about.map_or(Ok(None), |event| recorded_mac(&event.body, name))
}

/// Returns the MAC of a row in the body of an event.
fn recorded_mac(body: &str, name: &str) -> Result<Option<String>, StoreError> {
    let mut body = RequestEventBody::read(body).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(body.rows.remove(name))
}
