//! Changing a request: rows and events in one transaction, opened only by a proof that the act is allowed.

use chrono::{DateTime, Utc};
use entity::{disposition, disposition_read, document, event, pending, request, signature, submission, visit};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::Serialize;
use uuid::Uuid;

use super::{SeenRequest, Store, StoreError, Transaction};
use crate::access::{Actor, Authorized};
use crate::workflow::State;

/// For whom an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The office only.
    Office = 0,
    /// The applicant too.
    Applicant = 1,
    /// The applicant too, once the request has ended.
    ApplicantAtEnd = 2,
}

/// What an event tells; the rest of it follows from the change it belongs to.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// What happened: a value of `RequestEventKind`.
    pub kind: &'static str,
    /// The step it happened at.
    pub step: Option<String>,
    /// How the step ended.
    pub outcome: Option<String>,
    /// The disposition it is about.
    pub disposition: Option<Uuid>,
    /// The document it is about.
    pub document: Option<Uuid>,
    /// That document's kind.
    pub record: Option<String>,
    /// The asset it is about.
    pub asset: Option<Uuid>,
    /// For whom it is; the office when none.
    pub audience: Option<Audience>,
}

/// An event's stored bytes: what the MAC covers.
#[derive(Serialize)]
struct Body<'a> {
    id: Uuid,
    request: Uuid,
    sequence: i64,
    kind: &'a str,
    at: DateTime<Utc>,
    version: i32,
    audience: i16,
    actor: Option<&'a Actor>,
    step: Option<String>,
    outcome: Option<String>,
    disposition: Option<Uuid>,
    document: Option<Uuid>,
    record: Option<String>,
    asset: Option<Uuid>,
}

/// What a new request begins with.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Its row; the MACs are filled in here.
    pub row: request::Model,
}

/// A request that is being changed.
#[derive(Debug)]
pub struct Change<'a> {
    store: &'a Store,
    transaction: &'a Transaction,
    actor: Actor,
    now: DateTime<Utc>,
    before: Option<(i32, i64)>,
    /// Something happened that the applicant may know of.
    told: bool,
    /// The row as it will be saved.
    pub row: request::Model,
}

impl<'a> Change<'a> {
    /// Opens a request for the act that was allowed. Fails with [`StoreError::Stale`] never here: `save` tells.
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
        Self { store, transaction, actor: allowed.actor().clone(), now, before, told: false, row }
    }

    /// Begins a new request by the submission that was allowed.
    pub fn begin<T>(
        store: &'a Store,
        transaction: &'a Transaction,
        allowed: &Authorized<T>,
        new: NewRequest,
        now: DateTime<Utc>,
    ) -> Self {
        Self { store, transaction, actor: allowed.actor().clone(), now, before: None, told: true, row: new.row }
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The moment of the change.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The transaction, for what hangs on the request.
    pub fn transaction(&self) -> &Transaction {
        self.transaction
    }

    /// The step machine's state as stored.
    pub fn state(&self) -> Result<State, StoreError> {
        serde_json::from_str(&self.row.state).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// Appends an event at the row's present version.
    pub async fn append(&mut self, what: Append) -> Result<Uuid, StoreError> {
        let id = new_id(self.now);
        let sequence = self.row.last_sequence + 1;
        let audience = what.audience.unwrap_or(Audience::Office);
        self.told |= audience != Audience::Office;
        let audience = audience as i16;
        let body = Body {
            id,
            request: self.row.id,
            sequence,
            kind: what.kind,
            at: self.now,
            version: self.row.version,
            audience,
            actor: Some(&self.actor),
            step: what.step,
            outcome: what.outcome,
            disposition: what.disposition,
            document: what.document,
            record: what.record,
            asset: what.asset,
        };
        let body = serde_json::to_string(&body).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mac = event_mac(self.store, &self.row.last_mac, &body);
        let row = event::Model {
            id,
            request_id: self.row.id,
            sequence,
            kind: what.kind.to_owned(),
            at: self.now,
            version: self.row.version,
            audience,
            body,
            mac: mac.clone(),
        };
        insert(self.transaction, row).await?;
        insert(self.transaction, pending::Model { event_id: id }).await?;
        self.row.last_sequence = sequence;
        self.row.last_mac = mac;
        Ok(id)
    }

    /// Writes what came with a submission.
    pub async fn submit(&self, submission: submission::Model) -> Result<(), StoreError> {
        insert(self.transaction, submission).await
    }

    /// Begins a visit.
    pub async fn arrive(&self, visit: visit::Model) -> Result<(), StoreError> {
        insert(self.transaction, visit).await
    }

    /// Ends the visit of that step and pass.
    pub async fn leave(&self, step: &str, pass: i32, outcome: &str, note: Option<String>) -> Result<(), StoreError> {
        let left = visit::ActiveModel {
            completed_at: sea_orm::Set(Some(self.now)),
            actor_user: sea_orm::Set(Some(self.actor.user)),
            actor_role: sea_orm::Set(Some(self.actor.role.clone())),
            actor_capacity: sea_orm::Set(Some(self.actor.capacity.word().to_owned())),
            actor_for: sea_orm::Set(self.actor.on_behalf_of),
            outcome: sea_orm::Set(Some(outcome.to_owned())),
            note: sea_orm::Set(note),
            ..Default::default()
        };
        visit::Entity::update_many()
            .set(left)
            .filter(visit::Column::RequestId.eq(self.row.id))
            .filter(visit::Column::Step.eq(step))
            .filter(visit::Column::Visit.eq(pass))
            .exec(self.transaction)
            .await?;
        Ok(())
    }

    /// Adds a document, which takes the place of the current one of its kind.
    pub async fn add_document(&self, document: document::Model) -> Result<(), StoreError> {
        document::Entity::update_many()
            .col_expr(document::Column::Current, Expr::value(false))
            .filter(document::Column::RequestId.eq(self.row.id))
            .filter(document::Column::Kind.eq(document.kind.as_str()))
            .exec(self.transaction)
            .await?;
        insert(self.transaction, document).await
    }

    /// Adds a signer's decision.
    pub async fn add_signature(&self, signature: signature::Model) -> Result<(), StoreError> {
        insert(self.transaction, signature).await
    }

    /// Adds a disposition.
    pub async fn dispose(&self, disposition: disposition::Model) -> Result<(), StoreError> {
        insert(self.transaction, disposition).await
    }

    /// Notes that a person has read a disposition. False when they had before.
    pub async fn read_disposition(&self, read: disposition_read::Model) -> Result<bool, StoreError> {
        let key = (read.disposition_id, read.actor_user);
        if disposition_read::Entity::find_by_id(key).one(self.transaction).await?.is_some() {
            return Ok(false);
        }
        insert(self.transaction, read).await?;
        Ok(true)
    }

    /// Saves the request's row. [`StoreError::Stale`] when it moved on since it was read.
    pub async fn save(mut self) -> Result<request::Model, StoreError> {
        // What the applicant may not know of leaves no trace in what they see.
        if self.told || self.before.is_none_or(|(version, _)| version != self.row.version) {
            self.row.updated_at = self.now;
        }
        self.row.row_mac = row_mac(self.store, &self.row);
        match self.before {
            None => insert(self.transaction, self.row.clone()).await?,
            Some((version, last_sequence)) => {
                let changed = request::Entity::update_many()
                    .set(self.row.clone().into_active_model().reset_all())
                    .filter(request::Column::Id.eq(self.row.id))
                    .filter(request::Column::Version.eq(version))
                    .filter(request::Column::LastSequence.eq(last_sequence))
                    .exec(self.transaction)
                    .await?;
                if changed.rows_affected != 1 {
                    return Err(StoreError::Stale);
                }
            }
        }
        Ok(self.row)
    }
}

/// Inserts a row.
pub(super) async fn insert<M, A>(transaction: &Transaction, model: M) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    A::Entity::insert(model.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// An id that sorts by time (RFC 9562, version 7).
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    let mut random = [0_u8; 10];
    // The system's generator fails on no system that this runs on; zeros would still be unique by time and constraint.
    let _ = getrandom::fill(&mut random);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The MAC of an event: over the one before it in its request, and its stored bytes.
pub(super) fn event_mac(store: &Store, before: &[u8], body: &str) -> Vec<u8> {
    store.mac(&[b"event", before, body.as_bytes()]).to_vec()
}

/// The MAC of a request's row: over all of it that decides, and where its events end.
pub(super) fn row_mac(store: &Store, row: &request::Model) -> Vec<u8> {
    store
        .mac(&[
            b"request",
            row.id.as_bytes(),
            row.number.as_bytes(),
            row.office.as_bytes(),
            row.procedure.as_bytes(),
            &row.procedure_version.to_be_bytes(),
            row.agency_id.as_bytes(),
            row.submitted_by.as_bytes(),
            row.status.as_bytes(),
            row.state.as_bytes(),
            &row.version.to_be_bytes(),
            &row.last_sequence.to_be_bytes(),
            &row.last_mac,
        ])
        .to_vec()
}
