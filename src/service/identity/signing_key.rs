//! Rotation of the signing key, without ending sessions.

use std::path::Path;

use chrono::TimeDelta;

use crate::auth::{PublicKey, SigningKeyPair};
use crate::service::{Service, ServiceError, ServiceResult};
use crate::store;

/// For this long a replaced key still verifies tokens: longer than the lifetime of any access token.
pub const RETIRED_KEY_LIFETIME: TimeDelta = TimeDelta::hours(25);

/// Lifetime of another instance's key in memory.
const LEARNED_KEY_LIFETIME: TimeDelta = TimeDelta::minutes(1);

impl Service {
    /// Signs with the key in a folder from here on. The error gives the reason against it.
    pub async fn reload_signing_key(&self, folder: &Path) -> Result<(), String> {
        let signing = SigningKeyPair::open(folder).map_err(|error| error.to_string())?;
        let recorded = self.store.recorded_key_ids().await.map_err(|error| error.to_string())?;
        let id = signing.public().id.clone();
        if !recorded.iter().any(|(purpose, on_record)| purpose == "signing" && *on_record == id) {
            return Err(format!(
                "the signing key in {} is {id}, which is not the one on record; mend: copy the one there that \
                 `disposisi keys rotate` made",
                folder.display()
            ));
        }
        self.keys.replace_signing_key(signing);
        tracing::info!(id, "tokens are signed by the key on record");
        Ok(())
    }

    /// Loads a token's unknown key from the database.
    pub(in crate::service) async fn learn_key_of(&self, token: &str) -> ServiceResult<()> {
        let now = self.now();
        let Some(id) = self.keys.unknown_key(token, now) else { return Ok(()) };
        let found = store::published_key(&self.store, &id).await?.ok_or(ServiceError::Unauthenticated)?;
        if found.retired_at.is_none_or(|retired| now < retired + RETIRED_KEY_LIFETIME) {
            self.keys.add_verification_key(&PublicKey { id, bytes: found.public }, now + LEARNED_KEY_LIFETIME);
        }
        Ok(())
    }
}
