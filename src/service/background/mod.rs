//! Background jobs: what a server does by itself, each job at an interval of its own and with its name in the log.

mod job;

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;

use self::job::{Job, Work};
use crate::service::identity::api_key::LISTED;
use crate::service::identity::session::REMEMBERED;
use crate::service::registered_documents::{PAUSE, RegisteredDocuments, UNUSED, WRITE};
use crate::service::requests::credential::SHOWN_AGAIN;
use crate::service::{Answer, Service};
use crate::store;

/// The interval at which rows past their retention are deleted.
const FORGET: TimeDelta = TimeDelta::seconds(300);

/// The interval at which the load is logged, at `debug`.
const REPORT: TimeDelta = TimeDelta::seconds(5);

/// The interval at which committed events without a place in the log are looked for.
const NUMBER: TimeDelta = TimeDelta::milliseconds(500);

impl Service {
    /// Runs all background jobs, and hears on every instance what other processes write. Never ends by itself.
    pub async fn run_background(&self, registered: Option<&Arc<RegisteredDocuments>>) {
        let mut jobs = self.retention_jobs();
        jobs.extend(self.instance_jobs());
        jobs.extend(registered.map(write_documents));
        jobs.extend(self.provider_job());
        let jobs = jobs.into_iter().map(|job| job.repeat(self.store.clone(), self.clock()));
        tokio::join!(self.store.listen(), join_all(jobs));
    }

    /// Deletes what is past its retention, on one instance at a time.
    fn retention_jobs(&self) -> Vec<Job> {
        let forget = |name, work| Job::new(name, FORGET, work);
        vec![
            forget(
                "forget idempotency keys",
                Work::OneInstance(Box::new(|rows, now| store::purge_idempotency_keys(rows, now).boxed())),
            ),
            forget(
                "forget revealed secrets",
                Work::OneInstance(Box::new(|rows, now| store::purge_revealed_secrets(rows, now - SHOWN_AGAIN).boxed())),
            ),
            forget(
                "forget sessions",
                Work::OneInstance(Box::new(|rows, now| store::purge_sessions(rows, now - REMEMBERED).boxed())),
            ),
            forget(
                "forget API keys",
                Work::OneInstance(Box::new(|rows, now| store::purge_api_keys(rows, now - LISTED).boxed())),
            ),
            forget(
                "forget registered documents",
                Work::OneInstance(Box::new(|rows, now| store::purge_registered_documents(rows, now - UNUSED).boxed())),
            ),
        ]
    }

    /// What every instance does for itself.
    fn instance_jobs(&self) -> [Job; 2] {
        let (numbering, reporting) = (self.clone(), self.clone());
        let number = move || {
            let service = numbering.clone();
            async move { service.number().await }.boxed()
        };
        let report = move || {
            let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
            tracing::debug!(tasks, followers = reporting.tail.followers(), "under way");
            std::future::ready(Ok(())).boxed()
        };
        [
            // The log has a lock of its own, and whoever waits for an event waits for the first instance that numbers it.
            Job::new("number events", NUMBER, Work::EveryInstance(Box::new(number))),
            Job::new("report load", REPORT, Work::EveryInstance(Box::new(report))),
        ]
    }

    /// Keeps the identity provider's keys in this instance's memory, where there is a provider.
    fn provider_job(&self) -> Option<Job> {
        let provider = self.provider.clone()?;
        let (asked, wanted) = (provider.clone(), provider.clone());
        let refresh = move || {
            let provider = asked.clone();
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

    async fn number(&self) -> Answer<()> {
        if store::is_pending(&self.store).await? {
            store::sequence_pending(&self.store).await?;
        }
        Ok(())
    }
}

/// Writes the documents that clients registered at this instance, and their use.
fn write_documents(registered: &Arc<RegisteredDocuments>) -> Job {
    let registered = registered.clone();
    let write = move || {
        let registered = registered.clone();
        async move { registered.write().await }.boxed()
    };
    let job = Job::new("write registered documents", WRITE, Work::EveryInstance(Box::new(write)));
    Job { retry_after: PAUSE, ..job }
}
