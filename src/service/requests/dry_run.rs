//! Dry runs (`validateOnly`): an act runs to its end, its effect is previewed, and its transaction rolled back.

use entity::{asset, request};

use crate::access::{Seen, Side};
use crate::event::{Audience, RequestEventKind};
use crate::service::{Awaited, CallerWithPolicy, Service, ServiceResult};
use crate::store::{self, AppendedEvent, SavedRequest, Transaction};

/// The effect of a dry run.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The request's row after the act.
    pub row: request::Model,
    /// The people or roles waited for after it; none after the end.
    pub awaited: Option<Awaited>,
    /// The kinds of the added documents.
    pub documents: Vec<String>,
    /// The role of the disposition.
    pub disposition: Option<String>,
    /// The added or changed asset.
    pub asset: Option<asset::Model>,
}

impl Service {
    /// Returns the effect of an act's transaction, as far as the caller would see it once committed.
    pub(super) async fn preview(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        saved: SavedRequest,
    ) -> ServiceResult<Preview> {
        let SavedRequest { row, events } = saved;
        let seen = store::see_request(transaction, &self.viewing(caller), row.id).await?;
        let side = seen.as_ref().map_or(Side::Applicant, Seen::side);
        let is_shown = |event: &&AppendedEvent| match event.audience {
            _ if side == Side::Office => true,
            Audience::Applicant => true,
            Audience::ApplicantAtEnd => row.finished_at.is_some(),
            Audience::Office => false,
        };
        let shown: Vec<&AppendedEvent> = events.iter().filter(is_shown).collect();
        let added = shown.iter().filter(|event| event.kind == RequestEventKind::DocumentAdded);
        let documents = added.filter_map(|event| event.subject.record.clone()).collect();
        let disposition = match shown.iter().find_map(|event| event.subject.disposition) {
            None => None,
            Some(id) => store::disposition_by_id(transaction, id).await?.map(|row| row.to_role),
        };
        let asset = match shown.iter().rev().find_map(|event| event.subject.asset) {
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

/// Rolls a transaction back.
pub(super) async fn roll_back(transaction: Transaction) -> ServiceResult<()> {
    Ok(transaction.rollback().await?)
}
