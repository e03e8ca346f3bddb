//! Policy reload on SIGHUP, and on changes of the policy files where these are in force (SQLite).

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::operator_name::operator_name;
use super::output::{CommandResult, short_hash};
use super::settings::database;
use super::{Settings, definitions};
use crate::procedure::Fault;
use crate::service::{PolicyRejected, Service};
use crate::store::DatabaseLocation;

/// Quiet time before the files are read, so that editors and copies finish first.
const QUIET_TIME: Duration = Duration::from_millis(500);

/// Maximum wait for a quiet time: unrelated files may change without end.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Files open for writing.
type OpenFiles = Arc<Mutex<HashSet<PathBuf>>>;

/// Interval of polls, for changes without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(3);

/// Interval of attempts to watch an unwatchable folder.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Reloads the policy files until an error.
pub(super) async fn run(settings: &Settings, service: &Service) -> CommandResult {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    if let DatabaseLocation::Postgres(_) = database::place(settings)? {
        loop {
            hangup.recv().await;
            tracing::info!("SIGHUP: reading the policy files");
            log_comparison(settings, service);
        }
    }
    let mut watch = FolderWatch::on(&settings.policies);
    let mut hashes = FileHashes { accepted: Some(service.policy().hash.clone()), polled: None };
    loop {
        wait_for_change(&mut hangup, &watch, &mut hashes, settings).await;
        // Watched again before the files are read: the folder may have been replaced, and no change in between is lost.
        watch = FolderWatch::on(&settings.policies);
        hashes.accepted = hash(settings);
        apply_files(settings, service).await;
    }
}

/// Waits for a SIGHUP or a change.
async fn wait_for_change(hangup: &mut Signal, watch: &FolderWatch, hashes: &mut FileHashes, settings: &Settings) {
    let mut changed = std::pin::pin!(watch.changed(&settings.policies));
    loop {
        tokio::select! {
            _ = hangup.recv() => return tracing::info!("SIGHUP: reading the policy files"),
            () = &mut changed => return tracing::info!("the policy files have changed"),
            () = tokio::time::sleep(POLL_INTERVAL) => {
                if watch.is_quiet() && hashes.have_changed(settings) {
                    return tracing::info!("the policy files have changed, found by a poll");
                }
            }
        }
    }
}

/// Hashes of the policy files at the last polls. Polls notice changes without a notification, for example behind links.
struct FileHashes {
    /// Hash of the last accepted or rejected files.
    accepted: Option<String>,
    /// Hash at the last poll.
    polled: Option<String>,
}

impl FileHashes {
    /// Returns true if two polls in a row find the same new files.
    fn have_changed(&mut self, settings: &Settings) -> bool {
        let now = hash(settings);
        let changed = now.is_some() && now != self.accepted && now == self.polled;
        self.polled = now;
        changed
    }
}

/// Hash of the policy files; none if unreadable.
fn hash(settings: &Settings) -> Option<String> {
    definitions::policy_text(settings).ok().map(|text| text.hash())
}

/// A watched folder.
struct FolderWatch {
    changes: Arc<Notify>,
    open_files: OpenFiles,
    /// Active until dropped; none if the folder is unwatchable.
    watcher: Option<RecommendedWatcher>,
}

impl FolderWatch {
    fn on(folder: &Path) -> Self {
        let (changes, open_files) = (Arc::new(Notify::new()), OpenFiles::default());
        let watcher = watcher(folder, changes.clone(), open_files.clone());
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the folder of the policies cannot be watched; trying again");
        }
        Self { changes, open_files, watcher: watcher.ok() }
    }

    /// Returns true if no file is open for writing.
    fn is_quiet(&self) -> bool {
        self.open_files.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits for a change followed by a quiet time, or for an unwatchable folder to become watchable.
    async fn changed(&self, folder: &Path) {
        if self.watcher.is_none() {
            while watcher(folder, Arc::default(), OpenFiles::default()).is_err() {
                tokio::time::sleep(RETRY_INTERVAL).await;
            }
            return;
        }
        self.changes.notified().await;
        loop {
            let quiet = async { while timeout(QUIET_TIME, self.changes.notified()).await.is_ok() {} };
            let _ = timeout(MAX_WAIT, quiet).await;
            if self.is_quiet() {
                return;
            }
            // A half-written file may parse as a whole one, so wait until it is closed.
            self.changes.notified().await;
        }
    }
}

/// Watches a folder. The folder and not its files: a replaced file is another inode.
fn watcher(folder: &Path, changes: Arc<Notify>, open_files: OpenFiles) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let mut open_files = open_files.lock().unwrap_or_else(PoisonError::into_inner);
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) => open_files.extend(event.paths),
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_) => event.paths.iter().for_each(|path| {
                open_files.remove(path);
            }),
            // Reading is no change.
            EventKind::Access(_) => return,
            _ => {}
        }
        changes.notify_one();
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Makes the files the active policy. Files with a fault are rejected.
async fn apply_files(settings: &Settings, service: &Service) {
    let text = match definitions::policy_text(settings) {
        Ok(text) => text,
        Err(faults) => return log_rejected(&faults),
    };
    if text.hash() == service.policy().hash {
        return tracing::info!("the policy files are already active");
    }
    match service.offer_policy(text, operator_name()).await {
        // Applied from the database, as on every other server.
        Ok((recorded, warnings)) => {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            tracing::info!(
                policy = recorded.active.number,
                hash = short_hash(&recorded.active.hash),
                "the policy files are accepted"
            );
        }
        Err(PolicyRejected::Faults(faults)) => log_rejected(&faults),
        Err(unfit) => tracing::error!(why = %unfit, "the policy files are rejected; the active policy stays"),
    }
}

/// Logs the faults of rejected files.
fn log_rejected(faults: &[Fault]) {
    faults.iter().for_each(|fault| tracing::error!("{fault}"));
    tracing::error!(faults = faults.len(), "the policy files are rejected; the active policy stays");
}

/// Logs a comparison of the files with the active policy.
fn log_comparison(settings: &Settings, service: &Service) {
    let in_force = service.policy();
    let (policy, hash) = (in_force.number, short_hash(&in_force.hash));
    match definitions::policy_text(settings).map(|text| text.hash()) {
        Ok(files) if files == in_force.hash => tracing::info!(policy, hash, "the policy files are the active policy"),
        Ok(files) => tracing::warn!(
            policy,
            hash,
            files = short_hash(&files),
            "the policy files differ from the active policy and are not used; run `disposisi policy apply` to make them active"
        ),
        Err(faults) => faults.iter().for_each(|fault| tracing::error!("{fault}")),
    }
}
