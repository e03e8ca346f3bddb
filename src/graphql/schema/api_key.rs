//! API keys: what a person makes for a script.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::api_key;

use super::scalars::id;
use super::scalars::moment::Moment;
use super::user_error::{UserError, settle};
use crate::access::{KeyScope, KeyScopes};
use crate::graphql::context::session::{caller, service};
use crate::service::CreateApiKey;

/// What a person does about their API keys.
#[derive(Default)]
pub(crate) struct ApiKeyMutation;

/// What an API key opens, as far as its owner may do it themselves. Scopes add up; none holds another, but that READ opens all
/// that READ_STATUS does. None opens credentials, sessions, passwords, keys or the administration of people.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "KeyScope")]
enum ApiKeyScope {
    /// Which requests there are and how they stand, their events without what was said, and the SOPs.
    ReadStatus,
    /// Everything that its owner may read, subscriptions too.
    Read,
    /// The acts on requests and assets. What an answer shows of them needs a scope to read.
    Act,
}

/// A key by which a script acts for you.
pub(crate) struct ApiKey(pub(crate) api_key::Model);

/// A key by which a script acts for you.
#[Object]
impl ApiKey {
    /// Its opaque id.
    async fn id(&self) -> ID {
        id::encode("ApiKey", self.0.id)
    }

    /// What you call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it opens.
    async fn scopes(&self) -> Vec<ApiKeyScope> {
        KeyScopes::from_words(&self.0.scopes).chosen().map(ApiKeyScope::from).collect()
    }

    /// When you made it.
    async fn created_at(&self) -> Moment {
        Moment(self.0.created_at)
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> Moment {
        Moment(self.0.expires_at)
    }

    /// When it was used last, give or take a minute; null until then.
    async fn last_used_at(&self) -> Option<Moment> {
        self.0.last_used_at.map(Moment)
    }

    /// When you revoked it; null until then.
    async fn revoked_at(&self) -> Option<Moment> {
        self.0.revoked_at.map(Moment)
    }
}

/// A key to be made.
#[derive(InputObject)]
struct CreateApiKeyInput {
    /// What you call it: none of your keys that let in has the same name.
    name: String,
    /// What it opens: one scope or more.
    scopes: Vec<ApiKeyScope>,
    /// When it ends by itself: at most 366 days ahead.
    expires_at: Moment,
}

/// The key, or what to mend.
#[derive(SimpleObject, Default)]
struct CreateApiKeyPayload {
    /// The key: send it as `Authorization: Bearer dsp_…`. It is shown this once, and is kept nowhere here: when it is lost, revoke
    /// it and make another. Null when refused.
    key: Option<String>,
    /// What is kept of it. Null when refused.
    api_key: Option<ApiKey>,
    /// What to mend; empty when it was made.
    user_errors: Vec<UserError>,
}

/// A key to be revoked.
#[derive(InputObject)]
struct RevokeApiKeyInput {
    /// The key's opaque id.
    api_key_id: ID,
}

/// The key that was revoked, or what to mend.
#[derive(SimpleObject, Default)]
struct RevokeApiKeyPayload {
    /// It, as it is now. Null when refused.
    api_key: Option<ApiKey>,
    /// What to mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// What a person does about their API keys.
#[Object]
impl ApiKeyMutation {
    /// Makes an API key, by which a script may do for you what its scopes open. At most 20 of yours let in at a time. Not by an
    /// identity provider's token, which it would outlast. Null only beside an error.
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: CreateApiKeyInput,
    ) -> Result<Option<CreateApiKeyPayload>> {
        let CreateApiKeyInput { name, scopes, expires_at } = input;
        let scopes = scopes.into_iter().map(KeyScope::from).collect();
        let command = CreateApiKey { name, scopes, expires_at: expires_at.0 };
        let made = service(context)?.create_api_key(caller(context)?.pass, command).await;
        Ok(Some(match settle(made)? {
            Err(user_errors) => CreateApiKeyPayload { user_errors, ..Default::default() },
            Ok((key, row)) => CreateApiKeyPayload {
                key: Some(key.expose().to_owned()),
                api_key: Some(ApiKey(row)),
                user_errors: Vec::new(),
            },
        }))
    }

    /// Revokes an API key of yours: nobody is let in by it from here on, and what follows something by it ends. A second time
    /// changes nothing. Null only beside an error.
    async fn revoke_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: RevokeApiKeyInput,
    ) -> Result<Option<RevokeApiKeyPayload>> {
        let id = id::uuid("ApiKey", &input.api_key_id);
        let revoked = service(context)?.revoke_api_key(caller(context)?.pass, id).await;
        Ok(Some(match settle(revoked)? {
            Err(user_errors) => RevokeApiKeyPayload { user_errors, ..Default::default() },
            Ok(row) => RevokeApiKeyPayload { api_key: Some(ApiKey(row)), user_errors: Vec::new() },
        }))
    }
}
