//! The database of the settings.

use std::sync::Arc;
use std::time::Duration;

use super::declarations::Settings;
use super::values::DatabaseTls;
use crate::store::{self, ConnectionLimits, DatabaseLocation, Postgres};

/// Returns the location of the database. The error names the wrong setting.
pub(in crate::cli) fn place(settings: &Settings) -> Result<DatabaseLocation, String> {
    if settings.database.is_empty() {
        return Ok(DatabaseLocation::Sqlite(settings.data.join("disposisi.db")));
    }
    let limits = ConnectionLimits {
        connections: settings.database_connections,
        acquire: Duration::from_secs(settings.database_acquire_seconds),
        statement: Duration::from_secs(settings.database_statement_seconds),
    };
    let server = Postgres::parse(settings.database.expose(), limits).map_err(|what| format!("`database` {what}"))?;
    let tls = match settings.database_tls {
        DatabaseTls::Disable => store::Tls::Disable,
        DatabaseTls::Prefer => store::Tls::Prefer,
        DatabaseTls::Require => store::Tls::Require,
        DatabaseTls::VerifyCa => store::Tls::VerifyCa,
        DatabaseTls::VerifyFull => store::Tls::VerifyFull,
    };
    let authority = Some(settings.database_ca.as_path()).filter(|file| !file.as_os_str().is_empty());
    // In the other modes the driver checks no certificate.
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
