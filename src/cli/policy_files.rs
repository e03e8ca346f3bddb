//! The policy files while a server runs: read anew on SIGHUP, and, where they are what decides, when they change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::policy::{operator, short};
use super::{Outcome, Settings, database, files};
use crate::procedure::Fault;
use crate::service::{Service, Unfit};
use crate::store::Place;

/// For how long nothing may change before the files are read: an editor, or whoever copies several, is then done.
const QUIET: Duration = Duration::from_millis(500);

/// How long it is before a folder that cannot be watched is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Reads the files anew whenever there is reason to. Ends only where it cannot be told of any.
pub(super) async fn follow(settings: &Settings, service: &Service) -> Outcome {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    if let Place::Postgres(_) = database::place(settings)? {
        loop {
            hangup.recv().await;
            tracing::info!("told to read the policy files");
            compare(settings, service);
        }
    }
    let mut watch = Watch::on(&settings.policies);
    loop {
        tokio::select! {
            _ = hangup.recv() => tracing::info!("told to read the policy files"),
            () = watch.changed(&settings.policies) => tracing::info!("the policy files have changed"),
        }
        // Anew, since the folder may be another; and before they are read, so that what changes meanwhile is noticed.
        watch = Watch::on(&settings.policies);
        take(settings, service).await;
    }
}

/// A folder that is watched.
struct Watch {
    told: Arc<Notify>,
    /// It tells for as long as it is held; none where the folder cannot be watched.
    watcher: Option<RecommendedWatcher>,
}

impl Watch {
    fn on(folder: &Path) -> Self {
        let told = Arc::new(Notify::new());
        let watcher = watcher(folder, told.clone());
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the folder of the policies cannot be watched for now");
        }
        Self { told, watcher: watcher.ok() }
    }

    /// Returns when something in the folder has changed and nothing changes any more, or when it can be watched again.
    async fn changed(&self, folder: &Path) {
        if self.watcher.is_none() {
            while watcher(folder, Arc::default()).is_err() {
                tokio::time::sleep(PAUSE).await;
            }
            return;
        }
        self.told.notified().await;
        while timeout(QUIET, self.told.notified()).await.is_ok() {}
    }
}

/// What tells of each change in a folder. It is the folder that is watched: a file that is replaced by another is another file.
fn watcher(folder: &Path, told: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // That a file is read is no change.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            told.notify_one();
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Makes the files the active policy. With any fault the one that is stays.
async fn take(settings: &Settings, service: &Service) {
    let text = match files::policy_text(settings) {
        Ok(text) => text,
        Err(faults) => return stays(&faults),
    };
    if text.hash() == service.policy_in_force().hash {
        return tracing::info!("the policy files are what decides already");
    }
    match service.offer_policy(text, operator()).await {
        // It is taken up as on every other server: from the database.
        Ok((recorded, warnings)) => {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            tracing::info!(
                policy = recorded.active.number,
                hash = short(&recorded.active.hash),
                "the policy files are right"
            );
        }
        Err(Unfit::Faults(faults)) => stays(&faults),
        Err(unfit) => tracing::error!(why = %unfit, "the policy files are not taken: what decided before goes on"),
    }
}

/// Tells what is wrong with the files.
fn stays(faults: &[Fault]) {
    faults.iter().for_each(|fault| tracing::error!("{fault}"));
    tracing::error!(faults = faults.len(), "the policy files are not taken: what decided before goes on");
}

/// Tells whether the files are what decides.
fn compare(settings: &Settings, service: &Service) {
    let in_force = service.policy_in_force();
    let (policy, hash) = (in_force.number, short(&in_force.hash));
    match files::policy_text(settings).map(|text| text.hash()) {
        Ok(files) if files == in_force.hash => tracing::info!(policy, hash, "the policy files are the active policy"),
        Ok(files) => tracing::warn!(
            policy,
            hash,
            files = short(&files),
            "the policy files differ from the active policy, which decides; run `disposisi policy apply` to make them active"
        ),
        Err(faults) => faults.iter().for_each(|fault| tracing::error!("{fault}")),
    }
}
