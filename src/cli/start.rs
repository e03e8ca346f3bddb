//! What every command that touches data begins with: keys, the database, and the service over both and the files.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::auth::Keys;
use crate::clock::{Clock, SystemClock};
use crate::service::Service;
use crate::store::{self, Store, StoredVersion};

use super::files::{self, Stored};
use super::{Outcome, Settings};

/// The database of a data folder.
fn database(settings: &Settings) -> PathBuf {
    settings.data.join("disposisi.db")
}

/// Refuses a data folder that holds no database, for commands that would otherwise begin one by mistake.
pub(super) fn expect_database(settings: &Settings) -> Outcome {
    if database(settings).exists() {
        return Ok(());
    }
    Err(format!("{} holds no database; mend: say where it is with --data", settings.data.display()))
}

/// The keys and the open database of a data folder; both are begun where there is no database yet.
pub(super) async fn open(settings: &Settings) -> Result<(Arc<Keys>, Store), String> {
    let file = database(settings);
    let keys = if file.exists() { Keys::open(&settings.data) } else { Keys::open_or_make(&settings.data) };
    let keys = Arc::new(keys.map_err(|error| error.to_string())?);
    own(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mac = keys.clone();
    let store = Store::open(&file, Arc::new(move |parts: &[&[u8]]| mac.mac(parts))).await;
    Ok((keys, store.map_err(|error| format!("{}: {error}", settings.data.display()))?))
}

/// Begins the database's file, where there is none, readable by its owner only; what SQLite puts beside it is as it is.
fn own(file: &Path) -> std::io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The existing database of a data folder, to be read only.
pub(super) async fn open_to_read(settings: &Settings) -> Result<Store, String> {
    expect_database(settings)?;
    let keys = Keys::open(&settings.data).map_err(|error| error.to_string())?;
    let mac = Arc::new(move |parts: &[&[u8]]| keys.mac(parts));
    let store = Store::open_to_read(&database(settings), mac).await;
    store.map_err(|error| format!("{}: {error}", settings.data.display()))
}

/// What the database holds of the SOPs, where there is one; it is only read.
pub(super) async fn stored(settings: &Settings) -> Result<Option<Stored>, String> {
    let file = database(settings);
    if !file.exists() {
        return Ok(None);
    }
    let failed = |error| format!("{}: {error}", settings.data.display());
    let reader = store::open_to_read(&file).await.map_err(failed)?;
    let rows = store::stored_versions(&reader).await.map_err(failed)?;
    let in_use = store::versions_in_use(&reader).await.map_err(failed)?;
    Ok(Some(Stored::of(&rows, &in_use)))
}

/// The whole service over a data folder. Faults in procedures or policies stop the start.
pub(super) async fn service(settings: &Settings) -> Result<Service, String> {
    let (keys, store) = open(settings).await?;
    let said = |error: store::StoreError| error.to_string();
    let rows = store::stored_versions(store.reader()).await.map_err(said)?;
    let in_use = store::versions_in_use(store.reader()).await.map_err(said)?;
    let stored = Stored::of(&rows, &in_use);
    let files = files::read(settings, Some(&stored)).await;
    for warning in files.judge()? {
        tracing::warn!("{warning}");
    }
    let clock = SystemClock;
    for located in files.shelf.procedures.iter().filter(|located| !stored.holds(&located.procedure)) {
        let procedure = &located.procedure;
        let version = StoredVersion {
            office: procedure.office.clone(),
            procedure: procedure.key.clone(),
            version: i32::try_from(procedure.version).unwrap_or(i32::MAX),
            source: located.text.clone(),
            stored_at: clock.now(),
        };
        store::keep_version(&store, version).await.map_err(said)?;
    }
    let catalog = files.catalog.ok_or("the procedures make no catalog; mend: see what `disposisi check` tells")?;
    // Whatever committed before the last end and has no place in the log yet gets it now.
    store::sequence_pending(&store).await.map_err(said)?;
    let end = store::log_end(&store).await.map_err(said)?;
    let minutes = settings.token_minutes;
    Ok(Service::new(store, Arc::new(catalog), Arc::new(files.policy), keys, Arc::new(clock), minutes, end))
}
