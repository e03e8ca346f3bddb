//! Connection options: the database, TLS, pools, timeouts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::Connection;
pub use sea_orm::sqlx::postgres::PgSslMode as Tls;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

/// The location of the database.
#[derive(Debug, Clone)]
pub enum DatabaseLocation {
    /// SQLite, in this file.
    Sqlite(PathBuf),
    /// PostgreSQL, at a server.
    Postgres(Arc<Postgres>),
}

/// A PostgreSQL database with this process's limits.
pub struct Postgres {
    /// Address, user and TLS. May hold a password, and is never printed.
    options: PgConnectOptions,
    limits: ConnectionLimits,
}

/// Limits of this process on a server.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Maximum number of connections, beside the one for notifications.
    pub connections: u32,
    /// Timeout for a connection from the pool.
    pub acquire: Duration,
    /// Statement timeout.
    pub statement: Duration,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A connection idle for so long is pinged before use. One used just now is not: a ping
/// would be a round trip more for each statement.
const IDLE: Duration = Duration::from_secs(1);

/// Parameters allowed in a URL; the rest is settings.
const PARAMETERS: [&str; 5] = ["host", "port", "user", "password", "dbname"];

/// Schemes of PostgreSQL URLs.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl Postgres {
    /// Parses a URL. The error names the fault, and quotes nothing of the URL.
    pub fn parse(url: &str, limits: ConnectionLimits) -> Result<Self, String> {
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Err("is no URL of a database that is known: write postgres://…, or nothing for SQLite".to_owned());
        }
        let parameters = url.split_once('?').map(|(_, query)| query.split('&')).into_iter().flatten();
        let mut names = parameters.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        if !names.all(|name| PARAMETERS.contains(&name)) {
            return Err(format!(
                "has a parameter that is not taken after its `?`; taken are {}, and TLS, limits and times have settings",
                PARAMETERS.join(", ")
            ));
        }
        let options = url.parse().map_err(
            |_| "cannot be read: write postgres://user:password@host:port/database, what is special in a part as %XX",
        )?;
        Ok(Self { options, limits })
    }

    /// Sets the TLS mode, and a file (PEM) with the certificate authority.
    pub fn encrypted(self, tls: Tls, authority: Option<&Path>) -> Self {
        let options = self.options.ssl_mode(tls);
        let options = match authority {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        };
        Self { options, ..self }
    }

    /// Its location, for messages.
    pub fn name(&self) -> String {
        let (options, user) = (&self.options, self.options.get_username());
        let database = options.get_database().unwrap_or(user);
        match options.get_socket() {
            Some(folder) => format!("database {database} in {}", folder.display()),
            None => format!("database {database} at {}:{}", options.get_host(), options.get_port()),
        }
    }

    /// A pool of connections for statements. Session settings travel with the start of a connection, without a statement of their own.
    pub(in crate::store) async fn pool(&self, read_only: bool) -> Result<PgPool, sea_orm::sqlx::Error> {
        let statement = self.limits.statement.as_millis();
        let mut settings = vec![
            ("default_transaction_isolation", "read committed".to_owned()),
            ("statement_timeout", statement.to_string()),
            // Shorter than the statement timeout: the error then tells a lock from a slow statement.
            ("lock_timeout", (statement - statement / 10).to_string()),
            ("idle_in_transaction_session_timeout", statement.to_string()),
            // The statements are short: compiling one takes longer than running it.
            ("jit", "off".to_owned()),
        ];
        if read_only {
            settings.push(("default_transaction_read_only", "on".to_owned()));
        }
        self.pool_options(if read_only { 2 } else { self.limits.connections })
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for >= IDLE {
                        Connection::ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(self.named().options(settings))
            .await
    }

    /// A pool of two connections without timeouts: one holds a lock, the other migrates.
    pub(in crate::store) async fn without_timeouts(&self) -> Result<PgPool, sea_orm::sqlx::Error> {
        self.pool_options(2).connect_with(self.named()).await
    }

    /// A pool of one connection, for notifications.
    pub(in crate::store) async fn listening(&self) -> Result<PgPool, sea_orm::sqlx::Error> {
        self.pool_options(1).connect_with(self.named()).await
    }

    /// Options of every pool. No connection is closed for its age or idle time: the task in sqlx 0.9 that does so may spin for
    /// ever on a wrapped count of idle connections (<https://github.com/launchbadge/sqlx/issues/3645>).
    fn pool_options(&self, connections: u32) -> PgPoolOptions {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(self.limits.acquire)
            .idle_timeout(None)
            .max_lifetime(None)
    }

    /// Adds the application name shown in the server's list of clients.
    fn named(&self) -> PgConnectOptions {
        self.options.clone().application_name("disposisi")
    }
}
