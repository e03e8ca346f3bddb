//! Sign-in by tokens of an external identity provider, for known people.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::access::{Login, Pass};
use crate::auth::Provider;
use crate::service::{Service, ServiceError, ServiceResult};

impl Service {
    /// Adds an identity provider.
    pub fn with_provider(self, provider: Provider) -> Self {
        Self { provider: Some(Arc::new(provider)), ..self }
    }

    /// The pass of the provider's token, with its end; none for another kind of token.
    pub(in crate::service) async fn provider_pass(&self, token: &str) -> ServiceResult<Option<(Pass, DateTime<Utc>)>> {
        let Some(provider) = self.provider.as_ref().filter(|provider| provider.is_named_by(token)) else {
            return Ok(None);
        };
        let (name, until) = provider.verify(token, self.now()).await.map_err(|why| {
            // At `debug`: anyone can send bad tokens.
            tracing::debug!(why, "a token of the identity provider is refused");
            ServiceError::Unauthenticated
        })?;
        let person = self.store.person_by_username(&name).await?;
        let person = person.filter(|person| person.deactivated_at.is_none()).ok_or_else(|| {
            tracing::info!(name, "the identity provider names somebody who is not known here, or was deactivated");
            ServiceError::Unauthenticated
        })?;
        Ok(Some((Pass::new(person.id, Login::Provider), until)))
    }
}
