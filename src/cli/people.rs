//! `disposisi user`, `disposisi agency`, `disposisi grant`.

use std::io::{BufRead, IsTerminal};

use chrono::{DateTime, Utc};
use clap::Subcommand;
use uuid::Uuid;

use super::{Outcome, Settings, files, say, start};
use crate::access::{Capacity, is_ordered};
use crate::auth::{Passwords, Secret};
use crate::clock::{Clock, SystemClock};
use crate::procedure::Office;
use crate::store::{self, Ending, OfficeAppend, OfficeChange, Store, StoreError};

/// People who may sign in
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a person who may sign in
    ///
    /// By themselves they may do nothing: `disposisi grant` gives them a role. The password is asked for twice at a
    /// terminal, or is the first line of standard input with --password-stdin. Works beside a running server.
    #[command(
        after_help = "Examples:\n  disposisi user add siti --name \"Siti Contoh\" --agency singkawang/dinkes\n  \
        pass show budi | disposisi user add budi --name \"Budi Contoh\" --password-stdin"
    )]
    Add {
        /// What they sign in with: small letters, digits and . _ -
        username: String,
        /// Their name.
        #[arg(long)]
        name: String,
        /// Their civil servant number, 18 digits.
        #[arg(long)]
        nip: Option<String>,
        /// The agency they belong to, for an agency's people.
        #[arg(long, value_name = "OFFICE/KEY")]
        agency: Option<String>,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give somebody who has forgotten theirs another password, and sign them out everywhere
    ///
    /// Make sure first that it is them. The password is asked for twice at a terminal, or is the first line of standard input with
    /// --password-stdin; theirs to change. Their API keys go on. Works beside a running server.
    #[command(after_help = "Example:\n  pass show siti | disposisi user set-password siti --password-stdin")]
    SetPassword {
        /// What they sign in with.
        username: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Ask somebody for no codes any longer, who has lost their authenticator and their recovery codes
    ///
    /// Make sure first that it is them: from here on their password alone lets them in. Works beside a running server.
    #[command(after_help = "Example:\n  disposisi user disable-totp siti")]
    DisableTotp {
        /// What they sign in with.
        username: String,
    },
}

/// Agencies (OPD) that ask
#[derive(Debug, Subcommand)]
pub(super) enum Agency {
    /// Add an agency that an office serves
    #[command(after_help = "Example:\n  disposisi agency add dinkes --office singkawang --name \"Dinas Kesehatan\"")]
    Add {
        /// Its key, unique in the office: small letters, digits and -
        key: String,
        /// The office that serves it.
        #[arg(long)]
        office: String,
        /// Its name.
        #[arg(long)]
        name: String,
    },
}

/// Let a person act as a role in an office
///
/// From a date to a date; without dates, from now and without end. The offices and their roles are in
/// `procedures/<office>/office.toml`, what a role may do in `policies/<office>.csv`. Works beside a running server, which
/// reads grants anew for every act.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  disposisi grant siti --office singkawang --role opd --agency dinkes\n  \
    disposisi grant budi --office singkawang --role kepala-dinas --capacity DAILY_ACTING \\\n    \
    --decree 800/12/2026 --on-behalf-of siti --from 2026-12-01T00:00:00+07:00 --until 2026-12-08T00:00:00+07:00")]
pub(super) struct Grant {
    /// What they sign in with.
    username: String,
    /// The office.
    #[arg(long)]
    office: String,
    /// The role.
    #[arg(long)]
    role: String,
    /// The agency's key, for a role of an agency's people.
    #[arg(long)]
    agency: Option<String>,
    /// DEFINITIVE, ACTING (Plt.) or DAILY_ACTING (Plh.).
    #[arg(long, default_value = "DEFINITIVE")]
    capacity: String,
    /// The decree's number (SK).
    #[arg(long)]
    decree: Option<String>,
    /// For whom they stand in, by the name that person signs in with; for DAILY_ACTING.
    #[arg(long, value_name = "USERNAME")]
    on_behalf_of: Option<String>,
    /// In force from this moment (RFC 3339); from now when not given.
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// In force until just before this moment (RFC 3339); without end when not given.
    #[arg(long)]
    until: Option<DateTime<Utc>>,
}

/// A person to be added.
pub(super) struct NewPerson<'a> {
    pub(super) username: &'a str,
    pub(super) name: &'a str,
    pub(super) nip: Option<&'a str>,
    pub(super) agency_id: Option<Uuid>,
}

impl User {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let (username, name, nip, agency, password_stdin) = match self {
            Self::Add { username, name, nip, agency, password_stdin } => (username, name, nip, agency, password_stdin),
            Self::SetPassword { username, password_stdin } => {
                return set_password(settings, &username.trim().to_lowercase(), password_stdin).await;
            }
            Self::DisableTotp { username } => return disable_totp(settings, &username.trim().to_lowercase()).await,
        };
        let (username, name) = (username.trim().to_lowercase(), name.trim().to_owned());
        judge(&username, &name, nip.as_deref())?;
        let password = password(password_stdin)?;
        let (_, store) = start::open(settings).await?;
        let agency_id = match &agency {
            None => None,
            Some(named) => {
                let (office, key) = named.split_once('/').ok_or("--agency: write <office>/<key>")?;
                Some(agency_id(&store, office, key).await?)
            }
        };
        let same = store.person_by_username(&username).await.map_err(|error| error.to_string())?;
        if same.is_some() {
            return Err(format!("somebody signs in as `{username}` already"));
        }
        let person = NewPerson { username: &username, name: &name, nip: nip.as_deref(), agency_id };
        add_person(&store, &person, &password).await?;
        say(&format!("{username} may sign in; `disposisi grant {username} …` lets them act"));
        Ok(())
    }
}

impl Agency {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let Self::Add { key, office, name } = self;
        let offices = offices(settings)?;
        let office = office_of(&offices, &office)?;
        if !is_name(&key, "-") {
            return Err("the key has 1 to 64 small letters, digits and -".to_owned());
        }
        if name.trim().is_empty() {
            return Err("--name: say its name".to_owned());
        }
        let (_, store) = start::open(settings).await?;
        let known = store.agencies_of(&office.key).await.map_err(|error| error.to_string())?;
        if known.iter().any(|agency| agency.key == key) {
            return Err(format!("{} has an agency `{key}` already", office.name));
        }
        add_agency(&store, &office.key, &key, name.trim()).await?;
        say(&format!("{} serves the agency {key}", office.name));
        Ok(())
    }
}

impl Grant {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let offices = offices(settings)?;
        let office = office_of(&offices, &self.office)?;
        let role = office.roles.get(&self.role).ok_or_else(|| {
            let known: Vec<&str> = office.roles.keys().map(String::as_str).collect();
            format!("--role: {} has no role `{}`; it has {}", office.key, self.role, known.join(", "))
        })?;
        let capacity =
            Capacity::from_word(&self.capacity).ok_or("--capacity: write DEFINITIVE, ACTING or DAILY_ACTING")?;
        let now = SystemClock.now();
        let valid_from = self.from.unwrap_or(now);
        if self.until.is_some_and(|until| until <= valid_from) {
            return Err("--until: a grant ends after it begins".to_owned());
        }
        for (flag, moment) in [("--from", self.from), ("--until", self.until)] {
            if moment.is_some_and(|moment| !is_ordered(moment)) {
                return Err(format!("{flag}: a moment is of the years 1900 to 9999"));
            }
        }
        match capacity {
            Capacity::Definitive if self.on_behalf_of.is_some() => {
                return Err("--on-behalf-of: a definitive official stands in for nobody".to_owned());
            }
            Capacity::Acting | Capacity::DailyActing if self.decree.is_none() => {
                return Err("--decree: who acts for another does so by a decree: give its number".to_owned());
            }
            Capacity::DailyActing if self.on_behalf_of.is_none() || self.until.is_none() => {
                return Err(
                    "--on-behalf-of, --until: a daily acting official stands in for somebody, until a day".to_owned()
                );
            }
            _ => {}
        }
        let (_, store) = start::open(settings).await?;
        let person = known(&store, &self.username).await?;
        let on_behalf_of = match &self.on_behalf_of {
            None => None,
            Some(other) => Some(known(&store, other).await?.id),
        };
        if on_behalf_of == Some(person.id) {
            return Err("--on-behalf-of: nobody stands in for themselves".to_owned());
        }
        let agency_id = match (&self.agency, role.of_agency) {
            (Some(key), true) => Some(agency_id(&store, &office.key, key).await?),
            (None, false) => None,
            (None, true) => return Err(format!("--agency: {} is a role of an agency's people: say which", role.name)),
            (Some(_), false) => return Err(format!("--agency: {} is no role of an agency's people", role.name)),
        };
        let grant = entity::grant::Model {
            id: store::new_id(now),
            user_id: person.id,
            office: office.key.clone(),
            role: self.role.clone(),
            agency_id,
            capacity: capacity.word().to_owned(),
            decree_number: self.decree,
            on_behalf_of,
            valid_from,
            valid_until: self.until,
        };
        add_grant(&store, grant).await?;
        say(&format!("{} acts as {} in {}", person.name, role.name, office.name));
        Ok(())
    }
}

/// The person who signs in by that name.
async fn known(store: &Store, username: &str) -> Result<store::Person, String> {
    let found = store.person_by_username(&username.trim().to_lowercase()).await.map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("nobody signs in as `{username}`; add them with `disposisi user add`"))
}

/// The existing database, and a person in it.
async fn existing(settings: &Settings, username: &str) -> Result<(Store, store::Person), String> {
    start::expect_database(settings)?;
    let (_, store) = start::open(settings).await?;
    let person = known(&store, username).await?;
    Ok((store, person))
}

async fn set_password(settings: &Settings, username: &str, password_stdin: bool) -> Outcome {
    let (store, person) = existing(settings, username).await?;
    let hash = Passwords::hash(&password(password_stdin)?)?;
    let set = async {
        let transaction = store.begin().await?;
        store::end_rights(&transaction, person.id).await?;
        store::set_password(&transaction, person.id, hash).await?;
        store::end_sessions(&transaction, Ending::All(person.id), SystemClock.now()).await?;
        store::commit(&store, transaction).await
    };
    set.await.map_err(|error: StoreError| error.to_string())?;
    say(&format!("{username} signs in with the new password from here on, and was signed out everywhere"));
    Ok(())
}

async fn disable_totp(settings: &Settings, username: &str) -> Outcome {
    let (store, person) = existing(settings, username).await?;
    let transaction = store.begin().await.map_err(|error| error.to_string())?;
    store::end_totp(&transaction, person.id).await.map_err(|error| error.to_string())?;
    transaction.commit().await.map_err(|error| error.to_string())?;
    say(&format!("{username} signs in without a code from here on"));
    Ok(())
}

/// Adds an agency. Returns its id.
pub(super) async fn add_agency(store: &Store, office: &str, key: &str, name: &str) -> Result<Uuid, String> {
    let id = store::new_id(SystemClock.now());
    let (key, name) = (key.to_owned(), name.to_owned());
    let row = entity::agency::Model { id, office: office.to_owned(), key, name, deactivated_at: None };
    let told = OfficeAppend { kind: "AGENCY_ADDED", agency: Some(id), ..Default::default() };
    change(store, office, told, async |change| change.add_agency(row).await).await?;
    Ok(id)
}

/// Adds a grant.
pub(super) async fn add_grant(store: &Store, grant: entity::grant::Model) -> Result<(), String> {
    let office = grant.office.clone();
    let (user, agency) = (Some(grant.user_id), grant.agency_id);
    let told = OfficeAppend { kind: "ROLE_GRANTED", user, agency, grant: Some(grant.id), ..Default::default() };
    change(store, &office, told, async |change| change.add_grant(grant).await).await
}

/// Changes an office as its operator, and tells of it in the office's own record.
async fn change(
    store: &Store,
    office: &str,
    told: OfficeAppend,
    what: impl AsyncFnOnce(&mut OfficeChange<'_>) -> Result<(), StoreError>,
) -> Result<(), String> {
    let changed = async {
        let transaction = store.begin().await?;
        let mut change = OfficeChange::by_operator(store, &transaction, office, SystemClock.now()).await?;
        what(&mut change).await?;
        change.append(told).await?;
        change.save().await?;
        store::commit(store, transaction).await
    };
    changed.await.map_err(|error: StoreError| error.to_string())
}

/// Adds a person. Returns their id.
pub(super) async fn add_person(store: &Store, new: &NewPerson<'_>, password: &Secret) -> Result<Uuid, String> {
    let now = SystemClock.now();
    let person = store::Person {
        id: store::new_id(now),
        username: new.username.to_owned(),
        name: new.name.to_owned(),
        nip: new.nip.map(str::to_owned),
        agency_id: new.agency_id,
        password_hash: Passwords::hash(password)?,
        created_at: now,
        deactivated_at: None,
        office: None,
        language: None,
    };
    let id = person.id;
    store.add_person(person).await.map_err(|error| error.to_string())?;
    Ok(id)
}

/// Refuses a person who could not sign in, or who has no name to be known by.
fn judge(username: &str, name: &str, nip: Option<&str>) -> Outcome {
    if !is_name(username, "._-") {
        return Err("the name to sign in with has 1 to 64 small letters, digits and . _ -".to_owned());
    }
    if name.is_empty() {
        return Err("--name: say their name".to_owned());
    }
    if nip.is_some_and(|nip| nip.len() != 18 || !nip.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("--nip: a NIP has 18 digits and nothing else".to_owned());
    }
    Ok(())
}

fn is_name(text: &str, also: &str) -> bool {
    let taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(taken)
}

fn offices(settings: &Settings) -> Result<Vec<Office>, String> {
    Ok(crate::procedure::read_folder(&settings.procedures).map_err(|faults| files::list(&faults))?.offices)
}

fn office_of<'a>(offices: &'a [Office], key: &str) -> Result<&'a Office, String> {
    offices.iter().find(|office| office.key == key).ok_or_else(|| {
        let known: Vec<&str> = offices.iter().map(|office| office.key.as_str()).collect();
        format!("--office: no office `{key}`; there are {}", known.join(", "))
    })
}

async fn agency_id(store: &Store, office: &str, key: &str) -> Result<Uuid, String> {
    let agencies = store.agencies_of(office).await.map_err(|error| error.to_string())?;
    let found = agencies.iter().find(|agency| agency.key == key).map(|agency| agency.id);
    found.ok_or_else(|| format!("--agency: {office} knows no agency `{key}`; add it with `disposisi agency add`"))
}

/// The new password: long enough, and typed twice where nobody can see it.
fn password(from_stdin: bool) -> Result<Secret, String> {
    let typed = |prompt| rpassword::prompt_password(prompt).map(Secret::new).map_err(|error| error.to_string());
    let password = if from_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(|error| error.to_string())?;
        Secret::new(line.trim_end_matches(['\n', '\r']).to_owned())
    } else if std::io::stdin().is_terminal() {
        let password = typed("Password: ")?;
        if typed("Once more: ")?.expose() != password.expose() {
            return Err("the two passwords differ; nothing has changed".to_owned());
        }
        password
    } else {
        return Err("there is no terminal to ask for the password; give it with --password-stdin".to_owned());
    };
    Passwords::judge(&password)?;
    Ok(password)
}
