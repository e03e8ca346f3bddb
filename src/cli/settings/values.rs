//! Types of setting values.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::auth::Secret;

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text lines.
    Text,
    /// One JSON object a line.
    Json,
}

/// URL of a database; empty for SQLite in the data folder. May hold a password, and is never printed.
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
    /// Returns true for SQLite.
    pub(super) fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// The URL with its password, for the driver.
    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
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

/// TLS mode of the connection to PostgreSQL (its manual, "SSL Support").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseTls {
    /// No TLS.
    Disable,
    /// TLS if the server supports it.
    Prefer,
    /// TLS without a check of the certificate.
    Require,
    /// TLS with a certificate from the authority.
    VerifyCa,
    /// TLS with a certificate from the authority for this host.
    VerifyFull,
}
