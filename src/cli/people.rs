//! `disposisi user`, `disposisi agency`, `disposisi grant`.

use std::io::BufRead;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::{Outcome, Places, say, start};
use crate::access::Capacity;
use crate::auth::{Passwords, Secret};
use crate::clock::{Clock, SystemClock};
use crate::store;

/// People who may sign in.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a person. The password is asked for, or read from standard input.
    Add {
        /// What they sign in with.
        username: String,
        /// Their name.
        #[arg(long)]
        name: String,
        /// Their civil servant number, 18 digits.
        #[arg(long)]
        nip: Option<String>,
        /// Their agency, as <office>/<key>, for an agency's people.
        #[arg(long)]
        agency: Option<String>,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Agencies that ask.
#[derive(Debug, Subcommand)]
pub(super) enum Agency {
    /// Add an agency.
    Add {
        /// The office that serves it.
        #[arg(long)]
        office: String,
        /// Its key, unique in the office.
        key: String,
        /// Its name.
        #[arg(long)]
        name: String,
    },
}

/// A role for a person, from a date to a date.
#[derive(Debug, clap::Args)]
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
    /// In force from this moment (RFC 3339); from now when not given.
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// In force until just before this moment (RFC 3339); without end when not given.
    #[arg(long)]
    until: Option<DateTime<Utc>>,
}

impl User {
    pub(super) async fn run(self, places: &Places) -> Outcome {
        let Self::Add { username, name, nip, agency, password_stdin } = self;
        let username = username.trim().to_lowercase();
        if nip.as_ref().is_some_and(|nip| nip.len() != 18 || !nip.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err("--nip: a NIP has 18 digits and nothing else".to_owned());
        }
        let (_, store) = start::open(places).await?;
        let agency_id = match &agency {
            None => None,
            Some(named) => {
                let (office, key) = named.split_once('/').ok_or("--agency: write <office>/<key>")?;
                Some(agency_id(&store, office, key).await?)
            }
        };
        if store.person_by_username(&username).await.map_err(|error| error.to_string())?.is_some() {
            return Err(format!("somebody signs in as `{username}` already"));
        }
        let password = password(password_stdin)?;
        if !(10..=256).contains(&password.expose().chars().count()) {
            return Err("a password has 10 to 256 characters".to_owned());
        }
        let now = SystemClock.now();
        let person = store::Person {
            id: store::new_id(now),
            username: username.clone(),
            name,
            nip,
            agency_id,
            password_hash: Passwords::hash(&password)?,
            created_at: now,
            deactivated_at: None,
        };
        store.add_person(person).await.map_err(|error| error.to_string())?;
        say(&format!("{username} may sign in; `disposisi grant {username} …` lets them act"));
        Ok(())
    }
}

impl Agency {
    pub(super) async fn run(self, places: &Places) -> Outcome {
        let Self::Add { office, key, name } = self;
        let shelf = crate::procedure::read_folder(&places.procedures).map_err(|faults| start::list(&faults))?;
        if !shelf.offices.iter().any(|known| known.key == office) {
            let known: Vec<&str> = shelf.offices.iter().map(|office| office.key.as_str()).collect();
            return Err(format!("--office: no office `{office}`; there are {}", known.join(", ")));
        }
        let (_, store) = start::open(places).await?;
        let id = store::new_id(SystemClock.now());
        let agency = entity::agency::Model { id, office, key: key.clone(), name };
        store.add_agency(agency).await.map_err(|error| error.to_string())?;
        say(&format!("the agency {key} may be granted roles for"));
        Ok(())
    }
}

impl Grant {
    pub(super) async fn run(self, places: &Places) -> Outcome {
        let shelf = crate::procedure::read_folder(&places.procedures).map_err(|faults| start::list(&faults))?;
        let office = shelf.offices.iter().find(|office| office.key == self.office);
        let office = office.ok_or_else(|| format!("--office: no office `{}`", self.office))?;
        let role = office.roles.get(&self.role).ok_or_else(|| {
            let known: Vec<&str> = office.roles.keys().map(String::as_str).collect();
            format!("--role: the office has no role `{}`; it has {}", self.role, known.join(", "))
        })?;
        let capacity =
            Capacity::from_word(&self.capacity).ok_or("--capacity: write DEFINITIVE, ACTING or DAILY_ACTING")?;
        let (_, store) = start::open(places).await?;
        let person =
            store.person_by_username(&self.username.to_lowercase()).await.map_err(|error| error.to_string())?;
        let person = person.ok_or_else(|| format!("nobody signs in as `{}`", self.username))?;
        let agency_id = match (&self.agency, role.of_agency) {
            (Some(key), true) => Some(agency_id(&store, &self.office, key).await?),
            (None, false) => None,
            (None, true) => return Err(format!("--agency: {} is a role of an agency's people: say which", role.name)),
            (Some(_), false) => return Err(format!("--agency: {} is no role of an agency's people", role.name)),
        };
        let now = SystemClock.now();
        let grant = entity::grant::Model {
            id: store::new_id(now),
            user_id: person.id,
            office: self.office.clone(),
            role: self.role.clone(),
            agency_id,
            capacity: capacity.word().to_owned(),
            decree_number: self.decree,
            on_behalf_of: None,
            valid_from: self.from.unwrap_or(now),
            valid_until: self.until,
        };
        store.add_grant(grant).await.map_err(|error| error.to_string())?;
        say(&format!("{} acts as {} in {}", person.name, role.name, office.name));
        Ok(())
    }
}

async fn agency_id(store: &store::Store, office: &str, key: &str) -> Result<uuid::Uuid, String> {
    let agencies = store.agencies_of(office).await.map_err(|error| error.to_string())?;
    let found = agencies.iter().find(|agency| agency.key == key).map(|agency| agency.id);
    found.ok_or_else(|| format!("--agency: {office} knows no agency `{key}`; add it with `disposisi agency add`"))
}

fn password(from_stdin: bool) -> Result<Secret, String> {
    if !from_stdin {
        return rpassword::prompt_password("Password: ").map(Secret::new).map_err(|error| error.to_string());
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(Secret::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}
