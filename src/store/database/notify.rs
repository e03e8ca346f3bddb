//! Notifications between processes (LISTEN, NOTIFY). A notification only wakes followers: the news is read from the log.

use std::time::Duration;

use sea_orm::sqlx::{self, postgres::PgListener};

use super::connect::Postgres;
use super::{Store, StoreError, Transaction};

/// The channel for growth of the log.
const CHANNEL: &str = "disposisi_log";

/// The pause before reconnecting to a lost database.
const PAUSE: Duration = Duration::from_secs(1);

/// The silence before a listener reconnects: a connection cut on its way reports no error.
const SILENCE: Duration = Duration::from_secs(300);

impl Store {
    /// Forwards notifications of other processes; never ends. A file has one writing process, and no notifications.
    pub async fn listen(&self) {
        let Some(server) = self.server() else { return std::future::pending().await };
        loop {
            match self.receive(server).await {
                Ok(()) => continue,
                Err(error) => {
                    tracing::warn!(%error, "the connection for notifications is lost: writes by other servers arrive late")
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Listens until a long silence, or until the connection is lost.
    async fn receive(&self, server: &Postgres) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&server.listening().await?).await?;
        listener.listen(CHANNEL).await?;
        // Earlier notifications had no listener.
        self.grown().notify_one();
        while let Ok(notice) = tokio::time::timeout(SILENCE, listener.try_recv()).await {
            notice?;
            self.grown().notify_one();
        }
        Ok(())
    }
}

/// Notifies listeners of growth of the log when the transaction commits.
pub(in crate::store) async fn notify_followers(transaction: &Transaction) -> Result<(), StoreError> {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    if transaction.get_database_backend() == DbBackend::Postgres {
        let notify = "SELECT pg_notify($1, '')";
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, notify, [CHANNEL.into()])).await?;
    }
    Ok(())
}
