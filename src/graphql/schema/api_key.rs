//! API keys: credentials of scripts, made by a person.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::api_key;

use super::payload::changed_payload;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::user_error::{UserError, split_user_errors};
use crate::access::{KeyScope, KeyScopes};
use crate::graphql::context::session::{caller, service};
use crate::service::CreateApiKey;

/// API keys of the signed-in person.
#[derive(Default)]
pub(crate) struct ApiKeyMutation;

/// A scope of an API key, within the rights of its owner. Scopes add up; none holds another, except READ, which opens all of
/// READ_STATUS. None opens credentials, sessions, passwords, keys or the administration of people.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "KeyScope")]
enum ApiKeyScope {
    /// Requests and their status, their events without contents, and the SOPs.
    ReadStatus,
    /// Everything readable by its owner, subscriptions too.
    Read,
    /// The acts on requests and assets. Fields of their answers need a read scope.
    Act,
}

/// A key for a script to act for you.
pub(crate) struct ApiKey(pub(crate) api_key::Model);

/// A key for a script to act for you.
#[Object]
impl ApiKey {
    /// Its opaque id.
    async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "ApiKey", self.0.id)
    }

    /// Your name for it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its scopes.
    async fn scopes(&self) -> Vec<ApiKeyScope> {
        KeyScopes::from_words(&self.0.scopes).chosen().map(ApiKeyScope::from).collect()
    }

    /// When you made it.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// When it was used last, give or take a minute; null until then.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }

    /// When you revoked it; null until then.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

/// A key to be made.
#[derive(InputObject)]
struct CreateApiKeyInput {
    /// Your name for it, unique among your active keys.
    name: String,
    /// Its scopes: one or more.
    scopes: Vec<ApiKeyScope>,
    /// When it ends by itself: at most 366 days ahead.
    expires_at: DateTime,
    /// Makes a retry harmless: the same idempotency key makes one API key, and shows it again for ten minutes. A new UUID for each does
    /// well.
    idempotency_key: Option<String>,
}

/// The key, or the errors in the input.
#[derive(SimpleObject, Default)]
struct CreateApiKeyPayload {
    /// The key: send it as `Authorization: Bearer dsp_…`. It is shown this once, and in a retry; it is kept nowhere here: when it
    /// is lost, revoke it and make another. Null when refused.
    key: Option<String>,
    /// The stored part of it. Null when refused.
    api_key: Option<ApiKey>,
    /// Errors in the input; empty when it was made.
    user_errors: Vec<UserError>,
}

/// A key to be revoked.
#[derive(InputObject)]
struct RevokeApiKeyInput {
    /// The key's opaque id.
    api_key_id: ID,
}

changed_payload!(
    /// The revoked key, or the errors in the input.
    RevokeApiKeyPayload,
    /// It, as it is now. Null when refused.
    api_key: ApiKey
);

/// API keys of the signed-in person.
#[Object]
impl ApiKeyMutation {
    /// Makes an API key, for a script to act for you within its scopes. At most 20 of yours are active at a time. Refused for an
    /// identity provider's token: the key would outlast it. Null only beside an error.
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: CreateApiKeyInput,
    ) -> Result<Option<CreateApiKeyPayload>> {
        let CreateApiKeyInput { name, scopes, expires_at, idempotency_key } = input;
        let scopes = scopes.into_iter().map(KeyScope::from).collect();
        let command = CreateApiKey { name, scopes, expires_at: expires_at.0, idempotency_key };
        let made = service(context)?.create_api_key(caller(context)?.pass, command).await;
        Ok(Some(match split_user_errors(made)? {
            Err(user_errors) => CreateApiKeyPayload { user_errors, ..Default::default() },
            Ok((key, row)) => CreateApiKeyPayload {
                key: Some(key.expose().to_owned()),
                api_key: Some(ApiKey(row)),
                user_errors: Vec::new(),
            },
        }))
    }

    /// Revokes an API key of yours: from here on it is refused, and its subscriptions end. A second time changes nothing. Null
    /// only beside an error.
    async fn revoke_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: RevokeApiKeyInput,
    ) -> Result<Option<RevokeApiKeyPayload>> {
        let pass = caller(context)?.pass;
        let id = id::uuid(context, "ApiKey", "input.apiKeyId", &input.api_key_id)?;
        let revoked = service(context)?.revoke_api_key(pass, id).await;
        RevokeApiKeyPayload::from_answer(revoked, |row| std::future::ready(Ok(Some(ApiKey(row))))).await
    }
}
