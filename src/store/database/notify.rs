//! Hearing of what other processes wrote. A notice only wakes whoever follows the log: what it is about is read from the log.

use std::time::Duration;

use sea_orm::sqlx::{self, postgres::PgListener};

use super::connect::Postgres;
use super::{Store, StoreError, Transaction};

/// Where it is said that the log has grown.
const CHANNEL: &str = "disposisi_log";

/// How long it is before a lost database is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// After so long a silence it is listened anew: a connection that was cut off somewhere on its way says nothing of it.
const SILENCE: Duration = Duration::from_secs(300);

impl Store {
    /// Passes on what other processes say, for as long as it is polled: it never ends. A file is written by one process only.
    pub async fn listen(&self) {
        let Some(server) = self.server() else { return std::future::pending().await };
        loop {
            match self.hear(server).await {
                Ok(()) => continue,
                Err(error) => tracing::warn!(%error, "not listening: what others write is seen a little later"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Listens until there was nothing to hear for long, or the connection is lost.
    async fn hear(&self, server: &Postgres) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&server.listening().await?).await?;
        listener.listen(CHANNEL).await?;
        // What was said before that was heard by nobody.
        self.grown().notify_one();
        while let Ok(notice) = tokio::time::timeout(SILENCE, listener.try_recv()).await {
            notice?;
            self.grown().notify_one();
        }
        Ok(())
    }
}

/// Says that the log has grown, to whoever listens, when the transaction commits.
pub(in crate::store) async fn tell(transaction: &Transaction) -> Result<(), StoreError> {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    if transaction.get_database_backend() == DbBackend::Postgres {
        let notify = "SELECT pg_notify($1, '')";
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, notify, [CHANNEL.into()])).await?;
    }
    Ok(())
}
