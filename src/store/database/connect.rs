//! Which database is opened, and how its connections are made.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::Connection;
pub use sea_orm::sqlx::postgres::PgSslMode as Tls;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// SQLite, in this file.
    Sqlite(PathBuf),
    /// PostgreSQL, at a server.
    Postgres(Arc<Postgres>),
}

/// A PostgreSQL database, and what this process takes of it.
pub struct Postgres {
    /// Where it is, who asks, and by what encryption. May hold a password, and is never printed.
    options: PgConnectOptions,
    limits: Limits,
}

/// What this process takes of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections are held at most, beside the one that listens.
    pub connections: u32,
    /// How long is waited for a connection.
    pub acquire: Duration,
    /// How long a statement may take.
    pub statement: Duration,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A connection that was idle for so long is asked whether it lives before it is used. One that was used just now is not: that
/// would be a round trip more for each statement.
const IDLE: Duration = Duration::from_secs(1);

/// What a URL may say beside where the database is; the rest is settings.
const PARAMETERS: [&str; 5] = ["host", "port", "user", "password", "dbname"];

/// What URLs of PostgreSQL begin with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl Postgres {
    /// The database of a URL. The error says what is wrong with it, and holds nothing of it.
    pub fn at(url: &str, limits: Limits) -> Result<Self, String> {
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

    /// The same, encrypted so; held against the authority of a file (PEM) where one is named.
    pub fn encrypted(self, tls: Tls, authority: Option<&Path>) -> Self {
        let options = self.options.ssl_mode(tls);
        let options = match authority {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        };
        Self { options, ..self }
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        let (options, user) = (&self.options, self.options.get_username());
        let database = options.get_database().unwrap_or(user);
        match options.get_socket() {
            Some(folder) => format!("database {database} in {}", folder.display()),
            None => format!("database {database} at {}:{}", options.get_host(), options.get_port()),
        }
    }

    /// A pool of connections for statements. What holds for each is said as it is opened, without a statement of its own.
    pub(in crate::store) async fn pool(&self, read_only: bool) -> Result<PgPool, sea_orm::sqlx::Error> {
        let statement = self.limits.statement.as_millis();
        let mut settings = vec![
            ("default_transaction_isolation", "read committed".to_owned()),
            ("statement_timeout", statement.to_string()),
            // A lock is waited for within the statement's time; told apart from it, so that the operator learns which it was.
            ("lock_timeout", (statement - statement / 10).to_string()),
            ("idle_in_transaction_session_timeout", statement.to_string()),
        ];
        if read_only {
            settings.push(("default_transaction_read_only", "on".to_owned()));
        }
        PgPoolOptions::new()
            .max_connections(if read_only { 2 } else { self.limits.connections })
            .acquire_timeout(self.limits.acquire)
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

    /// A pool of two connections whose statements may take as long as they take: one holds a lock, the other migrates.
    pub(in crate::store) async fn unhurried(&self) -> Result<PgPool, sea_orm::sqlx::Error> {
        PgPoolOptions::new().max_connections(2).acquire_timeout(self.limits.acquire).connect_with(self.named()).await
    }

    /// A pool of the one connection that listens.
    pub(in crate::store) async fn listening(&self) -> Result<PgPool, sea_orm::sqlx::Error> {
        let options = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        options.acquire_timeout(self.limits.acquire).connect_with(self.named()).await
    }

    /// With the name by which the server lists its clients.
    fn named(&self) -> PgConnectOptions {
        self.options.clone().application_name("disposisi")
    }
}
