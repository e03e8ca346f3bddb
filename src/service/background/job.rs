//! A background job: name, interval on the program's clock, time limit, and instances.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::service::ServiceResult;
use crate::service::retry::with_retry;
use crate::store::{RetainedRows, Store};

/// Time limit of a run. It drops a silent connection, and the next run takes another.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A job's work and its instances.
pub(super) enum Work {
    /// Deletion of rows past their retention, on one instance at a time: in a transaction with the job's advisory lock, skipped
    /// by the others.
    Delete { rows: RetainedRows, retention: TimeDelta },
    /// On every instance: about this process's memory, or with a lock of its own.
    EveryInstance(Box<dyn Fn() -> BoxFuture<'static, ServiceResult<()>> + Send + Sync>),
}

/// A background job.
pub(super) struct Job {
    /// The name, for the log and the lock.
    pub(super) name: &'static str,
    pub(super) interval: TimeDelta,
    /// The pause after a failed run.
    pub(super) retry_after: TimeDelta,
    pub(super) work: Work,
    /// Ends the pause early.
    pub(super) wake: Option<Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>>,
}

impl Job {
    /// A job at an interval, failed or not.
    pub(super) fn new(name: &'static str, interval: TimeDelta, work: Work) -> Self {
        Self { name, interval, retry_after: interval, work, wake: None }
    }

    /// Runs the job at once, and then at its interval. Never ends by itself. A failure is logged once for as long as it stays the
    /// same.
    pub(super) async fn repeat(self, store: Store, clock: Arc<dyn Clock>) {
        let mut failure: Option<String> = None;
        loop {
            let begun = clock.now();
            let why = match timeout(TIME_LIMIT, with_retry(&store, || self.run(&store, begun))).await {
                Ok(Ok(())) => None,
                Ok(Err(why)) => Some(format!("{why:?}")),
                Err(_) => Some(format!("no end within {} seconds", TIME_LIMIT.as_secs())),
            };
            match &why {
                Some(why) if failure.as_ref() != Some(why) => {
                    tracing::warn!(job = self.name, why, "a background job failed; it will be retried");
                }
                None if failure.is_some() => tracing::info!(job = self.name, "a background job works again"),
                _ => {}
            }
            let pause = if why.is_some() { self.retry_after } else { self.interval };
            failure = why;
            let woken = async {
                match &self.wake {
                    Some(wake) => wake().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = clock.clone().sleep_until(begun + pause) => {}
                () = woken => {}
            }
        }
    }

    async fn run(&self, store: &Store, now: DateTime<Utc>) -> ServiceResult<()> {
        match &self.work {
            Work::EveryInstance(run) => run().await,
            Work::Delete { rows, retention } => {
                let before = now - *retention;
                if !rows.is_due(store, before).await? {
                    return Ok(());
                }
                let Some(transaction) = store.begin_job(self.name).await? else {
                    tracing::debug!(job = self.name, "another instance runs this background job");
                    return Ok(());
                };
                let rows = rows.delete(&transaction, before).await?;
                transaction.commit().await?;
                tracing::debug!(job = self.name, rows, "a background job is done");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;
    use crate::clock::SystemClock;
    use crate::random::Random;
    use crate::service::ServiceError;
    use crate::store::DatabaseLocation;

    #[tokio::test]
    async fn a_job_that_hangs_or_fails_holds_up_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let place = DatabaseLocation::Sqlite(folder.path().join("disposisi.db"));
        let store = Store::open(&place, Arc::new(|_: &[&[u8]]| [0; 32]), Random::system()).await.unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let soon = TimeDelta::milliseconds(5);
        let count = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }.boxed()
        };
        let fail = || async { Err(ServiceError::Internal("broken".to_owned())) }.boxed();
        let jobs = [
            Job::new("hangs", soon, Work::EveryInstance(Box::new(|| std::future::pending().boxed()))),
            Job::new("fails", soon, Work::EveryInstance(Box::new(fail))),
            Job::new("works", soon, Work::EveryInstance(Box::new(count))),
        ];
        let all = futures_util::future::join_all(jobs.map(|job| job.repeat(store.clone(), Arc::new(SystemClock))));
        tokio::select! {
            _ = all => {}
            () = async {
                while runs.load(Ordering::SeqCst) < 3 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            } => {}
        }
    }
}
