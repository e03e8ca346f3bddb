//! Documents that clients register, to be run by their digests: for everybody and by every server on the database.

use chrono::TimeDelta;

use super::again::again;
use super::{Answer, Service};
use crate::access::Pass;
use crate::store;

/// For how long one is kept that nobody uses.
pub(super) const UNUSED: TimeDelta = TimeDelta::days(90);

impl Service {
    /// The document that was registered by a digest (SHA-256, in lower-case hex).
    pub async fn registered_document(&self, digest: &str) -> Answer<Option<String>> {
        let now = self.now();
        let Some((text, is_due)) = store::registered(&self.store, digest, now).await? else { return Ok(None) };
        if is_due && let Err(error) = store::note_registered(&self.store, digest, now).await {
            tracing::warn!(%error, "it is not noted that a document was used");
        }
        Ok(Some(text))
    }

    /// Registers a document by its digest, for whoever is signed in. Of more than `most`, those used longest ago are forgotten.
    pub async fn register_document(&self, pass: Pass, digest: &str, text: &str, most: u64) -> Answer<()> {
        self.caller(pass).await?;
        again(|| async { Ok(store::register(&self.store, digest, text, most, self.now()).await?) }).await
    }
}
