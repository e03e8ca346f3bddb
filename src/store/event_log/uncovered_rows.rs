//! Rows that a change has written since its last event: the next event covers them by their MACs.

use sea_orm::{ActiveModelTrait, IntoActiveModel, ModelTrait};

use super::row_mac::add_row_mac;
use crate::event::RowMacs;
use crate::store::database::{insert, update};
use crate::store::{Store, StoreError, Transaction};

/// Rows without an event yet.
#[derive(Debug)]
pub(super) struct UncoveredRows<'a> {
    store: &'a Store,
    transaction: &'a Transaction,
    /// Their MACs, for the body of the next event.
    pub(super) macs: RowMacs,
}

impl<'a> UncoveredRows<'a> {
    /// No rows, in a transaction.
    pub(super) fn new(store: &'a Store, transaction: &'a Transaction) -> Self {
        Self { store, transaction, macs: RowMacs::new() }
    }

    /// Inserts a row.
    pub(super) async fn insert<M, A>(&mut self, row: M) -> Result<(), StoreError>
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity>,
    {
        add_row_mac(&mut self.macs, self.store, &row)?;
        insert(self.transaction, row).await
    }

    /// Updates a row.
    pub(super) async fn update<M, A>(&mut self, row: M) -> Result<(), StoreError>
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity>,
    {
        add_row_mac(&mut self.macs, self.store, &row)?;
        update(self.transaction, row).await
    }

    /// Adds a row as it stands.
    pub(super) fn adopt<M: ModelTrait>(&mut self, row: &M) -> Result<(), StoreError> {
        add_row_mac(&mut self.macs, self.store, row)
    }

    /// Refuses rows that no event covers.
    pub(super) fn expect_none(&self) -> Result<(), StoreError> {
        match self.macs.keys().next() {
            Some(name) => Err(StoreError::Damaged(format!("{name} changed and no event covers it"))),
            None => Ok(()),
        }
    }
}
