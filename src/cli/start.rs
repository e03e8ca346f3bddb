//! What every command that touches data begins with: keys, database, procedures, policies.

use std::path::PathBuf;
use std::sync::Arc;

use crate::auth::Keys;
use crate::clock::{Clock, SystemClock};
use crate::policy::{self, Policy, PolicyFile};
use crate::procedure::{self, Fault, Located, Office, Procedure, Severity, Shelf};
use crate::service::{Catalog, Service};
use crate::store::{self, Store, StoredVersion};
use crate::workflow::reach;

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
    let mac = keys.clone();
    let store = Store::open(&file, Arc::new(move |parts: &[&[u8]]| mac.mac(parts))).await;
    Ok((keys, store.map_err(|error| format!("{}: {error}", settings.data.display()))?))
}

/// The versions that the database holds, where there is one; it is only read.
pub(super) async fn stored(settings: &Settings) -> Result<Option<Vec<Procedure>>, String> {
    let file = database(settings);
    if !file.exists() {
        return Ok(None);
    }
    let failed = |error| format!("{}: {error}", settings.data.display());
    let reader = store::open_to_read(&file).await.map_err(failed)?;
    let stored = store::stored_versions(&reader).await.map_err(failed)?;
    kept(&stored).map(Some)
}

/// The files of procedures and policies, and every fault in them. `stored`: the versions that the database holds.
pub(super) async fn read(
    settings: &Settings,
    stored: Option<&[Procedure]>,
) -> Result<(Shelf, Policy, Vec<Fault>), Vec<Fault>> {
    let shelf = procedure::read_folder(&settings.procedures)?;
    let policy = policy::load(&text(settings, "model.conf")?, &policy_files(settings)?).await?;
    let procedures: Vec<&Procedure> = shelf.procedures.iter().map(|located| &located.procedure).collect();
    let mut faults: Vec<Fault> = shelf.procedures.iter().flat_map(|located| check(located, &shelf.offices)).collect();
    faults.extend(policy::check(&policy, &shelf.offices, &procedures, stored));
    faults.extend(shelf.procedures.iter().filter_map(|located| changed(located, stored.unwrap_or_default())));
    Ok((shelf, policy, faults))
}

/// Everything wrong with a procedure by itself: its parts first; then, when these hold together, whatever state of it a
/// request could be stuck in.
fn check(located: &Located, offices: &[Office]) -> Vec<Fault> {
    let Some(office) = offices.iter().find(|office| office.key == located.procedure.office) else { return Vec::new() };
    let faults = procedure::check(located, office);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return faults;
    }
    let stuck = reach::faults(&located.procedure).into_iter().map(|fault| {
        let mut path = Vec::new();
        path.extend(fault.step.iter().flat_map(|step| ["steps", step.as_str()]));
        path.extend(fault.outcome.iter().flat_map(|outcome| ["outcomes", outcome.as_str()]));
        Fault::error(&located.file, located.line(&path), fault.message, fault.mend)
    });
    faults.into_iter().chain(stuck).collect()
}

fn text(settings: &Settings, name: &str) -> Result<String, Vec<Fault>> {
    std::fs::read_to_string(settings.policies.join(name)).map_err(|error| {
        vec![Fault::error(
            &format!("policies/{name}"),
            1,
            error.to_string(),
            "say where the policies are with --policies",
        )]
    })
}

fn policy_files(settings: &Settings) -> Result<Vec<PolicyFile>, Vec<Fault>> {
    let unreadable = |error: std::io::Error| {
        vec![Fault::error("policies", 1, error.to_string(), "say where they are with --policies")]
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&settings.policies).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".csv") {
            names.push(name);
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| Ok(PolicyFile { file: format!("policies/{name}"), text: text(settings, &name)? }))
        .collect()
}

/// The faults, one under the other.
pub(super) fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A file's version that was stored with another content: running requests are pinned to what was stored.
fn changed(located: &Located, stored: &[Procedure]) -> Option<Fault> {
    let procedure = &located.procedure;
    let kept = stored.iter().find(|kept| is_same_version(kept, procedure))?;
    (kept != procedure).then(|| {
        let message = format!("version {} was stored with another content", procedure.version);
        let mend = "give the changed SOP the next `version`; requests that run keep the one they began with";
        Fault::error(&located.file, located.line(&["version"]), message, mend)
    })
}

fn is_same_version(one: &Procedure, other: &Procedure) -> bool {
    (&one.office, &one.key, one.version) == (&other.office, &other.key, other.version)
}

/// The whole service over a data folder. Faults in procedures or policies stop the start.
pub(super) async fn service(settings: &Settings) -> Result<Service, String> {
    let (keys, store) = open(settings).await?;
    let stored = store::stored_versions(store.reader()).await.map_err(|error| error.to_string())?;
    let kept = kept(&stored)?;
    let (shelf, policy, faults) = read(settings, Some(&kept)).await.map_err(|faults| list(&faults))?;
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(list(&faults));
    }
    for fault in &faults {
        tracing::warn!("{fault}");
    }
    let clock = SystemClock;
    for located in &shelf.procedures {
        let procedure = &located.procedure;
        if !kept.iter().any(|kept| is_same_version(kept, procedure)) {
            let version = StoredVersion {
                office: procedure.office.clone(),
                procedure: procedure.key.clone(),
                version: i32::try_from(procedure.version).unwrap_or(i32::MAX),
                source: located.text.clone(),
                stored_at: clock.now(),
            };
            store::keep_version(&store, version).await.map_err(|error| error.to_string())?;
        }
    }
    let catalog = catalog(shelf, kept)?;
    // Whatever committed before the last end and has no place in the log yet gets it now.
    store::sequence_pending(&store).await.map_err(|error| error.to_string())?;
    let minutes = settings.token_minutes;
    Ok(Service::new(store, Arc::new(catalog), Arc::new(policy), keys, Arc::new(clock), minutes))
}

/// The offices, the files' versions, and the stored ones that no file has any more. Of these, what is older than its file
/// stays on offer until the file's time has come; what is newer, or without a file, is there for what runs by it.
fn catalog(shelf: Shelf, kept: Vec<Procedure>) -> Result<Catalog, String> {
    let mut catalog = Catalog::default();
    for office in shelf.offices {
        catalog.add_office(office);
    }
    let files: Vec<Procedure> = shelf.procedures.into_iter().map(|located| located.procedure).collect();
    for procedure in kept {
        let of_file = |file: &&Procedure| (&file.office, &file.key) == (&procedure.office, &procedure.key);
        let file = files.iter().find(of_file).map(|file| file.version);
        if file == Some(procedure.version) {
            continue;
        }
        if catalog.office(&procedure.office).is_none() {
            let running = format!("{}/{}", procedure.office, procedure.key);
            return Err(format!("the database holds {running}, and no file describes its office; mend: put it back"));
        }
        let on_offer = file.is_some_and(|file| file > procedure.version);
        catalog.add_procedure(procedure, on_offer)?;
    }
    for procedure in files {
        catalog.add_procedure(procedure, true)?;
    }
    Ok(catalog)
}

/// The stored versions, read again.
fn kept(stored: &[StoredVersion]) -> Result<Vec<Procedure>, String> {
    let read = |row: &StoredVersion| {
        let file = format!("stored version {} of {}/{}", row.version, row.office, row.procedure);
        procedure::read_procedure(&file, &row.office, &row.source)
            .map(|located| located.procedure)
            .map_err(|faults| list(&faults))
    };
    stored.iter().map(read).collect()
}
