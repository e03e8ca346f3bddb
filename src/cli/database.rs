//! The database named by the settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::Settings;
use crate::auth::Secret;
use crate::store::{self, ConnectionLimits, DatabaseLocation, Postgres};

/// The URL of a database; empty for a file in the data folder. It may hold a password, so it cannot be printed.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct DatabaseUrl(Secret);

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(Secret::new(url))
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self::from(String::new())
    }
}

impl DatabaseUrl {
    /// It names no server: the database is a file.
    fn is_empty(&self) -> bool {
        self.0.expose().is_empty()
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { "«hidden»" })
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { "«hidden»" })
    }
}

/// How the connection to a database is encrypted: PostgreSQL's own words (its manual, "SSL Support").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseTls {
    /// Not.
    Disable,
    /// Where the server can.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and its certificate is one of the authority's.
    VerifyCa,
    /// Always, and its certificate is the authority's for that host.
    VerifyFull,
}

/// The database that the settings name. The error tells the setting that is wrong.
pub(super) fn place(settings: &Settings) -> Result<DatabaseLocation, String> {
    if settings.database.is_empty() {
        return Ok(DatabaseLocation::Sqlite(settings.data.join("disposisi.db")));
    }
    let limits = ConnectionLimits {
        connections: settings.database_connections,
        acquire: Duration::from_secs(settings.database_acquire_seconds),
        statement: Duration::from_secs(settings.database_statement_seconds),
    };
    let server = Postgres::parse(settings.database.0.expose(), limits).map_err(|what| format!("`database` {what}"))?;
    let tls = match settings.database_tls {
        DatabaseTls::Disable => store::Tls::Disable,
        DatabaseTls::Prefer => store::Tls::Prefer,
        DatabaseTls::Require => store::Tls::Require,
        DatabaseTls::VerifyCa => store::Tls::VerifyCa,
        DatabaseTls::VerifyFull => store::Tls::VerifyFull,
    };
    let authority = Some(settings.database_ca.as_path()).filter(|file| !file.as_os_str().is_empty());
    // Without being asked to, the driver holds no certificate against it.
    if authority.is_some() && !matches!(settings.database_tls, DatabaseTls::VerifyCa | DatabaseTls::VerifyFull) {
        return Err(
            "`database_ca` is held against only where `database_tls` is verify-ca or verify-full: set that".to_owned()
        );
    }
    if let Some(file) = authority
        && let Err(error) = std::fs::File::open(file)
    {
        return Err(format!("`database_ca` cannot be read: {}: {error}", file.display()));
    }
    Ok(DatabaseLocation::Postgres(Arc::new(server.encrypted(tls, authority))))
}
