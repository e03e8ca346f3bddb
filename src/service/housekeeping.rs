//! Forgetting what is past its time.

use std::time::Duration;

use super::Service;
use super::credential::SHOWN_AGAIN;
use crate::store::{self, StoreError};

/// How often.
const EVERY: Duration = Duration::from_secs(300);

impl Service {
    /// Forgets, again and again, idempotency keys after their seven days, and secrets that were revealed and are not shown
    /// again. Never ends by itself.
    pub async fn keep_house(&self) {
        let mut times = tokio::time::interval(EVERY);
        loop {
            times.tick().await;
            if let Err(error) = self.forget().await {
                tracing::warn!(%error, "what is past its time is kept for now");
            }
        }
    }

    async fn forget(&self) -> Result<(), StoreError> {
        let now = self.now();
        let keys = store::forget_old_keys(&self.store, now).await?;
        let secrets = store::forget_revealed(&self.store, now - SHOWN_AGAIN).await?;
        tracing::debug!(keys, secrets, "forgot what was past its time");
        Ok(())
    }
}
