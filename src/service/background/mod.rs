//! Background jobs of a server, each with an interval and a name in the log: cleanup (purge of rows past their retention), event
//! positions, load reports, keys of the identity provider.

mod job;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;

use self::job::{Job, Work};
use crate::service::idempotency::SECRET_REPEAT;
use crate::service::identity::api_key::ENDED_KEY_RETENTION;
use crate::service::identity::session::ENDED_SESSION_RETENTION;
use crate::service::registered_documents::{RETRY_PAUSE, RegisteredDocuments, UNUSED_RETENTION, WRITE_INTERVAL};
use crate::service::{Service, ServiceResult};
use crate::store::{self, IDEMPOTENCY_KEY_RETENTION, RetainedRows};

/// The interval of retention.
const RETENTION_INTERVAL: TimeDelta = TimeDelta::seconds(300);

/// The interval of load reports in the log, at `debug`.
const REPORT_INTERVAL: TimeDelta = TimeDelta::seconds(5);

/// The interval at which counts of requests are summed up.
const COUNT_INTERVAL: TimeDelta = TimeDelta::seconds(60);

/// The interval of the sequencer's search for events without a position.
const SEQUENCE_INTERVAL: TimeDelta = TimeDelta::milliseconds(500);

impl Service {
    /// Runs all background jobs, and listens for the writes of other processes. Never ends by itself.
    pub async fn run_background(&self, registered: Option<&Arc<RegisteredDocuments>>) {
        let mut jobs = Self::retention_jobs();
        jobs.extend(self.instance_jobs());
        jobs.extend(registered.map(write_documents));
        jobs.extend(self.provider_job());
        let jobs = jobs.into_iter().map(|job| job.repeat(self.store.clone(), self.clock()));
        tokio::join!(self.store.listen(), join_all(jobs));
    }

    /// Jobs that delete rows past their retention, on one instance at a time.
    fn retention_jobs() -> Vec<Job> {
        let job = |name, rows, retention| Job::new(name, RETENTION_INTERVAL, Work::Delete { rows, retention });
        vec![
            job("forget idempotency keys", RetainedRows::IdempotencyKeys, IDEMPOTENCY_KEY_RETENTION),
            job("forget revealed secrets", RetainedRows::RevealedSecrets, SECRET_REPEAT),
            job("forget sessions", RetainedRows::Sessions, ENDED_SESSION_RETENTION),
            job("forget API keys", RetainedRows::ApiKeys, ENDED_KEY_RETENTION),
            job("forget registered documents", RetainedRows::RegisteredDocuments, UNUSED_RETENTION),
        ]
    }

    /// Jobs of every instance.
    fn instance_jobs(&self) -> [Job; 3] {
        let (numbering, reporting, counting) = (self.clone(), self.clone(), self.clone());
        let number = move || {
            let service = numbering.clone();
            async move { service.number().await }.boxed()
        };
        let report = move || {
            let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
            tracing::debug!(tasks, followers = reporting.tail.followers(), "under way");
            std::future::ready(Ok(())).boxed()
        };
        let counted_to = Arc::new(AtomicI64::new(-1));
        let count = move || {
            let (service, counted_to) = (counting.clone(), counted_to.clone());
            async move { service.sum_up_counts(&counted_to).await }.boxed()
        };
        [
            // The log has a lock of its own, and followers wait for the first instance to number an event.
            Job::new("number events", SEQUENCE_INTERVAL, Work::EveryInstance(Box::new(number))),
            // By one at a time; others look again when there is something new.
            Job::new("sum up counts", COUNT_INTERVAL, Work::EveryInstance(Box::new(count))),
            Job::new("report load", REPORT_INTERVAL, Work::EveryInstance(Box::new(report))),
        ]
    }

    /// The job that refreshes the identity provider's keys in memory, with a provider.
    fn provider_job(&self) -> Option<Job> {
        let provider = self.provider.clone()?;
        let (refreshed, wanted) = (provider.clone(), provider.clone());
        let refresh = move || {
            let provider = refreshed.clone();
            async move {
                provider.refresh().await;
                Ok(())
            }
            .boxed()
        };
        let wake = move || {
            let provider = wanted.clone();
            async move { provider.fetch_needed().await }.boxed()
        };
        let job = Job::new("identity provider keys", provider.interval(), Work::EveryInstance(Box::new(refresh)));
        Some(Job { wake: Some(Box::new(wake)), ..job })
    }

    /// Sums up counts of requests, if the log has grown since the last time.
    async fn sum_up_counts(&self, counted_to: &AtomicI64) -> ServiceResult<()> {
        let position = store::log_end(&self.store).await?.position;
        if position != counted_to.load(Ordering::Relaxed) {
            store::sum_up_counts(&self.store, "sum up counts").await?;
            counted_to.store(position, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn number(&self) -> ServiceResult<()> {
        if store::is_pending(&self.store).await? {
            store::sequence_pending(&self.store).await?;
        }
        Ok(())
    }
}

/// The job that writes newly registered documents and their use.
fn write_documents(registered: &Arc<RegisteredDocuments>) -> Job {
    let registered = registered.clone();
    let write = move || {
        let registered = registered.clone();
        async move { registered.write().await }.boxed()
    };
    let job = Job::new("write registered documents", WRITE_INTERVAL, Work::EveryInstance(Box::new(write)));
    Job { retry_after: RETRY_PAUSE, ..job }
}
