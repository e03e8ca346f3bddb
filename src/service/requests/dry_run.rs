//! Dry runs: an act goes its whole way, in a transaction that is taken back. What it would have done is told, and nothing is
//! written.

use std::sync::{Arc, Mutex, PoisonError};

use entity::{asset, request};
use uuid::Uuid;

use crate::access::{Seen, Side};
use crate::event::{Audience, RequestEventKind};
use crate::service::idempotency::Key;
use crate::service::{Answer, Awaited, CallerWithPolicy, Service};
use crate::store::{self, Append, Saved, StoreError, Transaction};

/// What an act would have done.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The request's row as it would be.
    pub row: request::Model,
    /// Who would be waited for; none where it would have ended.
    pub awaited: Option<Awaited>,
    /// The kinds of the documents that would come.
    pub documents: Vec<String>,
    /// The role that a disposition would be for.
    pub disposition: Option<String>,
    /// The asset that would come or change, as it would be.
    pub asset: Option<asset::Model>,
}

/// An act that is only tried, and what came of it.
#[derive(Debug, Clone, Default)]
pub(in crate::service) struct Trial(Arc<Mutex<Option<Preview>>>);

impl Service {
    /// The same service, whose acts on requests and assets are only tried: nothing that it does is kept.
    pub fn trial(&self) -> Self {
        Self { trial: Some(Trial::default()), ..self.clone() }
    }

    /// Whether acts are only tried.
    pub(in crate::service) fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// What the act that was tried last would have done; none where acts are not only tried, or it was refused.
    pub fn previewed(&self) -> Option<Preview> {
        self.trial.as_ref().and_then(|trial| trial.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// Ends an act: what it did is remembered by its key, and committed. One that is only tried is taken back.
    pub(in crate::service) async fn conclude(
        &self,
        transaction: Transaction,
        caller: &CallerWithPolicy,
        saved: Saved,
        key: &Key,
        result: Uuid,
    ) -> Answer<Uuid> {
        if let Some(trial) = &self.trial {
            let preview = self.preview(&transaction, caller, saved).await?;
            take_back(transaction).await?;
            *trial.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(preview);
            return Ok(result);
        }
        self.remember(&transaction, caller.pass.user, key, result).await?;
        self.commit(transaction).await?;
        Ok(result)
    }

    /// What was done in a transaction, as far as the caller would see it after.
    async fn preview(&self, transaction: &Transaction, caller: &CallerWithPolicy, saved: Saved) -> Answer<Preview> {
        let Saved { row, told } = saved;
        let seen = store::see_request(transaction, &self.viewing(caller), row.id).await?;
        let side = seen.as_ref().map_or(Side::Applicant, Seen::side);
        let is_shown = |what: &&Append| match what.audience.unwrap_or(Audience::Office) {
            _ if side == Side::Office => true,
            Audience::Applicant => true,
            Audience::ApplicantAtEnd => row.finished_at.is_some(),
            Audience::Office => false,
        };
        let told: Vec<&Append> = told.iter().filter(is_shown).collect();
        let added = told.iter().filter(|what| what.kind == RequestEventKind::DocumentAdded);
        let documents = added.filter_map(|what| what.record.clone()).collect();
        let disposition = match told.iter().find_map(|what| what.disposition) {
            None => None,
            Some(id) => store::disposition_by_id(transaction, id).await?.map(|row| row.to_role),
        };
        let asset = match told.iter().rev().find_map(|what| what.asset) {
            None => None,
            Some(id) => store::asset_by_id(transaction, id).await?,
        };
        let awaited = match &seen {
            None => None,
            Some(seen) => self.whose_turn(caller.policy(), seen)?,
        };
        Ok(Preview { row, awaited, documents, disposition, asset })
    }
}

/// Takes back all that was done in a transaction.
pub(in crate::service) async fn take_back(transaction: Transaction) -> Answer<()> {
    Ok(transaction.rollback().await.map_err(StoreError::from)?)
}
