//! `disposisi user`, `disposisi agency`, `disposisi grant`: the use cases of `service::Operator` at a terminal.

use std::io::{BufRead, IsTerminal};

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::{Outcome, Settings, clock, definitions, say, startup};
use crate::access::Capacity;
use crate::auth::{Passwords, Secret};
use crate::procedure::Office;
use crate::service::{CreateAgency, GrantRole, NewPerson, Operator, Refused, UserError, UserErrorCode};
use crate::store::Person;

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
    #[arg(long, default_value = Capacity::Definitive.word())]
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

impl User {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        match self {
            Self::Add { username, name, nip, agency, password_stdin } => {
                let agency = match &agency {
                    None => None,
                    Some(named) => Some(named.split_once('/').ok_or("--agency: write <office>/<key>")?),
                };
                let new = NewPerson { username: &username, name: &name, nip: nip.as_deref(), agency };
                // Before the password is asked for.
                new.validate().map_err(refusal)?;
                let password = password(password_stdin)?;
                operator(settings).await?.create_user(&new, &password).await.map_err(refusal)?;
                let username = username.trim().to_lowercase();
                say(&format!("{username} may sign in; `disposisi grant {username} …` lets them act"));
            }
            Self::SetPassword { username, password_stdin } => {
                let (operator, person) = existing(settings, &username).await?;
                let password = password(password_stdin)?;
                operator.set_password(person.id, &password).await.map_err(refusal)?;
                let username = person.username;
                say(&format!("{username} signs in with the new password from here on, and was signed out everywhere"));
            }
            Self::DisableTotp { username } => {
                let (operator, person) = existing(settings, &username).await?;
                operator.disable_totp(person.id).await.map_err(refusal)?;
                say(&format!("{} signs in without a code from here on", person.username));
            }
        }
        Ok(())
    }
}

impl Agency {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let Self::Add { key, office, name } = self;
        let offices = offices(settings)?;
        let office = find_office(&offices, &office)?;
        let new = CreateAgency { office: office.key.clone(), key: key.clone(), name, idempotency_key: None };
        operator(settings).await?.create_agency(new).await.map_err(refusal)?;
        say(&format!("{} serves the agency {key}", office.name));
        Ok(())
    }
}

impl Grant {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let offices = offices(settings)?;
        let office = find_office(&offices, &self.office)?;
        let role = office.roles.get(&self.role).ok_or_else(|| {
            let known: Vec<&str> = office.roles.keys().map(String::as_str).collect();
            format!("--role: {} has no role `{}`; it has {}", office.key, self.role, known.join(", "))
        })?;
        let capacity =
            Capacity::from_word(&self.capacity).ok_or("--capacity: write DEFINITIVE, ACTING or DAILY_ACTING")?;
        let operator = operator(settings).await?;
        let person = find_person(&operator, &self.username, "<USERNAME>").await?;
        let on_behalf_of = match &self.on_behalf_of {
            None => None,
            Some(other) => Some(find_person(&operator, other, "--on-behalf-of").await?.id),
        };
        let given = GrantRole {
            office: office.key.clone(),
            user: person.id,
            role: self.role,
            agency: self.agency,
            capacity,
            decree_number: self.decree,
            on_behalf_of,
            valid_from: self.from,
            valid_until: self.until,
            idempotency_key: None,
        };
        operator.grant_role(role, given).await.map_err(refusal)?;
        say(&format!("{} acts as {} in {}", person.name, role.name, office.name));
        Ok(())
    }
}

/// The operator of the settings' database, which is begun where there is none.
async fn operator(settings: &Settings) -> Result<Operator, String> {
    let (_, store) = startup::open(settings).await?;
    Ok(Operator::new(store, clock()))
}

/// The operator of an existing database, and a person in it.
async fn existing(settings: &Settings, username: &str) -> Result<(Operator, Person), String> {
    startup::expect_database(settings)?;
    let operator = operator(settings).await?;
    let person = find_person(&operator, username, "<USERNAME>").await?;
    Ok((operator, person))
}

/// The person who signs in by the name that a flag gives.
async fn find_person(operator: &Operator, username: &str, flag: &str) -> Result<Person, String> {
    let found = operator.person(username).await.map_err(refusal)?;
    found.ok_or_else(|| format!("{flag}: nobody signs in as `{username}`; add them with `disposisi user add`"))
}

fn offices(settings: &Settings) -> Result<Vec<Office>, String> {
    Ok(crate::procedure::read_folder(&settings.procedures).map_err(|faults| definitions::list(&faults))?.offices)
}

fn find_office<'a>(offices: &'a [Office], key: &str) -> Result<&'a Office, String> {
    offices.iter().find(|office| office.key == key).ok_or_else(|| {
        let known: Vec<&str> = offices.iter().map(|office| office.key.as_str()).collect();
        format!("--office: no office `{key}`; there are {}", known.join(", "))
    })
}

/// A refusal for the terminal: each fault behind the argument that it is about.
fn refusal(refused: Refused) -> String {
    match refused {
        Refused::User(errors) => errors.iter().map(fault).collect::<Vec<_>>().join("\n"),
        Refused::Internal(what) | Refused::Unavailable(what) | Refused::Aborted(what) => what,
        other => format!("{other:?}"),
    }
}

fn fault(error: &UserError) -> String {
    let field = error.path.first().map_or("", String::as_str);
    let argument = match field {
        "username" | "userId" => "<USERNAME>",
        "key" => "<KEY>",
        "password" => "the password",
        "decreeNumber" => "--decree",
        "onBehalfOf" => "--on-behalf-of",
        "validFrom" => "--from",
        "validUntil" => "--until",
        field => &format!("--{field}"),
    };
    if error.code != UserErrorCode::NotFound {
        return format!("{argument}: {}", error.message);
    }
    // A client is told no more than that nothing is visible; the operator may know why.
    let why = match field {
        "agency" => "the office serves no agency of this key that is in service; add it with `disposisi agency add`",
        "onBehalfOf" => "this person is not known to the office: they hold and held no role there",
        _ => "this person was put out of service, and cannot sign in",
    };
    format!("{argument}: {why}")
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
    Passwords::validate(&password)?;
    Ok(password)
}
