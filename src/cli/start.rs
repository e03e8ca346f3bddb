//! What every command that touches data begins with: keys, database, procedures, policies.

use std::sync::Arc;

use crate::auth::Keys;
use crate::clock::{Clock, SystemClock};
use crate::policy::{self, Policy, PolicyFile};
use crate::procedure::{self, Fault, Located, Office, Procedure, Severity, Shelf};
use crate::service::{Catalog, Service};
use crate::store::{self, Store, StoredVersion};
use crate::workflow::reach;

use super::Places;

/// The keys and the open database of a data folder.
pub(super) async fn open(places: &Places) -> Result<(Arc<Keys>, Store), String> {
    let keys = Arc::new(Keys::open_or_make(&places.data).map_err(|error| error.to_string())?);
    let mac = keys.clone();
    let store = Store::open(&places.data.join("disposisi.db"), Arc::new(move |parts: &[&[u8]]| mac.mac(parts))).await;
    Ok((keys, store.map_err(|error| format!("{}: {error}", places.data.display()))?))
}

/// The files of procedures and policies, and every fault in them. `stored`: the versions that the database holds.
pub(super) async fn read(
    places: &Places,
    stored: Option<&[Procedure]>,
) -> Result<(Shelf, Policy, Vec<Fault>), Vec<Fault>> {
    let shelf = procedure::read_folder(&places.procedures)?;
    let policy = policy::load(&text(places, "model.conf")?, &policy_files(places)?).await?;
    let procedures: Vec<&Procedure> = shelf.procedures.iter().map(|located| &located.procedure).collect();
    let mut faults: Vec<Fault> = shelf.procedures.iter().flat_map(|located| check(located, &shelf.offices)).collect();
    faults.extend(policy::check(&policy, &shelf.offices, &procedures, stored));
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

fn text(places: &Places, name: &str) -> Result<String, Vec<Fault>> {
    std::fs::read_to_string(places.policies.join(name)).map_err(|error| {
        vec![Fault::error(
            &format!("policies/{name}"),
            1,
            error.to_string(),
            "say where the policies are with --policies",
        )]
    })
}

fn policy_files(places: &Places) -> Result<Vec<PolicyFile>, Vec<Fault>> {
    let unreadable = |error: std::io::Error| {
        vec![Fault::error("policies", 1, error.to_string(), "say where they are with --policies")]
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&places.policies).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".csv") {
            names.push(name);
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| Ok(PolicyFile { file: format!("policies/{name}"), text: text(places, &name)? }))
        .collect()
}

/// The faults, one under the other.
pub(super) fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The whole service over a data folder. Faults in procedures or policies stop the start.
pub(super) async fn service(places: &Places, token_minutes: u32) -> Result<Service, String> {
    let (keys, store) = open(places).await?;
    let stored = store::stored_versions(&store).await.map_err(|error| error.to_string())?;
    let kept = kept(&stored)?;
    let (shelf, policy, faults) = read(places, Some(&kept)).await.map_err(|faults| list(&faults))?;
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(list(&faults));
    }
    for fault in &faults {
        tracing::warn!("{fault}");
    }
    let mut catalog = Catalog::default();
    for office in shelf.offices {
        catalog.add_office(office);
    }
    let clock = SystemClock;
    for located in shelf.procedures {
        let procedure = &located.procedure;
        let same = |kept: &&Procedure| {
            (&kept.office, &kept.key, kept.version) == (&procedure.office, &procedure.key, procedure.version)
        };
        match kept.iter().find(same) {
            Some(kept) if kept != procedure => {
                let message = format!("version {} was stored with another content", procedure.version);
                let fault = Fault::error(&located.file, 1, message, "give the changed SOP the next version number");
                return Err(fault.to_string());
            }
            Some(_) => {}
            None => {
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
        let refused = |message| Fault::error(&located.file, 1, message, "mend the JSON Schema").to_string();
        catalog.add_procedure(located.procedure.clone(), true).map_err(refused)?;
    }
    for procedure in kept {
        let key = (procedure.office.clone(), procedure.key.clone());
        if catalog.version(&key.0, &key.1, procedure.version).is_none() && catalog.office(&key.0).is_some() {
            catalog.add_procedure(procedure, false)?;
        }
    }
    // Whatever committed before the last end and has no place in the log yet gets it now.
    store::sequence_pending(&store).await.map_err(|error| error.to_string())?;
    Ok(Service::new(store, Arc::new(catalog), Arc::new(policy), keys, Arc::new(clock), token_minutes))
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
