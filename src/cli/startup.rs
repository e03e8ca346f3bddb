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

use super::Settings;
use super::definitions::{self, DefinitionFiles};
use super::operator_name::operator_name;
use super::output::{CommandResult, short_hash};
use super::program_clock::clock;
use super::program_random::random;
use super::settings::database;

/// Display name of the database.
fn database_name(settings: &Settings, place: &DatabaseLocation) -> String {
    match place {
        DatabaseLocation::Sqlite(_) => settings.data.display().to_string(),
        DatabaseLocation::Postgres(server) => server.name(),
    }
}

/// Returns the recorded key ids; none for an uninitialized database.
async fn recorded_key_ids(settings: &Settings, place: &DatabaseLocation) -> Result<Option<KeyIds>, String> {
    if let DatabaseLocation::Sqlite(file) = place
        && !file.exists()
    {
        return Ok(None);
    }
    let ids = store::key_ids(place).await.map_err(|error| format!("{}: {error}", database_name(settings, place)))?;
    // SQLite files older than the record of key ids count as initialized.
    Ok(Some(ids).filter(|ids| !ids.is_empty() || matches!(place, DatabaseLocation::Sqlite(_))))
}

/// Returns the recorded id of the signing key; none for an uninitialized database.
pub(super) async fn recorded_signing_key_id(settings: &Settings) -> Result<Option<String>, String> {
    let recorded = recorded_key_ids(settings, &database::place(settings)?).await?.unwrap_or_default();
    Ok(recorded.into_iter().find(|(purpose, _)| purpose == "signing").map(|(_, id)| id))
}

/// Refuses a missing database, for commands that should not create one by mistake.
pub(super) fn expect_database(settings: &Settings) -> CommandResult {
    match database::place(settings)? {
        DatabaseLocation::Sqlite(file) if !file.exists() => {
            Err(format!("{} holds no database; mend: say where it is with --data", settings.data.display()))
        }
        _ => Ok(()),
    }
}

/// The error of an uninitialized PostgreSQL database.
fn uninitialized(settings: &Settings, place: &DatabaseLocation) -> String {
    format!(
        "{} is not initialized: no keys are recorded there; mend: run `disposisi keys init` once, with the same settings",
        database_name(settings, place)
    )
}

/// Refuses keys other than the recorded ones.
fn expect_recorded_keys(
    settings: &Settings,
    place: &DatabaseLocation,
    keys: &Keys,
    recorded: &KeyIds,
) -> CommandResult {
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
        database_name(settings, place),
    ))
}

/// Creation of missing keys for a new database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingKeys {
    /// For every database.
    Create,
    /// For SQLite only. Several servers on PostgreSQL would each create their own.
    CreateForSqlite,
}

/// Opens the keys and the database, and initializes a new one. Returns true for a database initialized before.
pub(super) async fn initialize(settings: &Settings, missing: MissingKeys) -> Result<(Arc<Keys>, Store, bool), String> {
    let (place, folder) = (database::place(settings)?, settings.keys_folder());
    let to_text = |error: crate::auth::KeyError| error.to_string();
    let failed = |error: store::StoreError| format!("{}: {error}", database_name(settings, &place));
    let recorded = recorded_key_ids(settings, &place).await?;
    let made = match (&recorded, &place) {
        (Some(_), _) => Vec::new(),
        (None, DatabaseLocation::Postgres(_)) if missing != MissingKeys::Create => {
            return Err(uninitialized(settings, &place));
        }
        (None, _) => Keys::make(&folder, &random()).map_err(to_text)?,
    };
    let keys = Arc::new(Keys::open(&folder).map_err(to_text)?);
    expect_recorded_keys(settings, &place, &keys, recorded.as_ref().unwrap_or(&KeyIds::new()))?;
    if let DatabaseLocation::Sqlite(file) = &place {
        create_private_file(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mac = keys.clone();
    let store = Store::open(&place, Arc::new(move |parts: &[&[u8]]| mac.mac(parts)), random()).await.map_err(failed)?;
    if recorded.as_ref().is_none_or(KeyIds::is_empty) {
        let first = store.record_key_ids(keys.ids()).await.map_err(failed)?;
        // Another process was first: the keys created here belong to no database.
        if let Err(other) = expect_recorded_keys(settings, &place, &keys, &first) {
            made.iter().for_each(|file| drop(std::fs::remove_file(file)));
            return Err(other);
        }
    }
    Ok((keys, store, recorded.is_some()))
}

/// Opens the keys and the database, and creates both for SQLite.
pub(super) async fn open(settings: &Settings) -> Result<(Arc<Keys>, Store), String> {
    let (keys, store, _) = initialize(settings, MissingKeys::CreateForSqlite).await?;
    Ok((keys, store))
}

/// Creates the file of the database, readable by its owner only. SQLite gives its other files the same permissions.
fn create_private_file(file: &Path) -> std::io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens the existing database, read-only.
pub(super) async fn open_to_read(settings: &Settings) -> Result<(Arc<Keys>, Store), String> {
    expect_database(settings)?;
    let place = database::place(settings)?;
    let recorded = recorded_key_ids(settings, &place).await?.ok_or_else(|| uninitialized(settings, &place))?;
    let keys = Arc::new(Keys::open(&settings.keys_folder()).map_err(|error| error.to_string())?);
    expect_recorded_keys(settings, &place, &keys, &recorded)?;
    let mac = keys.clone();
    let store = Store::open_to_read(&place, Arc::new(move |parts: &[&[u8]]| mac.mac(parts)), random()).await;
    Ok((keys, store.map_err(|error| format!("{}: {error}", database_name(settings, &place)))?))
}

/// Reads the stored procedures; none for an uninitialized database.
pub(super) async fn stored_procedures(settings: &Settings) -> Result<Option<StoredProcedures>, String> {
    let place = database::place(settings)?;
    if recorded_key_ids(settings, &place).await?.is_none() {
        return Ok(None);
    }
    let failed = |error| format!("{}: {error}", database_name(settings, &place));
    let reader = store::open_to_read(&place).await.map_err(failed)?;
    let rows = store::stored_versions(&reader).await.map_err(failed)?;
    let in_use = store::versions_in_use(&reader).await.map_err(failed)?;
    Ok(Some(StoredProcedures::from_rows(&rows, &in_use)))
}

/// The people and the policy of an existing database.
pub(super) struct DatabaseSummary {
    /// Grants in force, and waiting requests.
    pub(super) people: Roster,
    /// Hash of the active policy on PostgreSQL. On SQLite the files are always active.
    pub(super) active_policy: Option<String>,
}

/// Reads the people and the policy; none for an uninitialized database.
pub(super) async fn summary(settings: &Settings) -> Result<Option<DatabaseSummary>, String> {
    let place = database::place(settings)?;
    if recorded_key_ids(settings, &place).await?.is_none() {
        return Ok(None);
    }
    let failed = |error| format!("{}: {error}", database_name(settings, &place));
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
    Ok(Some(DatabaseSummary { people, active_policy }))
}

/// Opens the service over a data folder. Faults in procedures or policies stop the start.
pub(super) async fn service(settings: &Settings) -> Result<Service, String> {
    let (keys, store) = open(settings).await?;
    let to_text = |error: store::StoreError| error.to_string();
    let clock = clock();
    let mut all_are_stored = false;
    let (files, stored) = loop {
        let stored = StoredProcedures::read(&store).await.map_err(to_text)?;
        let files = definitions::read(settings, Some(&stored)).await;
        let warnings = files.validate()?;
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
            store::insert_version(&store, version).await.map_err(to_text)?;
        }
        // Another instance may have stored its versions at the same time, so the files are compared once more.
        all_are_stored = true;
    };
    let shelf = Arc::new(files.shelf.clone());
    let (catalog, in_force) = catalog_and_policy(settings, &store, files, shelf.clone(), stored).await?;
    let offices: Vec<&str> = shelf.offices.iter().map(|office| office.key.as_str()).collect();
    store::begin_records(&store, &offices, clock.now()).await.map_err(to_text)?;
    // Events committed before a crash get their position in the log.
    store::sequence_pending(&store).await.map_err(to_text)?;
    let end = store::log_end(&store).await.map_err(to_text)?;
    let policies = Policies::new(in_force, shelf);
    Ok(Service::new(store, Arc::new(catalog), policies, keys, clock, token_settings(settings), end))
}

fn token_settings(settings: &Settings) -> TokenSettings {
    TokenSettings {
        audience: settings.token_audience.clone(),
        access: TimeDelta::minutes(settings.token_minutes.into()),
        refresh: TimeDelta::days(settings.refresh_days.into()),
    }
}

/// Opens the service read-only over an existing database, with its active policy or else the files'.
pub(super) async fn service_to_read(settings: &Settings) -> Result<Service, String> {
    let to_text = |error: store::StoreError| error.to_string();
    let (keys, store) = open_to_read(settings).await?;
    let stored = StoredProcedures::read(&store).await.map_err(to_text)?;
    let files = definitions::read(settings, Some(&stored)).await;
    files.validate()?;
    let DefinitionFiles { shelf, policy, catalog: Some(catalog), .. } = files else {
        return Err(NOTHING_TO_SERVE.to_owned());
    };
    let shelf = Arc::new(shelf);
    let in_force = match store.active_policy().await.map_err(to_text)? {
        None => ActivePolicy::unrecorded(policy),
        Some(row) => {
            ActivePolicy::from_stored(&row, shelf.clone(), stored.kept).await.map_err(|unfit| unfit.to_string())?
        }
    };
    let end = store::log_end(&store).await.map_err(to_text)?;
    let policies = Policies::new(in_force, shelf);
    Ok(Service::new(store, Arc::new(catalog), policies, keys, clock(), token_settings(settings), end))
}

/// The error of files without a catalog.
const NOTHING_TO_SERVE: &str = "the files make nothing to serve; mend: see the faults of `disposisi check`";

/// Returns the catalog and the active policy of a server. SQLite takes the policy from the files; PostgreSQL takes the
/// active one from the database, and the files' only if there is none.
async fn catalog_and_policy(
    settings: &Settings,
    store: &Store,
    files: DefinitionFiles,
    shelf: Arc<Shelf>,
    stored: StoredProcedures,
) -> Result<(Catalog, ActivePolicy), String> {
    let DefinitionFiles { policy, text: Some(text), catalog: Some(catalog), .. } = files else {
        return Err(NOTHING_TO_SERVE.to_owned());
    };
    let place = database::place(settings)?;
    let over = if matches!(place, DatabaseLocation::Sqlite(_)) { Replaceable::Any } else { Replaceable::None };
    let recorded = record_policy(store, &text, operator_name(), clock().now(), over).await;
    let RecordedPolicy { active, is_new, before } = recorded.map_err(|error| match error {
        StoreError::Damaged(what) => {
            format!("{what}; mend: run `disposisi policy apply` with the files that are to decide")
        }
        error => error.to_string(),
    })?;
    let (number, hash) = (active.number, short_hash(&active.hash));
    if active.hash != text.hash() {
        tracing::warn!(
            policy = number,
            hash,
            files = short_hash(&text.hash()),
            "the policy files differ from the active policy and are not used; run `disposisi policy apply` to make them active"
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
    tracing::info!(policy = number, hash, changed, "active policy");
    Ok((catalog, ActivePolicy::from_record(&active, text, policy)))
}
