//! Write transactions.

/// A write transaction.
pub type Transaction = sea_orm::DatabaseTransaction;
