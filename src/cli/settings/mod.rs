//! What can be set: by flag, by environment, by a TOML file, else the default; in this order, the first that says anything
//! wins. `docs/operations.md` has the one table of all of it, which a test holds against [`Settings`].

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Source};
use serde::{Deserialize, Serialize};

use crate::cli::database::{self, DatabaseTls, DatabaseUrl};
use crate::cli::identity;
use crate::clock::TEST_CLOCK;
use crate::http::Origins;
use crate::random::TEST_SEED;

/// The file that is read when none is named and it is there.
const FILE: &str = "disposisi.toml";

/// What stands before a key's name in the environment.
const PREFIX: &str = "DISPOSISI";

/// Everything that can be set, as it is in force.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the keys; empty for `keys` in the data folder.
    pub keys: PathBuf,
    /// The URL of the database; empty for a file in the data folder.
    pub database: DatabaseUrl,
    /// How many connections to the database are held at most.
    pub database_connections: u32,
    /// How many seconds are waited for a connection to the database.
    pub database_acquire_seconds: u64,
    /// How many seconds a statement may take.
    pub database_statement_seconds: u64,
    /// How the connection to the database is encrypted.
    pub database_tls: DatabaseTls,
    /// The certificate authority that the database is held against; empty for those that are built in.
    pub database_ca: PathBuf,
    /// The folder of the offices and their SOPs.
    pub procedures: PathBuf,
    /// The folder of the policies.
    pub policies: PathBuf,
    /// What is logged: a level, or levels by target.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How many minutes an access token is good for.
    pub token_minutes: u32,
    /// How many days a session lasts that is not prolonged.
    pub refresh_days: u32,
    /// For whom access tokens are meant.
    pub token_audience: String,
    /// The identity provider whose access tokens are taken; empty for none.
    pub oidc_issuer: String,
    /// For whom its access tokens are meant.
    pub oidc_audience: String,
    /// The claim of its access tokens that says a person's username.
    pub oidc_claim: String,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// How many operations may come in a list; none may when it is 0.
    pub batch_limit: usize,
    /// How many seconds an operation may take.
    pub operation_seconds: u64,
    /// How many values a body may hold, those of its variables above all.
    pub value_limit: usize,
    /// How long a document may be, in bytes, or any text beside it.
    pub document_limit: usize,
    /// How many tokens (names, values, punctuation) a document may have.
    pub token_limit: usize,
    /// How many fields an operation may select, its fragments as often as they are spread.
    pub field_limit: usize,
    /// How many fields an operation may select at its root.
    pub root_field_limit: usize,
    /// How many fields of an operation may have another name.
    pub alias_limit: usize,
    /// How many directives an operation may have.
    pub directive_limit: usize,
    /// How deep selections may nest.
    pub depth_limit: usize,
    /// How much an operation may cost.
    pub complexity_limit: usize,
    /// The manifest of persisted documents (JSON, by `sha256:` and their digests, or Apollo's). Empty for none.
    pub documents: PathBuf,
    /// Whether nothing else is run than those documents.
    pub documents_only: bool,
    /// How many documents whoever is signed in may register by sending them with their ids; those used longest ago go first. 0 for none.
    pub registered_documents: usize,
    /// Whether operations must have names.
    pub operation_names: bool,
    /// Whether the schema may be asked for (`__schema`, `__type`).
    pub introspection: bool,
    /// How many operations a person may send a minute, by API keys too; 0 for any number.
    pub person_rate: u32,
    /// How many of them at once.
    pub person_burst: u32,
    /// How many operations an API key may send a minute, out of those of its person; 0 for any number.
    pub key_rate: u32,
    /// How many of them at once.
    pub key_burst: u32,
    /// How many operations nobody may send a minute from one address, failed authentication counted too; 0 for any number.
    pub address_rate: u32,
    /// How many of them at once.
    pub address_burst: u32,
    /// How many WebSockets a person, or an address that nobody is known from, may have open at once; 0 for any number.
    pub person_sockets: usize,
    /// How many operations a person, or such an address, may have under way at once on WebSockets and streams of events; 0 for any number.
    pub person_operations: usize,
    /// Whether the explorer is served.
    pub explorer: bool,
    /// How many seconds a WebSocket may take to say who it is.
    pub socket_init_seconds: u64,
    /// How often, in seconds, a long connection shows that it lives.
    pub heartbeat_seconds: u64,
    /// The origins whose pages may read what is answered.
    pub cors_origins: Vec<String>,
    /// The addresses of proxies that tell where a caller calls from.
    pub trusted_proxies: Vec<IpAddr>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "data".into(),
            keys: PathBuf::new(),
            database: DatabaseUrl::default(),
            database_connections: 16,
            database_acquire_seconds: 5,
            database_statement_seconds: 30,
            database_tls: DatabaseTls::Prefer,
            database_ca: PathBuf::new(),
            procedures: "procedures".into(),
            policies: "policies".into(),
            log: "warn,disposisi=info".to_owned(),
            log_format: LogFormat::Text,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token_minutes: 15,
            refresh_days: 30,
            token_audience: "disposisi".to_owned(),
            oidc_issuer: String::new(),
            oidc_audience: String::new(),
            oidc_claim: "preferred_username".to_owned(),
            body_limit: 1_048_576,
            batch_limit: 0,
            operation_seconds: 30,
            value_limit: 10_000,
            document_limit: 100_000,
            token_limit: 3_000,
            field_limit: 2_000,
            root_field_limit: 100,
            alias_limit: 500,
            directive_limit: 200,
            depth_limit: 16,
            complexity_limit: 50_000,
            documents: PathBuf::new(),
            documents_only: false,
            registered_documents: 0,
            operation_names: false,
            introspection: true,
            person_rate: 600,
            person_burst: 300,
            key_rate: 600,
            key_burst: 300,
            address_rate: 600,
            address_burst: 300,
            person_sockets: 100,
            person_operations: 500,
            explorer: true,
            socket_init_seconds: 10,
            heartbeat_seconds: 20,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

/// The settings that every command takes as flags.
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
#[command(next_help_heading = "Settings (also DISPOSISI_<NAME>, or a line of the settings file)")]
pub struct Flags {
    /// The settings file, TOML [default: disposisi.toml, where it is there].
    #[arg(long, global = true, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// The data folder: the database, and the keys beside it [default: data].
    #[arg(long, global = true, value_name = "FOLDER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    /// The folder of the keys [default: keys, in the data folder].
    #[arg(long, global = true, value_name = "FOLDER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<PathBuf>,
    /// The database, postgres://…; a password in it belongs into the environment [default: SQLite, in the data folder].
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip)]
    database: Option<DatabaseUrl>,
    /// How many connections to the database are held at most, by PostgreSQL [default: 16].
    #[arg(long, global = true, value_name = "COUNT", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_connections: Option<u32>,
    /// How many seconds are waited for a connection to it [default: 5].
    #[arg(long, global = true, value_name = "SECONDS", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_acquire_seconds: Option<u64>,
    /// How many seconds a statement may take there [default: 30].
    #[arg(long, global = true, value_name = "SECONDS", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_statement_seconds: Option<u64>,
    /// How the connection to it is encrypted [default: prefer].
    #[arg(long, global = true, value_name = "MODE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_tls: Option<DatabaseTls>,
    /// The certificate authority that it is held against, PEM [default: those that are built in].
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_ca: Option<PathBuf>,
    /// The folder of the offices and their SOPs [default: procedures].
    #[arg(long, global = true, value_name = "FOLDER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    procedures: Option<PathBuf>,
    /// The folder of the policies: model.conf, and a CSV file for each office [default: policies].
    #[arg(long, global = true, value_name = "FOLDER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<PathBuf>,
    /// What is logged to standard error: error, warn, info, debug or trace, or such levels by target [default:
    /// warn,disposisi=info].
    #[arg(long, global = true, value_name = "LEVEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// Log lines for people, or one JSON object a line [default: text].
    #[arg(long, global = true, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
}

/// The settings that only a server takes as flags.
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
pub struct ServeFlags {
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// How many minutes an access token is good for, 1 to 1440 [default: 15].
    #[arg(long, value_name = "MINUTES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_minutes: Option<u32>,
    /// How many days a session lasts that is not prolonged, 1 to 365 [default: 30].
    #[arg(long, value_name = "DAYS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_days: Option<u32>,
    /// For whom access tokens are meant; those for others are refused [default: disposisi].
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_audience: Option<String>,
    /// The identity provider (OpenID Connect) whose access tokens are taken, as they say it in `iss` [default: none].
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc_issuer: Option<String>,
    /// For whom its access tokens are meant, as they say it in `aud`.
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc_audience: Option<String>,
    /// The claim of its access tokens that says a person's username [default: preferred_username].
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc_claim: Option<String>,
    /// The largest body taken, in bytes [default: 1048576].
    #[arg(long, value_name = "BYTES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    body_limit: Option<usize>,
    /// How many operations may come in a list [default: 0, no list].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_limit: Option<usize>,
    /// How many seconds an operation may take [default: 30].
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_seconds: Option<u64>,
    /// How many values a body may hold, those of its variables above all [default: 10000].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    value_limit: Option<usize>,
    /// How long a document may be, in bytes, or any text beside it [default: 100000].
    #[arg(long, value_name = "BYTES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    document_limit: Option<usize>,
    /// How many tokens (names, values, punctuation) a document may have [default: 3000].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_limit: Option<usize>,
    /// How many fields an operation may select, its fragments as often as they are spread [default: 2000].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    field_limit: Option<usize>,
    /// How many fields an operation may select at its root [default: 100].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    root_field_limit: Option<usize>,
    /// How many fields of an operation may have another name [default: 500].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_limit: Option<usize>,
    /// How many directives an operation may have [default: 200].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    directive_limit: Option<usize>,
    /// How deep selections may nest [default: 16].
    #[arg(long, value_name = "LEVELS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    depth_limit: Option<usize>,
    /// How much an operation may cost, a field being 1, as often as its lists may have entries [default: 50000].
    #[arg(long, value_name = "COST")]
    #[serde(skip_serializing_if = "Option::is_none")]
    complexity_limit: Option<usize>,
    /// The manifest of persisted documents (JSON, by `sha256:` and their digests, or Apollo's) [default: none].
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<PathBuf>,
    /// Whether nothing else is run than those documents [default: false].
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    documents_only: Option<bool>,
    /// How many documents whoever is signed in may register by sending them with their ids; 0 for none [default: 0].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_documents: Option<usize>,
    /// Whether operations must have names [default: false].
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_names: Option<bool>,
    /// Whether the schema may be asked for (`__schema`, `__type`) [default: true].
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection: Option<bool>,
    /// How many operations a person may send a minute, by API keys too; 0 for any number [default: 600].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    person_rate: Option<u32>,
    /// How many of them at once [default: 300].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    person_burst: Option<u32>,
    /// How many operations an API key may send a minute, out of those of its person; 0 for any number [default: 600].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_rate: Option<u32>,
    /// How many of them at once [default: 300].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_burst: Option<u32>,
    /// How many operations nobody may send a minute from one address, failed authentication counted too; 0 for any number [default: 600].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    address_rate: Option<u32>,
    /// How many of them at once [default: 300].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    address_burst: Option<u32>,
    /// How many WebSockets a person, or an address that nobody is known from, may have open at once; 0 for any number [default: 100].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    person_sockets: Option<usize>,
    /// How many operations a person, or such an address, may have under way at once on WebSockets and streams of events; 0 for any number [default: 500].
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    person_operations: Option<usize>,
    /// Whether the explorer is served at /graphiql [default: true].
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    explorer: Option<bool>,
    /// How many seconds a WebSocket may take to say who it is [default: 10].
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    socket_init_seconds: Option<u64>,
    /// How often, in seconds, a WebSocket or a stream of events shows that it lives [default: 20].
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_seconds: Option<u64>,
    /// Origins whose pages may read what is answered, https://…, with commas between [default: none].
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none")]
    cors_origins: Option<Vec<String>>,
    /// Proxies whose X-Forwarded-For is believed, by address, with commas between [default: none].
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_proxies: Option<Vec<IpAddr>>,
}

impl Flags {
    /// The data folder that a flag names.
    pub(super) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Whether a flag says what is logged.
    pub(super) fn names_log(&self) -> bool {
        self.log.is_some()
    }
}

impl Settings {
    /// The settings in force. The error names the layer, the key and what is wrong with it.
    pub fn read(flags: &Flags, serve: &ServeFlags) -> Result<Self, String> {
        let file = flags.config.clone().or_else(|| Some(PathBuf::from(FILE)).filter(|file| file.exists()));
        // These are no settings: a release build refuses them.
        let environment = std::env::vars_os().filter(|(name, _)| name != TEST_CLOCK && name != TEST_SEED);
        Self::of(file.as_deref(), environment, flags, serve)
    }

    fn of(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        flags: &Flags,
        serve: &ServeFlags,
    ) -> Result<Self, String> {
        let variable = |(key, value): (OsString, OsString)| Some((key.into_string().ok()?, value.into_string().ok()?));
        let environment = Environment::with_prefix(PREFIX)
            .prefix_separator("_")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("cors_origins")
            .with_list_parse_key("trusted_proxies")
            .source(Some(environment.filter_map(variable).collect()));
        let mut layers: Vec<(String, Box<dyn Source + Send + Sync>)> = Vec::new();
        if let Some(file) = file {
            let source = File::from(file).format(FileFormat::Toml);
            layers.push((file.display().to_string(), Box::new(source)));
        }
        layers.push((format!("the environment ({PREFIX}_<NAME>)"), Box::new(environment)));
        let flagged = |error: config::ConfigError| error.to_string();
        layers.push(("the flags".to_owned(), Box::new(Config::try_from(flags).map_err(flagged)?)));
        layers.push(("the flags".to_owned(), Box::new(Config::try_from(serve).map_err(flagged)?)));
        let mut all = Config::builder();
        for (name, source) in layers {
            // Each layer is judged by itself first, so that a fault names where it stands.
            let alone = Config::builder().add_source(vec![source.clone_into_box()]).build();
            let settings = alone.and_then(Config::try_deserialize::<Self>).map_err(|error| told(&name, &error))?;
            settings.judge().map_err(|fault| told(&name, &fault))?;
            all = all.add_source(vec![source]);
        }
        let mut all: Self =
            all.build().and_then(Config::try_deserialize).map_err(|error| told("the settings", &error))?;
        if let Some(url) = &flags.database {
            all.database = url.clone();
            all.judge().map_err(|fault| told("the flags", &fault))?;
        }
        all.judge_together().map_err(|fault| told("the settings", &fault))?;
        Ok(all)
    }

    /// The folder of the keys.
    pub(super) fn keys_folder(&self) -> PathBuf {
        if self.keys.as_os_str().is_empty() { self.data.join("keys") } else { self.keys.clone() }
    }

    /// What is wrong with values that stand beside each other, wherever each of them was given.
    fn judge_together(&self) -> Result<(), String> {
        if self.documents_only && self.registered_documents > 0 {
            return Err("`documents_only` runs the manifest's documents alone, and `registered_documents` lets clients add others: \
                        leave one of them out"
                .to_owned());
        }
        identity::judge_together(self)
    }

    /// What is wrong with a value that has the right type.
    fn judge(&self) -> Result<(), String> {
        if !(1..=1440).contains(&self.token_minutes) {
            return Err(format!("`token_minutes` is {}: write 1 to 1440", self.token_minutes));
        }
        if !(1..=365).contains(&self.refresh_days) {
            return Err(format!("`refresh_days` is {}: write 1 to 365", self.refresh_days));
        }
        if self.token_audience.trim().is_empty() {
            return Err(
                "`token_audience` is empty: name whom access tokens are for, the same on every instance".to_owned()
            );
        }
        for (key, value) in [
            ("body_limit", self.body_limit as u64),
            ("operation_seconds", self.operation_seconds),
            ("value_limit", self.value_limit as u64),
            ("document_limit", self.document_limit as u64),
            ("token_limit", self.token_limit as u64),
            ("field_limit", self.field_limit as u64),
            ("root_field_limit", self.root_field_limit as u64),
            ("alias_limit", self.alias_limit as u64),
            ("directive_limit", self.directive_limit as u64),
            ("depth_limit", self.depth_limit as u64),
            ("complexity_limit", self.complexity_limit as u64),
            ("socket_init_seconds", self.socket_init_seconds),
            ("heartbeat_seconds", self.heartbeat_seconds),
            ("database_connections", self.database_connections.into()),
            ("database_acquire_seconds", self.database_acquire_seconds),
            ("database_statement_seconds", self.database_statement_seconds),
        ] {
            if value == 0 {
                return Err(format!("`{key}` is 0, and nothing would be served: write 1 or more"));
            }
        }
        if let Err(name) = Origins::read(&self.cors_origins) {
            return Err(format!(
                "`cors_origins` has `{name}`: write each origin as browsers send it, such as https://app.example"
            ));
        }
        database::place(self)?;
        identity::judge(self)?;
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log);
        filter.map(|_| ()).map_err(|error| format!("`log` is no filter: {error}; write a level like `info`"))
    }
}

fn told(layer: &str, fault: &impl std::fmt::Display) -> String {
    format!("{layer}: {fault}\n  docs/operations.md lists every setting.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, environment: &[(&str, &str)], flags: &Flags, serve: &ServeFlags) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let environment = environment.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        Settings::of(Some(&path), environment, flags, serve)
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file() {
        let file = "token_minutes = 20\nlisten = \"127.0.0.1:1\"\nlog_format = \"json\"\nexplorer = false";
        let environment = [
            ("DISPOSISI_TOKEN_MINUTES", "30"),
            ("DISPOSISI_DATA", "/srv/1"),
            ("DISPOSISI_TRUSTED_PROXIES", "127.0.0.1,::1"),
        ];
        let serve = ServeFlags { token_minutes: Some(40), ..Default::default() };
        let settings = read(file, &environment, &Flags::default(), &serve).unwrap();
        let expected = Settings {
            token_minutes: 40,
            listen: "127.0.0.1:1".parse().unwrap(),
            log_format: LogFormat::Json,
            explorer: false,
            data: "/srv/1".into(),
            trusted_proxies: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
            ..Default::default()
        };
        assert_eq!(settings, expected);
        let settings = read(file, &environment, &Flags::default(), &ServeFlags::default()).unwrap();
        assert_eq!(settings.token_minutes, 30);
        assert_eq!(read("", &[], &Flags::default(), &ServeFlags::default()), Ok(Settings::default()));
    }

    #[test]
    fn what_goes_together_may_stand_apart() {
        let environment = [("DISPOSISI_OIDC_AUDIENCE", "api")];
        let file = "oidc_issuer = \"https://login.example\"";
        let settings = read(file, &environment, &Flags::default(), &ServeFlags::default()).unwrap();
        assert_eq!((settings.oidc_issuer.as_str(), settings.oidc_audience.as_str()), ("https://login.example", "api"));
    }

    #[test]
    fn a_database_url_is_taken_from_anywhere_and_printed_nowhere() {
        let url = "postgres://disposisi:hunter2@db.example/disposisi";
        let flags = Flags { database: Some(url.to_owned().into()), ..Default::default() };
        let environment = [("DISPOSISI_DATABASE", url)];
        for settings in [
            read(&format!("database = \"{url}\""), &[], &Flags::default(), &ServeFlags::default()),
            read("", &environment, &Flags::default(), &ServeFlags::default()),
            read("database = \"postgres://other/\"", &[], &flags, &ServeFlags::default()),
        ] {
            let settings = settings.unwrap();
            assert_eq!(settings.database, url.to_owned().into());
            let place = database::place(&settings).unwrap();
            let printed = [format!("{settings:?} {place:?} {flags:?}"), serde_json::to_string(&settings).unwrap()];
            assert!(printed.iter().all(|text| !text.contains("hunter2")), "{printed:?}");
        }
    }

    #[test]
    fn what_is_unknown_or_wrong_is_named_with_where_it_stands() {
        for (file, environment, says) in [
            ("lisen = \"127.0.0.1:1\"", None, vec!["settings.toml", "lisen"]),
            ("listen = \"nowhere\"", None, vec!["settings.toml", "listen", "socket address"]),
            ("trusted_proxies = [\"x\"]", None, vec!["settings.toml", "IP address"]),
            ("token_minutes = 0", None, vec!["settings.toml", "token_minutes", "1 to 1440"]),
            ("refresh_days = 0", None, vec!["settings.toml", "refresh_days", "1 to 365"]),
            ("token_audience = \" \"", None, vec!["settings.toml", "token_audience", "every instance"]),
            ("oidc_issuer = \"https://login.example\"", None, vec!["oidc_issuer", "`oidc_audience` is not"]),
            ("oidc_audience = \"disposisi\"", None, vec!["oidc_audience", "`oidc_issuer` is not"]),
            (
                "documents_only = true\nregistered_documents = 9",
                None,
                vec!["`documents_only`", "`registered_documents`"],
            ),
            ("oidc_claim = \" \"", None, vec!["settings.toml", "`oidc_claim`"]),
            ("oidc_issuer = \"http://login.example\"", None, vec!["settings.toml", "`oidc_issuer`", "https://"]),
            ("oidc_issuer = \"login.example\"", None, vec!["settings.toml", "`oidc_issuer`", "https://"]),
            ("oidc_issuer = \"https://login.example?a=b\"", None, vec!["settings.toml", "`oidc_issuer`", "query"]),
            ("oidc_issuer = \"https://a@login.example\"", None, vec!["settings.toml", "`oidc_issuer`", "host"]),
            ("cors_origins = [\"https://app.example/\"]", None, vec!["settings.toml", "`cors_origins`", "example/"]),
            ("token_minutes = \"soon\"", None, vec!["settings.toml", "token_minutes"]),
            ("token_minutes = ", None, vec!["settings.toml", "TOML"]),
            ("log = \"a=b=c\"", None, vec!["settings.toml", "`log`"]),
            ("database = \"mysql://u:hunter2@h/d\"", None, vec!["settings.toml", "`database`", "postgres://"]),
            ("database = \"postgres://u:hunter2#@h/d\"", None, vec!["settings.toml", "`database`", "%XX"]),
            ("database = \"postgres://u:a?hunter2@h/d\"", None, vec!["settings.toml", "`database`", "parameter"]),
            ("database_connections = 0", None, vec!["settings.toml", "`database_connections`"]),
            ("database_tls = \"always\"", None, vec!["settings.toml", "`database_tls`", "always"]),
            ("", Some(("DISPOSISI_DATABASE", "postgres://u:hunter2@h:x/d")), vec!["environment", "`database`"]),
            ("", Some(("DISPOSISI_BODY_LIMITS", "1")), vec!["environment", "body_limits"]),
            ("", Some(("DISPOSISI_BODY_LIMIT", "much")), vec!["environment", "body_limit"]),
            ("", Some(("DISPOSISI_LOG_FORMAT", "xml")), vec!["environment", "xml"]),
        ] {
            let environment: Vec<_> = environment.into_iter().collect();
            let error = read(file, &environment, &Flags::default(), &ServeFlags::default()).unwrap_err();
            for word in says {
                assert!(error.contains(word), "`{word}` in: {error}");
            }
            assert!(!error.contains("hunter2"), "a password is told: {error}");
        }
    }

    #[test]
    fn the_table_of_the_documentation_is_the_settings() {
        let documentation = include_str!("../../../docs/operations.md");
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        for (key, value) in defaults.as_object().unwrap() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let row =
                format!("| `{key}` | `--{}` | `DISPOSISI_{}` | `{value}` |", key.replace('_', "-"), key.to_uppercase());
            assert!(documentation.contains(&row), "docs/operations.md lacks: {row}");
        }
    }
}
