//! Verification of offices: their chains, their agencies and grants, and the policies.

use std::collections::HashSet;

use entity::{agency, event, grant, office_chain, policy};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::chain::{Chain, RecordedRows};
use super::defect::{Defect, Stop};
use super::progress::{BATCH, Verification};
use super::rows::compare_rows;
use crate::event::{Body, OfficeEventBody, OfficeEventKind, RowMacs};
use crate::store::event_log::row_mac::{add_row_mac, chain_mac, row_name};

impl Verification<'_> {
    /// Verifies each office's own chain, its agencies and its grants.
    pub(super) async fn offices(&mut self) -> Result<(), Stop> {
        for chain in office_chain::Entity::find().all(self.snapshot).await? {
            let recorded = self.office(&chain).await?;
            let mut found = RowMacs::new();
            let agencies = agency::Entity::find().filter(agency::Column::Office.eq(chain.office.as_str()));
            for row in agencies.all(self.snapshot).await? {
                add_row_mac(&mut found, self.store, &row)?;
            }
            let grants = grant::Entity::find().filter(grant::Column::Office.eq(chain.office.as_str()));
            for row in grants.all(self.snapshot).await? {
                add_row_mac(&mut found, self.store, &row)?;
            }
            compare_rows(&format!("office {}", chain.office), recorded, found)?;
        }
        self.expect_records().await
    }

    /// Verifies an office's events and their end. Returns the recorded rows.
    async fn office(&mut self, row: &office_chain::Model) -> Result<RecordedRows, Stop> {
        let mut chain = Chain::new(format!("office {}", row.office));
        loop {
            let next = event::Entity::find()
                .filter(event::Column::RequestId.eq(row.id))
                .filter(event::Column::Sequence.gt(chain.sequence))
                .order_by_asc(event::Column::Sequence)
                .limit(BATCH);
            let events = next.all(self.snapshot).await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                self.extend::<OfficeEventBody>(&mut chain, &event).await?;
            }
        }
        if (chain.sequence, &chain.mac) != (row.last_sequence, &row.last_mac)
            || chain_mac(self.store, row)? != row.row_mac
        {
            let what = "its events do not end where its record says, or that was edited";
            return Err(chain.defect(chain.sequence + 1, what).into());
        }
        Ok(chain.rows)
    }

    /// Verifies the existence of a record for every office with agencies or grants.
    async fn expect_records(&self) -> Result<(), Stop> {
        let known = || Query::select().column(office_chain::Column::Office).from(office_chain::Entity).to_owned();
        let agency = agency::Entity::find().filter(agency::Column::Office.not_in_subquery(known()));
        let grant = grant::Entity::find().filter(grant::Column::Office.not_in_subquery(known()));
        let defect = |office: &str, row: String| {
            let what =
                format!("it has no record, and the row {row}: inserted, or not yet begun by a server of this version");
            Defect::new(format!("office {office}"), what)
        };
        if let Some(row) = agency.one(self.snapshot).await? {
            return Err(defect(&row.office, row_name(&row)).into());
        }
        match grant.one(self.snapshot).await? {
            Some(row) => Err(defect(&row.office, row_name(&row)).into()),
            None => Ok(()),
        }
    }

    /// Verifies the policies, past and active: none edited, removed or inserted, and each known to the offices' records.
    pub(super) async fn policies(&self) -> Result<(), Stop> {
        let mut known = HashSet::new();
        let rows = policy::Entity::find().order_by_asc(policy::Column::Number).all(self.snapshot).await?;
        for (row, number) in rows.into_iter().zip(1..) {
            let defect = |what: &str| Defect::new(format!("policy {number}"), what);
            if row.number != number {
                return Err(defect("missing").into());
            }
            let row = self.store.genuine(row).map_err(|_| defect("edited or inserted: its MAC does not fit"))?;
            known.insert(row.hash);
        }
        let changes = event::Entity::find().filter(event::Column::Kind.eq(OfficeEventKind::PolicyChanged.word()));
        for event in changes.order_by_asc(event::Column::Id).all(self.snapshot).await? {
            let body = OfficeEventBody::read(&event.body).ok();
            let hash = body.as_ref().and_then(|body| body.subject.policy.as_deref());
            if let Some(hash) = hash.filter(|hash| !known.contains(*hash)) {
                let at = format!("policy {}", hash.get(..12).unwrap_or(hash));
                return Err(Defect::new(at, "missing, though an office's record tells of it").into());
            }
        }
        Ok(())
    }
}
