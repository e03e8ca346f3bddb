//! Verification of the audit log: proves that history was not changed (tamper detection). Covers every request's hash chain, its row and
//! dependent rows, the offices' own chains, the log, then what the database derives
//! from requests for its lists.
//!
//! Reads one snapshot of the database in batches. Memory is bounded by the largest request, not by their number.

mod chain;
mod defect;
mod derived;
mod log;
mod offices;
mod progress;
mod requests;
mod rows;

use sea_orm::{DbBackend, IsolationLevel, TransactionOptions, TransactionTrait};

pub use self::defect::Defect;
use self::defect::Stop;
pub use self::progress::ReplayCheck;
use self::progress::Verification;
use crate::store::{Store, StoreError};

/// Verifies every request's chain, its row and dependent rows, then the log. Returns the number of events.
pub async fn verify(store: &Store, replay: ReplayCheck<'_>) -> Result<Result<u64, Defect>, StoreError> {
    // One snapshot: concurrent writes are neither missing nor too much.
    let isolation = match store.reader().get_database_backend() {
        DbBackend::Sqlite => None,
        _ => Some(IsolationLevel::RepeatableRead),
    };
    let options = TransactionOptions { isolation_level: isolation, ..Default::default() };
    let snapshot = store.reader().begin_with_options(options).await?;
    match verify_all(Verification::new(store, replay, &snapshot)).await {
        Ok(count) => Ok(Ok(count)),
        Err(Stop::Found(defect)) => Ok(Err(defect)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

async fn verify_all(mut verification: Verification<'_>) -> Result<u64, Stop> {
    verification.requests().await?;
    verification.offices().await?;
    verification.policies().await?;
    verification.compare_ends().await?;
    verification.log().await?;
    verification.parents().await?;
    verification.derived().await?;
    verification.finish()
}
