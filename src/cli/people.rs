//! `disposisi user`, `disposisi agency`, `disposisi grant`: the use cases of `service::Operator` at a terminal.

use std::io::{BufRead, IsTerminal};

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::output::{CommandResult, print_line};
use super::program_clock::clock;
use super::{Settings, definitions, startup};
use crate::access::Capacity;
use crate::auth::{Passwords, Secret};
use crate::procedure::Office;
use crate::rfc3339::parse_date_time;
use crate::service::{CreateAgency, GrantRole, NewPerson, Operator, ServiceError, UserError, UserErrorCode};
use crate::store::Person;

/// People with a sign-in
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a person
    ///
    /// A new person has no permissions: `disposisi grant` gives them a role. The password is asked twice at a terminal,
    /// or is the first line of standard input with --password-stdin. Works beside a running server.
    #[command(
        after_help = "Examples:\n  disposisi user add siti --name \"Siti Contoh\" --agency singkawang/dinkes\n  \
        pass show budi | disposisi user add budi --name \"Budi Contoh\" --password-stdin"
    )]
    Add {
        /// Username: lower-case letters, digits and . _ -
        username: String,
        /// Full name.
        #[arg(long)]
        name: String,
        /// Civil servant number (NIP), 18 digits.
        #[arg(long)]
        nip: Option<String>,
        /// Agency, for people of an agency.
        #[arg(long, value_name = "OFFICE/KEY")]
        agency: Option<String>,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Reset a forgotten password, and sign the person out everywhere
    ///
    /// Verify their identity first. The password is asked twice at a terminal, or is the first line of standard input
    /// with --password-stdin; the person may change it. Their API keys stay valid. Works beside a running server.
    #[command(after_help = "Example:\n  pass show siti | disposisi user set-password siti --password-stdin")]
    SetPassword {
        /// Username.
        username: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Disable the second factor of a person without authenticator and recovery codes
    ///
    /// Verify their identity first: from now on the password alone is enough. Works beside a running server.
    #[command(after_help = "Example:\n  disposisi user disable-totp siti")]
    DisableTotp {
        /// Username.
        username: String,
    },
}

/// Agencies (OPD), the applicants
#[derive(Debug, Subcommand)]
pub(super) enum AgencyCommand {
    /// Add an agency to an office
    #[command(after_help = "Example:\n  disposisi agency add dinkes --office singkawang --name \"Dinas Kesehatan\"")]
    Add {
        /// Key, unique in the office: lower-case letters, digits and -
        key: String,
        /// Office of the agency.
        #[arg(long)]
        office: String,
        /// Name.
        #[arg(long)]
        name: String,
    },
}

/// Grant a person a role in an office
///
/// From a date to a date; without dates, from now and without end. The offices and their roles are in
/// `procedures/<office>/office.toml`, the permissions of each role in `policies/<office>.csv`. Works beside a running
/// server, effective with the next act.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  disposisi grant siti --office singkawang --role opd --agency dinkes\n  \
    disposisi grant budi --office singkawang --role kepala-dinas --capacity DAILY_ACTING \\\n    \
    --decree 800/12/2026 --on-behalf-of siti --from 2026-12-01T00:00:00+07:00 --until 2026-12-08T00:00:00+07:00")]
pub(super) struct GrantCommand {
    /// Username.
    username: String,
    /// Office.
    #[arg(long)]
    office: String,
    /// Role.
    #[arg(long)]
    role: String,
    /// Key of the agency, for a role of an agency's people.
    #[arg(long)]
    agency: Option<String>,
    /// DEFINITIVE, ACTING (Plt.) or DAILY_ACTING (Plh.).
    #[arg(long, default_value = Capacity::Definitive.word())]
    capacity: String,
    /// Number of the decree (SK).
    #[arg(long)]
    decree: Option<String>,
    /// Username of the absent official, for DAILY_ACTING.
    #[arg(long, value_name = "USERNAME")]
    on_behalf_of: Option<String>,
    /// Start (RFC 3339) [default: now].
    #[arg(long, value_parser = parse_moment)]
    from: Option<DateTime<Utc>>,
    /// End, exclusive (RFC 3339) [default: none].
    #[arg(long, value_parser = parse_moment)]
    until: Option<DateTime<Utc>>,
}

impl UserCommand {
    pub(super) async fn run(self, settings: &Settings) -> CommandResult {
        match self {
            Self::Add { username, name, nip, agency, password_stdin } => {
                let agency = match &agency {
                    None => None,
                    Some(named) => Some(named.split_once('/').ok_or("--agency: write <office>/<key>")?),
                };
                let new = NewPerson { username: &username, name: &name, nip: nip.as_deref(), agency };
                // Before the prompt for the password.
                new.validate().map_err(format_refusal)?;
                let password = read_password(password_stdin)?;
                operator(settings).await?.create_user(&new, &password).await.map_err(format_refusal)?;
                let username = username.trim().to_lowercase();
                print_line(&format!("{username} may sign in; `disposisi grant {username} …` lets them act"));
            }
            Self::SetPassword { username, password_stdin } => {
                let (operator, person) = existing_person(settings, &username).await?;
                let password = read_password(password_stdin)?;
                operator.set_password(person.id, &password).await.map_err(format_refusal)?;
                let username = person.username;
                print_line(&format!(
                    "{username} signs in with the new password from here on, and was signed out everywhere"
                ));
            }
            Self::DisableTotp { username } => {
                let (operator, person) = existing_person(settings, &username).await?;
                operator.disable_totp(person.id).await.map_err(format_refusal)?;
                print_line(&format!("{} signs in without a code from here on", person.username));
            }
        }
        Ok(())
    }
}

impl AgencyCommand {
    pub(super) async fn run(self, settings: &Settings) -> CommandResult {
        let Self::Add { key, office, name } = self;
        let offices = offices(settings)?;
        let office = find_office(&offices, &office)?;
        let new = CreateAgency { office: office.key.clone(), key: key.clone(), name, idempotency_key: None };
        operator(settings).await?.create_agency(new).await.map_err(format_refusal)?;
        print_line(&format!("{} serves the agency {key}", office.name));
        Ok(())
    }
}

impl GrantCommand {
    pub(super) async fn run(self, settings: &Settings) -> CommandResult {
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
        operator.grant_role(role, given).await.map_err(format_refusal)?;
        print_line(&format!("{} acts as {} in {}", person.name, role.name, office.name));
        Ok(())
    }
}

/// Returns the operator of the database, which is created if missing.
async fn operator(settings: &Settings) -> Result<Operator, String> {
    let (_, store) = startup::open(settings).await?;
    Ok(Operator::new(store, clock()))
}

/// Returns the operator of an existing database, and a person.
async fn existing_person(settings: &Settings, username: &str) -> Result<(Operator, Person), String> {
    startup::expect_database(settings)?;
    let operator = operator(settings).await?;
    let person = find_person(&operator, username, "<USERNAME>").await?;
    Ok((operator, person))
}

/// Finds the person named by a flag.
async fn find_person(operator: &Operator, username: &str, flag: &str) -> Result<Person, String> {
    let found = operator.person(username).await.map_err(format_refusal)?;
    found.ok_or_else(|| format!("{flag}: nobody signs in as `{username}`; add them with `disposisi user add`"))
}

fn offices(settings: &Settings) -> Result<Vec<Office>, String> {
    Ok(crate::procedure::read_folder(&settings.procedures)
        .map_err(|faults| definitions::format_faults(&faults))?
        .offices)
}

fn find_office<'a>(offices: &'a [Office], key: &str) -> Result<&'a Office, String> {
    offices.iter().find(|office| office.key == key).ok_or_else(|| {
        let known: Vec<&str> = offices.iter().map(|office| office.key.as_str()).collect();
        format!("--office: no office `{key}`; there are {}", known.join(", "))
    })
}

/// Formats a refusal: each fault with its argument.
fn format_refusal(refused: ServiceError) -> String {
    match refused {
        ServiceError::User(errors) => errors.iter().map(format_error).collect::<Vec<_>>().join("\n"),
        ServiceError::Internal(what) | ServiceError::Unavailable(what) | ServiceError::Aborted(what) => what,
        ServiceError::Forbidden(why) => why.to_string(),
        other => format!("{other:?}"),
    }
}

fn format_error(error: &UserError) -> String {
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
    // Clients learn only that nothing is visible; the operator may know the reason.
    let why = match field {
        "agency" => "the office serves no agency of this key that is in service; add it with `disposisi agency add`",
        "onBehalfOf" => "this person is not known to the office: they hold and held no role there",
        _ => "this person was put out of service, and cannot sign in",
    };
    format!("{argument}: {why}")
}

/// Reads a moment, in the same form as the API does.
fn parse_moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    parse_date_time(text).ok_or("write it as 2026-01-05T01:30:00Z or 2026-01-05T08:30:00+07:00")
}

/// Reads the new password, hidden and twice at a terminal.
fn read_password(from_stdin: bool) -> Result<Secret, String> {
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
