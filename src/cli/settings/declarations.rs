//! Declarations of all settings: key, type, default, bounds and help text, each in one place.
//!
//! The flag (`--token-minutes`), the environment variable (`DISPOSISI_TOKEN_MINUTES`) and the key in the settings file
//! (`token_minutes`) follow from the name. A new setting is one entry here and its row in `docs/operations.md`; a test compares them.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{DatabaseTls, DatabaseUrl, LogFormat};
use crate::graphql::OperationLimits;

/// Makes from the declarations: [`Settings`] with its defaults, the flags of all commands and of `serve`, the help texts, and
/// the check of bounds.
///
/// An entry is `/// help`, `name: type = default, "VALUE NAME"`, and bounds (`, 1..=365`) if it has any.
macro_rules! settings {
    (
        common { $(
            #[doc = $common_help:literal] $(#[arg($($common_arg:tt)*)])? $(#[serde($($common_serde:tt)*)])?
            $common:ident: $common_type:ty = $common_default:expr, $common_value:literal
            $(, $common_bounds:expr)?;
        )+ }
        serve { $(
            #[doc = $help:literal] $(#[arg($($arg:tt)*)])?
            $key:ident: $type:ty = $default:expr, $value:literal $(, $bounds:expr)?;
        )+ }
    ) => {
        /// The settings in force.
        #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $(#[doc = $common_help] pub $common: $common_type,)+
            $(#[doc = $help] pub $key: $type,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($common: $common_default,)+ $($key: $default,)+ }
            }
        }

        /// Flags of every command.
        #[derive(Debug, Clone, Default, clap::Args, Serialize)]
        #[command(next_help_heading = "Settings (also DISPOSISI_<NAME>, or a line of the settings file)")]
        pub struct Flags {
            /// Settings file, TOML [default: disposisi.toml, if it exists]
            #[arg(long, global = true, value_name = "FILE")]
            #[serde(skip)]
            pub(super) config: Option<PathBuf>,
            $(
                #[arg(long, global = true, value_name = $common_value, help = help($common_help, &Settings::default().$common), $($($common_arg)*)?)]
                #[serde(skip_serializing_if = "Option::is_none", $($($common_serde)*)?)]
                pub(super) $common: Option<$common_type>,
            )+
        }

        /// Flags of `serve`.
        #[derive(Debug, Clone, Default, clap::Args, Serialize)]
        pub struct ServeFlags {
            $(
                #[arg(long, value_name = $value, help = help($help, &Settings::default().$key), $($($arg)*)?)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub(super) $key: Option<$type>,
            )+
        }

        /// Key and help text of each setting.
        #[cfg(test)]
        const HELP: &[(&str, &str)] =
            &[$((stringify!($common), $common_help),)+ $((stringify!($key), $help),)+];

        impl Settings {
            /// Refuses a number outside its declared bounds.
            pub(super) fn validate_bounds(&self) -> Result<(), String> {
                $($(within(stringify!($common), self.$common, $common_bounds)?;)?)+
                $($(within(stringify!($key), self.$key, $bounds)?;)?)+
                Ok(())
            }
        }
    };
}

/// Adds the default to a help text.
fn help(text: &str, default: &impl Serialize) -> String {
    let text = text.trim().trim_end_matches('.');
    match serde_json::to_value(default).unwrap_or_default() {
        serde_json::Value::String(empty) if empty.is_empty() => text.to_owned(),
        serde_json::Value::Array(empty) if empty.is_empty() => text.to_owned(),
        serde_json::Value::String(value) => format!("{text} [default: {value}]"),
        value => format!("{text} [default: {value}]"),
    }
}

/// Bounds of a number without an upper bound.
const POSITIVE: RangeInclusive<u64> = 1..=u64::MAX;

/// Refuses a value out of bounds.
fn within(key: &str, value: impl TryInto<u64>, bounds: RangeInclusive<u64>) -> Result<(), String> {
    let value = value.try_into().unwrap_or(u64::MAX);
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(match bounds == POSITIVE {
        true => format!("`{key}` is {value}, and nothing would be served: write 1 or more"),
        false => format!("`{key}` is {value}: write {} to {}", bounds.start(), bounds.end()),
    })
}

settings! {
    common {
        /// Data folder: the database and its keys, unless `database` or `keys` name other places.
        data: PathBuf = "data".into(), "FOLDER";
        /// Folder of the keys. Empty: `keys` in the data folder.
        keys: PathBuf = PathBuf::new(), "FOLDER";
        /// PostgreSQL URL, `postgres://…`. Empty: SQLite in the data folder. Give a password by the environment or the settings file: flags are visible in the process list.
        #[serde(skip)]
        database: DatabaseUrl = DatabaseUrl::default(), "URL";
        /// Maximum number of pooled PostgreSQL connections of a process, besides the one that listens for notifications.
        #[arg(hide_short_help = true)]
        database_connections: u32 = 16, "COUNT", POSITIVE;
        /// Timeout for acquiring a pooled connection, in seconds, after which `UNAVAILABLE` is answered.
        #[arg(hide_short_help = true)]
        database_acquire_seconds: u64 = 5, "SECONDS", POSITIVE;
        /// PostgreSQL statement timeout, in seconds; lock waits end a tenth earlier, and idle transactions after the same time.
        #[arg(hide_short_help = true)]
        database_statement_seconds: u64 = 30, "SECONDS", POSITIVE;
        /// TLS mode as in PostgreSQL: `disable`, `prefer`, `require`, `verify-ca` or `verify-full`.
        #[arg(hide_short_help = true)]
        database_tls: DatabaseTls = DatabaseTls::Prefer, "MODE";
        /// Certificate authority (PEM) for `verify-ca` and `verify-full`. Empty: the built-in public authorities.
        #[arg(hide_short_help = true)]
        database_ca: PathBuf = PathBuf::new(), "FILE";
        /// Folder of the offices and their SOPs.
        procedures: PathBuf = "procedures".into(), "FOLDER";
        /// Folder of the policies: model.conf and one CSV file for each office.
        policies: PathBuf = "policies".into(), "FOLDER";
        /// Log filter for standard error: `error`, `warn`, `info`, `debug`, `trace`, or levels by target.
        log: String = "warn,disposisi=info".to_owned(), "LEVEL";
        /// Log format: `text` for people, `json` for one object a line.
        log_format: LogFormat = LogFormat::Text, "FORMAT";
    }
    serve {
        /// Address to listen on; port 0 takes a free port.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), "ADDRESS";
        /// Lifetime of access tokens in minutes, 1 to 1440.
        token_minutes: u32 = 15, "MINUTES", 1..=1440;
        /// Lifetime of sessions without refresh, in days, 1 to 365.
        refresh_days: u32 = 30, "DAYS", 1..=365;
        /// Audience (`aud`) of access tokens; tokens for another audience are refused. The same on every instance.
        token_audience: String = "disposisi".to_owned(), "NAME";
        /// Issuer (`iss`) of the OpenID Connect provider, an `https://` URL, or `http://` on this machine. Empty: no provider. Requires `oidc_audience`.
        oidc_issuer: String = String::new(), "URL";
        /// Audience (`aud`) of the provider's access tokens; tokens for another audience are refused.
        oidc_audience: String = String::new(), "NAME";
        /// Claim of the provider's access tokens with the username. Choose one that users cannot edit there.
        oidc_claim: String = "preferred_username".to_owned(), "NAME";
        /// Maximum size of a request body, in bytes.
        body_limit: usize = 1_048_576, "BYTES", POSITIVE;
        /// Maximum number of operations in a batch; 0 refuses batches. Each operation has its own limits, and all share one timeout.
        batch_limit: usize = 0, "COUNT";
        /// Timeout of an operation, in seconds.
        operation_seconds: u64 = 30, "SECONDS", POSITIVE;
        /// Maximum number of JSON values in a request body, variables included.
        value_limit: usize = OperationLimits::default().values, "COUNT", POSITIVE;
        /// Maximum length of a GraphQL document, or of any other text in the body, in bytes.
        document_limit: usize = OperationLimits::default().document, "BYTES", POSITIVE;
        /// Maximum number of tokens (names, values, punctuators) in a document.
        token_limit: usize = OperationLimits::default().tokens, "COUNT", POSITIVE;
        /// Maximum number of selected fields, each fragment counted as often as it is spread.
        field_limit: usize = OperationLimits::default().fields, "COUNT", POSITIVE;
        /// Maximum number of fields at the root of an operation.
        root_field_limit: usize = OperationLimits::default().root_fields, "COUNT", POSITIVE;
        /// Maximum number of aliases.
        alias_limit: usize = OperationLimits::default().aliases, "COUNT", POSITIVE;
        /// Maximum number of directives.
        directive_limit: usize = OperationLimits::default().directives, "COUNT", POSITIVE;
        /// Maximum nesting depth of selections.
        depth_limit: usize = OperationLimits::default().depth, "LEVELS", POSITIVE;
        /// Maximum cost of an operation: 1 for each field, multiplied by the page sizes around it.
        complexity_limit: usize = OperationLimits::default().complexity, "COST", POSITIVE;
        /// Manifest of persisted documents (JSON, by `sha256:` ids or in Apollo's format). Empty: none.
        documents: PathBuf = PathBuf::new(), "FILE";
        /// Refuses all operations except persisted documents.
        documents_only: bool = false, "BOOL";
        /// Maximum number of client-registered persisted documents, the least recently used evicted first; 0 disables registration.
        registered_documents: usize = 0, "COUNT";
        /// Maximum size in bytes of compiled documents in memory, the least used evicted first; 0 keeps none.
        compiled_documents_bytes: usize = 32 << 20, "BYTES";
        /// Maximum size in bytes of cached rights of callers and rows of requests, the least used evicted first; 0 caches none.
        cache_bytes: usize = 64 << 20, "BYTES";
        /// Refuses operations without a name.
        operation_names: bool = false, "BOOL";
        /// Allows introspection (`__schema`, `__type`).
        introspection: bool = true, "BOOL";
        /// Rate limit of a person in operations per minute, API keys included; 0 for unlimited.
        person_rate: u32 = 600, "COUNT";
        /// Burst size of a person's rate limit.
        person_burst: u32 = 300, "COUNT";
        /// Rate limit of an API key in operations per minute, within its person's; 0 for unlimited.
        key_rate: u32 = 600, "COUNT";
        /// Burst size of an API key's rate limit.
        key_burst: u32 = 300, "COUNT";
        /// Rate limit of an address without sign-in, in operations per minute, failed authentication included; 0 for unlimited.
        address_rate: u32 = 600, "COUNT";
        /// Burst size of an address's rate limit.
        address_burst: u32 = 300, "COUNT";
        /// Maximum number of open WebSockets of a person, or of an address without sign-in; 0 for unlimited.
        person_sockets: usize = 100, "COUNT";
        /// Maximum number of concurrent operations on WebSockets and event streams of a person, or of an address without sign-in; 0 for unlimited.
        person_operations: usize = 500, "COUNT";
        /// Serves the explorer at `/graphiql`.
        explorer: bool = true, "BOOL";
        /// Timeout for `connection_init` on a WebSocket, in seconds.
        socket_init_seconds: u64 = 10, "SECONDS", POSITIVE;
        /// Interval of heartbeats on WebSockets and event streams, in seconds: below the idle timeout of every proxy in between.
        heartbeat_seconds: u64 = 20, "SECONDS", POSITIVE;
        /// Allowed CORS origins, each exactly as a browser sends it (`https://app.example`); a TOML list, or comma-separated in flags and environment. Empty: none.
        #[arg(value_delimiter = ',')]
        cors_origins: Vec<String> = Vec::new(), "ORIGINS";
        /// Addresses of proxies with a trusted `X-Forwarded-For`; a TOML list, or comma-separated in flags and environment.
        #[arg(value_delimiter = ',')]
        trusted_proxies: Vec<IpAddr> = Vec::new(), "ADDRESSES";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_row_in_the_documentation() {
        let documentation = include_str!("../../../docs/operations.md");
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        let defaults = defaults.as_object().unwrap();
        let rows = documentation.lines().filter(|line| line.contains("` | `DISPOSISI_")).count();
        assert_eq!(rows, defaults.len(), "docs/operations.md has a row for each setting, and no other");
        for (key, help) in HELP {
            let value = defaults.get(*key).unwrap();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (flag, variable) = (key.replace('_', "-"), key.to_uppercase());
            let row = format!("| `{key}` | `--{flag}` | `DISPOSISI_{variable}` | `{value}` | {} |", help.trim());
            assert!(documentation.contains(&row), "docs/operations.md lacks: {row}");
        }
    }
}
