//! Policy reload on SIGHUP, and on changes of the files where these are in force.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::policy::{operator, short};
use super::{Outcome, Settings, database, definitions};
use crate::procedure::Fault;
use crate::service::{PolicyRejected, Service};
use crate::store::DatabaseLocation;

/// For how long nothing may change before the files are read: an editor, or whoever copies several, is then done.
const QUIET: Duration = Duration::from_millis(500);

/// How long changes are waited out at most: what is not about the policies may change without an end.
const LONGEST: Duration = Duration::from_secs(5);

/// The files that somebody writes and has not closed yet.
type Writing = Arc<Mutex<HashSet<PathBuf>>>;

/// How often the files are looked at although nothing tells of a change.
const LOOK: Duration = Duration::from_secs(3);

/// How long it is before a folder that cannot be watched is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Reads the files anew whenever there is reason to. Ends only where it cannot be told of any.
pub(super) async fn follow(settings: &Settings, service: &Service) -> Outcome {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    if let DatabaseLocation::Postgres(_) = database::place(settings)? {
        loop {
            hangup.recv().await;
            tracing::info!("told to read the policy files");
            compare(settings, service);
        }
    }
    let mut watch = Watch::on(&settings.policies);
    let mut looked = Looked { taken: Some(service.policy().hash.clone()), seen: None };
    loop {
        reason(&mut hangup, &watch, &mut looked, settings).await;
        // Anew, since the folder may be another; and before they are read, so that what changes meanwhile is noticed.
        watch = Watch::on(&settings.policies);
        looked.taken = hash(settings);
        take(settings, service).await;
    }
}

/// Returns when there is reason to read the files.
async fn reason(hangup: &mut Signal, watch: &Watch, looked: &mut Looked, settings: &Settings) {
    let mut changed = std::pin::pin!(watch.changed(&settings.policies));
    loop {
        tokio::select! {
            _ = hangup.recv() => return tracing::info!("told to read the policy files"),
            () = &mut changed => return tracing::info!("the policy files have changed"),
            () = tokio::time::sleep(LOOK) => {
                if watch.is_still() && looked.are_others(settings) {
                    return tracing::info!("the policy files are others than they were");
                }
            }
        }
    }
}

/// What the files were when they were looked at: what no folder tells of, as links that lead elsewhere, is seen so.
struct Looked {
    /// The hash of what was taken, or found wrong, last.
    taken: Option<String>,
    /// The hash at the last look.
    seen: Option<String>,
}

impl Looked {
    /// Whether the files are others than those that were taken, at this look and at the one before.
    fn are_others(&mut self, settings: &Settings) -> bool {
        let now = hash(settings);
        let others = now.is_some() && now != self.taken && now == self.seen;
        self.seen = now;
        others
    }
}

/// The hash of what the files say; none where they cannot be read.
fn hash(settings: &Settings) -> Option<String> {
    definitions::policy_text(settings).ok().map(|text| text.hash())
}

/// A folder that is watched.
struct Watch {
    told: Arc<Notify>,
    writing: Writing,
    /// It tells for as long as it is held; none where the folder cannot be watched.
    watcher: Option<RecommendedWatcher>,
}

impl Watch {
    fn on(folder: &Path) -> Self {
        let (told, writing) = (Arc::new(Notify::new()), Writing::default());
        let watcher = watcher(folder, told.clone(), writing.clone());
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the folder of the policies cannot be watched for now");
        }
        Self { told, writing, watcher: watcher.ok() }
    }

    /// Whether nobody writes a file there.
    fn is_still(&self) -> bool {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Returns when something in the folder has changed and nothing changes any more, or when it can be watched again.
    async fn changed(&self, folder: &Path) {
        if self.watcher.is_none() {
            while watcher(folder, Arc::default(), Writing::default()).is_err() {
                tokio::time::sleep(PAUSE).await;
            }
            return;
        }
        self.told.notified().await;
        loop {
            let quiet = async { while timeout(QUIET, self.told.notified()).await.is_ok() {} };
            let _ = timeout(LONGEST, quiet).await;
            if self.is_still() {
                return;
            }
            // Half a file may read as a whole one: whoever writes it closes it first.
            self.told.notified().await;
        }
    }
}

/// What tells of each change in a folder. It is the folder that is watched: a file that is replaced by another is another file.
fn watcher(folder: &Path, told: Arc<Notify>, writing: Writing) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let mut writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) => writing.extend(event.paths),
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_) => event.paths.iter().for_each(|path| {
                writing.remove(path);
            }),
            // That a file is read is no change.
            EventKind::Access(_) => return,
            _ => {}
        }
        told.notify_one();
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Makes the files the active policy. With any fault the one that is stays.
async fn take(settings: &Settings, service: &Service) {
    let text = match definitions::policy_text(settings) {
        Ok(text) => text,
        Err(faults) => return stays(&faults),
    };
    if text.hash() == service.policy().hash {
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
        Err(PolicyRejected::Faults(faults)) => stays(&faults),
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
    let in_force = service.policy();
    let (policy, hash) = (in_force.number, short(&in_force.hash));
    match definitions::policy_text(settings).map(|text| text.hash()) {
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
