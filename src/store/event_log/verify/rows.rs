//! Verification of dependent rows against recorded MACs.

use std::collections::HashMap;

use entity::{disposition, disposition_read, document, signature, submission, visit};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait, QueryFilter};
use uuid::Uuid;

use super::chain::RecordedRows;
use super::defect::{Defect, Stop};
use super::progress::Verification;
use crate::event::RowMacs;
use crate::store::event_log::row_mac::{add_row_mac, asset_macs};
use crate::store::{Store, StoreError};

/// Tables of dependent rows, each with its column and parent table: a row without a parent was inserted, or lost its parent.
const DEPENDENT_TABLES: [(&str, &str, &str); 9] = [
    ("submissions", "request_id", "requests"),
    ("visits", "request_id", "requests"),
    ("dispositions", "request_id", "requests"),
    ("disposition_reads", "disposition_id", "dispositions"),
    ("documents", "request_id", "requests"),
    ("signatures", "document_id", "documents"),
    ("assets", "request_id", "requests"),
    ("held_units", "asset_id", "assets"),
    ("credentials", "asset_id", "assets"),
];

/// The MACs of dependent rows, by request.
struct DependentRows<'a> {
    store: &'a Store,
    by_request: HashMap<Uuid, RowMacs>,
}

impl DependentRows<'_> {
    fn add<M: ModelTrait>(&mut self, rows: &[M], request: impl Fn(&M) -> Option<Uuid>) -> Result<(), StoreError> {
        for row in rows {
            let Some(request) = request(row) else { continue };
            add_row_mac(self.by_request.entry(request).or_default(), self.store, row)?;
        }
        Ok(())
    }
}

impl Verification<'_> {
    /// Returns the dependent rows of requests with their present MACs.
    pub(super) async fn dependent_rows(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, RowMacs>, StoreError> {
        let among = || ids.iter().copied();
        let mut found = DependentRows { store: self.store, by_request: HashMap::new() };
        let submissions = submission::Entity::find().filter(submission::Column::RequestId.is_in(among()));
        found.add(&submissions.all(self.snapshot).await?, |row| Some(row.request_id))?;
        let visits = visit::Entity::find().filter(visit::Column::RequestId.is_in(among()));
        found.add(&visits.all(self.snapshot).await?, |row| Some(row.request_id))?;

        let dispositions = disposition::Entity::find().filter(disposition::Column::RequestId.is_in(among()));
        let dispositions = dispositions.all(self.snapshot).await?;
        found.add(&dispositions, |row| Some(row.request_id))?;
        let requests: HashMap<Uuid, Uuid> = dispositions.iter().map(|row| (row.id, row.request_id)).collect();
        let reads = disposition_read::Entity::find();
        let reads = reads.filter(disposition_read::Column::DispositionId.is_in(requests.keys().copied()));
        found.add(&reads.all(self.snapshot).await?, |row| requests.get(&row.disposition_id).copied())?;

        let documents = document::Entity::find().filter(document::Column::RequestId.is_in(among()));
        let documents = documents.all(self.snapshot).await?;
        found.add(&documents, |row| Some(row.request_id))?;
        let requests: HashMap<Uuid, Uuid> = documents.iter().map(|row| (row.id, row.request_id)).collect();
        let signatures = signature::Entity::find();
        let signatures = signatures.filter(signature::Column::DocumentId.is_in(requests.keys().copied()));
        found.add(&signatures.all(self.snapshot).await?, |row| requests.get(&row.document_id).copied())?;

        for (request, name, mac) in asset_macs(self.store, self.snapshot, ids).await? {
            found.by_request.entry(request).or_default().insert(name, mac);
        }
        Ok(found.by_request)
    }

    /// Verifies the parents of dependent rows.
    pub(super) async fn parents(&self) -> Result<(), Stop> {
        for (table, column, parent) in DEPENDENT_TABLES {
            let parents = Query::select().column("id").from(parent).to_owned();
            let orphans = Query::select()
                .column(column)
                .from(table)
                .and_where(Expr::col(column).not_in_subquery(parents))
                .limit(1)
                .to_owned();
            if self.snapshot.query_one(&orphans).await?.is_some() {
                let (at, what) = (format!("table {table}"), format!("a row hangs on nothing in {parent}"));
                return Err(Defect { at, what }.into());
            }
        }
        Ok(())
    }
}

/// Compares the rows of a request or an office with the recorded ones. Returns the defect at the earliest event.
pub(super) fn compare_rows(owner: &str, recorded: RecordedRows, mut found: RowMacs) -> Result<(), Defect> {
    let mut first: Option<(i64, String)> = None;
    for (name, (mac, sequence)) in recorded {
        let what = match found.remove(&name) {
            Some(found) if found == mac => continue,
            Some(_) => format!("the row {name} that it tells of was edited"),
            None => format!("the row {name} that it tells of is missing"),
        };
        if first.as_ref().is_none_or(|(first, _)| sequence < *first) {
            first = Some((sequence, what));
        }
    }
    if let Some((sequence, what)) = first {
        return Err(Defect::new(format!("{owner}, event {sequence}"), what));
    }
    match found.into_keys().next() {
        None => Ok(()),
        Some(name) => Err(Defect::new(owner, format!("the row {name} was inserted: no event tells of it"))),
    }
}
