//! What is done beside the acts: forgetting what is past its time, and numbering what waits.

use std::time::Duration;

use tokio::time::timeout;

use crate::service::identity::api_key::LISTED;
use crate::service::identity::session::REMEMBERED;
use crate::service::registered_documents::UNUSED;
use crate::service::requests::credential::SHOWN_AGAIN;
use crate::service::retry::with_retry;
use crate::service::{Answer, Service};
use crate::store;

/// How often what is past its time is forgotten.
const FORGET: Duration = Duration::from_secs(300);

/// How long a chore may take: a connection that went silent is given up then, and another is taken.
const CHORE: Duration = Duration::from_secs(60);

/// How often it is told, to whoever listens at `debug`, how much is under way.
const TELL: Duration = Duration::from_secs(5);

/// How often it is looked whether events wait for their place in the log.
const NUMBER: Duration = Duration::from_millis(500);

impl Service {
    /// Forgets, again and again, idempotency keys after their seven days, secrets that were revealed and are not shown again, what
    /// let people in long ago, and documents that nobody uses; numbers events whose own commit could not, or that another process
    /// committed. Hears meanwhile what other processes write. Never ends by itself.
    pub async fn keep_house(&self) {
        tokio::select! {
            () = self.store.listen() => {}
            () = self.do_chores() => {}
        }
    }

    async fn do_chores(&self) {
        let (mut forget, mut number) = (tokio::time::interval(FORGET), tokio::time::interval(NUMBER));
        let mut tell = tokio::time::interval(TELL);
        loop {
            let done = tokio::select! {
                _ = tell.tick() => {
                    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
                    tracing::debug!(tasks, followers = self.tail.followers(), "under way");
                    continue;
                }
                _ = forget.tick() => timeout(CHORE, with_retry(|| self.forget())).await,
                _ = number.tick() => timeout(CHORE, with_retry(|| self.number())).await,
            };
            match done {
                Ok(Ok(())) => {}
                Ok(Err(why)) => tracing::warn!(?why, "housekeeping is put off"),
                Err(_) => tracing::warn!("housekeeping is put off: the database says nothing"),
            }
        }
    }

    async fn number(&self) -> Answer<()> {
        if store::is_pending(&self.store).await? {
            store::sequence_pending(&self.store).await?;
        }
        Ok(())
    }

    async fn forget(&self) -> Answer<()> {
        let now = self.now();
        let keys = store::forget_old_keys(&self.store, now).await?;
        let secrets = store::forget_revealed(&self.store, now - SHOWN_AGAIN).await?;
        let sessions = store::forget_sessions(&self.store, now - REMEMBERED).await?;
        let api_keys = store::forget_api_keys(&self.store, now - LISTED).await?;
        let documents = store::forget_registered(&self.store, now - UNUSED).await?;
        tracing::debug!(keys, secrets, sessions, api_keys, documents, "forgot what was past its time");
        Ok(())
    }
}
