//! Start-up of commands with data: keys, database, and the service over both and the files.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::access::Grant;
use crate::auth::Keys;
use crate::policy::{Holder, PolicyText, ReturnedRequest, Roster};
use crate::procedure::Shelf;
use crate::service::{
    ActivePolicy, Catalog, Policies, Service, StoredProcedures, TokenSettings, format_changes, record_policy,
};
use crate::store::{self, DatabaseLocation, KeyIds, RecordedPolicy, Replaceable, Store, StoreError, StoredVersion};

use super::definitions::{self, Files};
use super::policy::{operator, short};
use super::{Outcome, Settings, clock, database, random};

/// Where the database is, for people.
fn named(settings: &Settings, place: &DatabaseLocation) -> String {
    match place {
        DatabaseLocation::Sqlite(_) => settings.data.display().to_string(),
        DatabaseLocation::Postgres(server) => server.name(),
    }
}

/// The ids of the keys on record, by which a database is kept; none where none is begun.
async fn recorded(settings: &Settings, place: &DatabaseLocation) -> Result<Option<KeyIds>, String> {
    if let DatabaseLocation::Sqlite(file) = place
        && !file.exists()
    {
        return Ok(None);
    }
    let ids = store::key_ids(place).await.map_err(|error| format!("{}: {error}", named(settings, place)))?;
    // A file from before there was such a record is begun all the same.
    Ok(Some(ids).filter(|ids| !ids.is_empty() || matches!(place, DatabaseLocation::Sqlite(_))))
}

/// The id of the key that signs tokens, as it is on record; none where no database is begun.
pub(super) async fn signing_key_on_record(settings: &Settings) -> Result<Option<String>, String> {
    let recorded = recorded(settings, &database::place(settings)?).await?.unwrap_or_default();
    Ok(recorded.into_iter().find(|(purpose, _)| purpose == "signing").map(|(_, id)| id))
}

/// Refuses a place where no database is begun, for commands that would otherwise begin one by mistake.
pub(super) fn expect_database(settings: &Settings) -> Outcome {
    match database::place(settings)? {
        DatabaseLocation::Sqlite(file) if !file.exists() => {
            Err(format!("{} holds no database; mend: say where it is with --data", settings.data.display()))
        }
        _ => Ok(()),
    }
}

/// That a database on a server was not begun.
fn not_begun(settings: &Settings, place: &DatabaseLocation) -> String {
    format!(
        "{} is not begun: no keys are on record there; mend: run `disposisi keys init` once, with the same settings",
        named(settings, place)
    )
}

/// Refuses keys that are not those on record.
fn expect_same(settings: &Settings, place: &DatabaseLocation, keys: &Keys, recorded: &KeyIds) -> Outcome {
    let ids = keys.ids();
    let own = |purpose: &str| ids.iter().find(|(own, _)| own == purpose).map_or("none", |(_, id)| id.as_str());
    let Some((purpose, id)) = recorded.iter().find(|(purpose, id)| own(purpose) != id) else { return Ok(()) };
    let rotated = match purpose.as_str() {
        "signing" => ": after `disposisi keys rotate`, the signing.key that it made",
        _ => "",
    };
    Err(format!(
        "the {purpose} key in {} is another ({}) than the one that {} is kept by ({id}); mend: put the keys of this \
         database there, or name their folder with --keys{rotated}",
        settings.keys_folder().display(),
        own(purpose),
        named(settings, place),
    ))
}

/// Whether keys that are not there may be made for a database that is not begun.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// They are made.
    Made,
    /// They are made for a file. On a server, several programs would each make their own.
    MadeForAFile,
}

/// The keys and the open database, begun where there is none; and whether it was begun before.
pub(super) async fn begin(settings: &Settings, missing: Missing) -> Result<(Arc<Keys>, Store, bool), String> {
    let (place, folder) = (database::place(settings)?, settings.keys_folder());
    let said = |error: crate::auth::KeyError| error.to_string();
    let failed = |error: store::StoreError| format!("{}: {error}", named(settings, &place));
    let recorded = recorded(settings, &place).await?;
    let made = match (&recorded, &place) {
        (Some(_), _) => Vec::new(),
        (None, DatabaseLocation::Postgres(_)) if missing != Missing::Made => return Err(not_begun(settings, &place)),
        (None, _) => Keys::make(&folder, &random()).map_err(said)?,
    };
    let keys = Arc::new(Keys::open(&folder).map_err(said)?);
    expect_same(settings, &place, &keys, recorded.as_ref().unwrap_or(&KeyIds::new()))?;
    if let DatabaseLocation::Sqlite(file) = &place {
        own(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mac = keys.clone();
    let store = Store::open(&place, Arc::new(move |parts: &[&[u8]]| mac.mac(parts)), random()).await.map_err(failed)?;
    if recorded.as_ref().is_none_or(KeyIds::is_empty) {
        let first = store.record_key_ids(keys.ids()).await.map_err(failed)?;
        // Somebody else was there first: what was made here is no database's.
        if let Err(other) = expect_same(settings, &place, &keys, &first) {
            made.iter().for_each(|file| drop(std::fs::remove_file(file)));
            return Err(other);
        }
    }
    Ok((keys, store, recorded.is_some()))
}

/// The keys and the open database; both are begun where they are files and there is none yet.
pub(super) async fn open(settings: &Settings) -> Result<(Arc<Keys>, Store), String> {
    let (keys, store, _) = begin(settings, Missing::MadeForAFile).await?;
    Ok((keys, store))
}

/// Begins the database's file, where there is none, readable by its owner only; what SQLite puts beside it is as it is.
fn own(file: &Path) -> std::io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The existing database, to be read only.
pub(super) async fn open_to_read(settings: &Settings) -> Result<(Arc<Keys>, Store), String> {
    expect_database(settings)?;
    let place = database::place(settings)?;
    let recorded = recorded(settings, &place).await?.ok_or_else(|| not_begun(settings, &place))?;
    let keys = Arc::new(Keys::open(&settings.keys_folder()).map_err(|error| error.to_string())?);
    expect_same(settings, &place, &keys, &recorded)?;
    let mac = keys.clone();
    let store = Store::open_to_read(&place, Arc::new(move |parts: &[&[u8]]| mac.mac(parts)), random()).await;
    Ok((keys, store.map_err(|error| format!("{}: {error}", named(settings, &place)))?))
}

/// What the database holds of the SOPs, where there is one; it is only read.
pub(super) async fn stored(settings: &Settings) -> Result<Option<StoredProcedures>, String> {
    let place = database::place(settings)?;
    if recorded(settings, &place).await?.is_none() {
        return Ok(None);
    }
    let failed = |error| format!("{}: {error}", named(settings, &place));
    let reader = store::open_to_read(&place).await.map_err(failed)?;
    let rows = store::stored_versions(&reader).await.map_err(failed)?;
    let in_use = store::versions_in_use(&reader).await.map_err(failed)?;
    Ok(Some(StoredProcedures::from_rows(&rows, &in_use)))
}

/// What an existing database tells of who may act by it.
pub(super) struct OnRecord {
    /// Who may act, and whose requests wait.
    pub(super) people: Roster,
    /// The hash of its active policy, where it has one that the files do not take the place of by themselves.
    pub(super) active_policy: Option<String>,
}

/// Who may act by an existing database; it is only read. None where there is none.
pub(super) async fn on_record(settings: &Settings) -> Result<Option<OnRecord>, String> {
    let place = database::place(settings)?;
    if recorded(settings, &place).await?.is_none() {
        return Ok(None);
    }
    let failed = |error| format!("{}: {error}", named(settings, &place));
    let reader = store::open_to_read(&place).await.map_err(failed)?;
    let grants = store::grants_in_force(&reader, clock().now()).await.map_err(failed)?;
    let holder = |(grant, user, agency): (Grant, String, Option<String>)| {
        let Grant { office, role, capacity, .. } = grant;
        Holder { user, office, role, agency, capacity }
    };
    let waiting = store::agencies_waiting(&reader).await.map_err(failed)?;
    let returned = store::returned_in_secret(&reader).await.map_err(failed)?;
    let returned = returned.into_iter().map(|(number, office, procedure, agency, submitter)| ReturnedRequest {
        number,
        procedure: (office, procedure),
        agency,
        submitter,
    });
    let people = Roster { holders: grants.into_iter().map(holder).collect(), waiting, returned: returned.collect() };
    let active_policy = match place {
        DatabaseLocation::Sqlite(_) => None,
        DatabaseLocation::Postgres(_) => store::active_hash(&reader).await.map_err(failed)?,
    };
    Ok(Some(OnRecord { people, active_policy }))
}

/// The whole service over a data folder. Faults in procedures or policies stop the start.
pub(super) async fn service(settings: &Settings) -> Result<Service, String> {
    let (keys, store) = open(settings).await?;
    let said = |error: store::StoreError| error.to_string();
    let clock = clock();
    let mut all_are_stored = false;
    let (files, stored) = loop {
        let stored = StoredProcedures::read(&store).await.map_err(said)?;
        let files = definitions::read(settings, Some(&stored)).await;
        let warnings = files.judge()?;
        let mut new = files.shelf.procedures.iter().filter(|located| !stored.holds(&located.procedure)).peekable();
        if all_are_stored || new.peek().is_none() {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            break (files, stored);
        }
        for located in new {
            let procedure = &located.procedure;
            let version = StoredVersion {
                office: procedure.office.clone(),
                procedure: procedure.key.clone(),
                version: i32::try_from(procedure.version).unwrap_or(i32::MAX),
                source: located.text.clone(),
                stored_at: clock.now(),
            };
            store::insert_version(&store, version).await.map_err(said)?;
        }
        // Another instance may have stored its own at the same time: what is stored now is held against the files once more.
        all_are_stored = true;
    };
    let shelf = Arc::new(files.shelf.clone());
    let (catalog, in_force) = in_force(settings, &store, files, shelf.clone(), stored).await?;
    let offices: Vec<&str> = shelf.offices.iter().map(|office| office.key.as_str()).collect();
    store::begin_records(&store, &offices, clock.now()).await.map_err(said)?;
    // Whatever committed before the last end and has no place in the log yet gets it now.
    store::sequence_pending(&store).await.map_err(said)?;
    let end = store::log_end(&store).await.map_err(said)?;
    let policies = Policies::new(in_force, shelf);
    Ok(Service::new(store, Arc::new(catalog), policies, keys, clock, terms(settings), end))
}

fn terms(settings: &Settings) -> TokenSettings {
    TokenSettings {
        audience: settings.token_audience.clone(),
        access: TimeDelta::minutes(settings.token_minutes.into()),
        refresh: TimeDelta::days(settings.refresh_days.into()),
    }
}

/// The service over an existing database that is only read, by the policy that is active there; the files' where none is.
pub(super) async fn service_to_read(settings: &Settings) -> Result<Service, String> {
    let said = |error: store::StoreError| error.to_string();
    let (keys, store) = open_to_read(settings).await?;
    let stored = StoredProcedures::read(&store).await.map_err(said)?;
    let files = definitions::read(settings, Some(&stored)).await;
    files.judge()?;
    let Files { shelf, policy, catalog: Some(catalog), .. } = files else { return Err(NOTHING_TO_SERVE.to_owned()) };
    let shelf = Arc::new(shelf);
    let in_force = match store.active_policy().await.map_err(said)? {
        None => ActivePolicy::unrecorded(policy),
        Some(row) => {
            ActivePolicy::from_stored(&row, shelf.clone(), stored.kept).await.map_err(|unfit| unfit.to_string())?
        }
    };
    let end = store::log_end(&store).await.map_err(said)?;
    let policies = Policies::new(in_force, shelf);
    Ok(Service::new(store, Arc::new(catalog), policies, keys, clock(), terms(settings), end))
}

/// That nothing can run by the files.
const NOTHING_TO_SERVE: &str = "the files make nothing to serve; mend: see what `disposisi check` tells";

/// What a server begins with: its SOPs, and the policy that decides. In a file's database that is the files'; on a server it
/// is what was made active there, the files' only where nothing was.
async fn in_force(
    settings: &Settings,
    store: &Store,
    files: Files,
    shelf: Arc<Shelf>,
    stored: StoredProcedures,
) -> Result<(Catalog, ActivePolicy), String> {
    let Files { policy, text: Some(text), catalog: Some(catalog), .. } = files else {
        return Err(NOTHING_TO_SERVE.to_owned());
    };
    let place = database::place(settings)?;
    let over = if matches!(place, DatabaseLocation::Sqlite(_)) { Replaceable::Any } else { Replaceable::None };
    let recorded = record_policy(store, &text, operator(), clock().now(), over).await;
    let RecordedPolicy { active, is_new, before } = recorded.map_err(|error| match error {
        StoreError::Damaged(what) => {
            format!("{what}; mend: run `disposisi policy apply` with the files that are to decide")
        }
        error => error.to_string(),
    })?;
    let (number, hash) = (active.number, short(&active.hash));
    if active.hash != text.hash() {
        tracing::warn!(
            policy = number,
            hash,
            files = short(&text.hash()),
            "the policy files differ from the active policy, which decides; run `disposisi policy apply` to make them active"
        );
        let in_force = ActivePolicy::from_stored(&active, shelf, stored.kept).await;
        let in_force = in_force.map_err(|unfit| {
            format!(
                "{unfit}\nthe active policy {number} does not fit these SOPs; mend: run `disposisi policy apply` with \
                     files that do"
            )
        })?;
        return Ok((catalog, in_force));
    }
    let before = before.map(|row| PolicyText::from_record(&row.text)).transpose()?;
    let changed = match &before {
        Some(before) if is_new => format_changes(&text.changes(before)),
        _ => "no line".to_owned(),
    };
    tracing::info!(policy = number, hash, changed, "this policy decides");
    Ok((catalog, ActivePolicy::from_record(&active, text, policy)))
}
