//! API keys: created by a signed-in person for scripts, limited by scopes.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use entity::api_key;
use uuid::Uuid;

use crate::access::{Caller, KeyScope, KeyScopes, Login, Pass};
use crate::auth::{self, Secret};
use crate::say;
use crate::service::idempotency::{SECRET_REPEAT, key_reused, validate_key};
use crate::service::retry::with_retry;
use crate::service::validation::InputErrors;
use crate::service::{Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store;

/// Prefix of every key, for secret scanners and finders.
const PREFIX: &str = "dsp_";

/// Maximum lifetime of a key.
const MAX_LIFETIME: TimeDelta = TimeDelta::days(366);

/// Maximum number of a person's active keys.
const MAX_KEYS: usize = 20;

/// Retention of ended keys in the list.
pub(in crate::service) const ENDED_KEY_RETENTION: TimeDelta = TimeDelta::days(90);

/// A new API key.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct CreateApiKey {
    pub name: String,
    pub scopes: KeyScopes,
    pub expires_at: DateTime<Utc>,
    pub idempotency_key: Option<String>,
}

/// Whether a key is valid now.
fn is_active(key: &api_key::Model, now: DateTime<Utc>) -> bool {
    key.revoked_at.is_none() && now < key.expires_at
}

/// Refuses to show a key again for another input, or too late.
fn expect_repeatable(made: &api_key::Model, asked: &api_key::Model) -> ServiceResult<()> {
    let input = |row: &api_key::Model| (row.name.clone(), row.scopes.clone(), row.expires_at);
    if input(made) != input(asked) {
        return Err(key_reused());
    }
    if made.revoked_at.is_some() || asked.created_at - made.created_at >= SECRET_REPEAT {
        let message = "This API key was shown when it was made, and is kept nowhere. Revoke it, and make another.";
        return Err(ServiceError::user(UserErrorCode::AlreadyRevealed, &["idempotencyKey"], message));
    }
    Ok(())
}

impl Service {
    /// Creates an API key of the caller. Returns the key itself, shown once, and its row. The same idempotency key shows it again for
    /// a while.
    pub async fn create_api_key(&self, pass: Pass, command: CreateApiKey) -> ServiceResult<(Secret, api_key::Model)> {
        if pass.login == Login::Provider {
            let message = "A key would outlast your identity provider's word: sign in by password to make one.";
            return Err(ServiceError::Forbidden(message.into()));
        }
        let idempotency_key = validate_key(command.idempotency_key.as_deref())?;
        let mut errors = InputErrors::default();
        let name = errors.line(&["name"], &command.name);
        let now = self.now();
        if command.scopes == KeyScopes::default() {
            errors.invalid(&["scopes"], "A key without a scope opens nothing: choose one or more.");
        }
        if command.expires_at <= now || now + MAX_LIFETIME < command.expires_at {
            errors.invalid(&["expiresAt"], "A key ends in the future, at most 366 days ahead.");
        }
        errors.into_result()?;
        let id = self.store.new_id(now);
        let text = match &idempotency_key {
            Some(idempotency_key) => self.derived_api_key(id, idempotency_key),
            None => auth::new_opaque(self.store.random(), PREFIX)?,
        };
        let row = api_key::Model {
            id,
            user_id: pass.user,
            name,
            hash: auth::digest(text.expose()).to_vec(),
            scopes: command.scopes.words(),
            created_at: now,
            // As the database keeps it, to be compared with a retry's.
            expires_at: command.expires_at.trunc_subsecs(6),
            last_used_at: None,
            revoked_at: None,
        };
        with_retry(&self.store, || self.add_api_key(pass, (text.clone(), row.clone()), idempotency_key.as_deref()))
            .await
    }

    /// The API key of a row, created with an idempotency key.
    fn derived_api_key(&self, row: Uuid, idempotency_key: &str) -> Secret {
        self.keys.derive_opaque(PREFIX, &[b"API key", row.as_bytes(), idempotency_key.as_bytes()])
    }

    async fn add_api_key(
        &self,
        pass: Pass,
        (text, row): (Secret, api_key::Model),
        idempotency_key: Option<&str>,
    ) -> ServiceResult<(Secret, api_key::Model)> {
        let (transaction, _) = self.begin(pass).await?;
        // Locked, so that concurrent calls are counted one after the other.
        store::lock_person(&transaction, pass.user).await?;
        let keys = store::api_keys_of(&transaction, pass.user).await?;
        if let Some(idempotency_key) = idempotency_key {
            let derived = keys.iter().map(|made| (self.derived_api_key(made.id, idempotency_key), made));
            let made = derived.into_iter().find(|(text, made)| made.hash == auth::digest(text.expose()));
            if let Some((text, made)) = made {
                expect_repeatable(made, &row)?;
                return Ok((text, made.clone()));
            }
        }
        let active: Vec<_> = keys.iter().filter(|key| is_active(key, row.created_at)).collect();
        if active.iter().any(|key| key.name == row.name) {
            let message = "You have a key of this name. Choose another, or revoke that one first.";
            return Err(ServiceError::user(UserErrorCode::NameTaken, &["name"], message));
        }
        if active.len() >= MAX_KEYS {
            let message =
                say!("You have {most} keys, which is the most. Revoke one that is not needed.", most = MAX_KEYS);
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &[], message));
        }
        store::add_api_key(&transaction, row.clone()).await?;
        self.commit_person(transaction).await?;
        Ok((text, row))
    }

    /// Revokes an API key of the caller at once. A second time changes nothing.
    pub async fn revoke_api_key(&self, pass: Pass, id: Uuid) -> ServiceResult<api_key::Model> {
        with_retry(&self.store, || async {
            let (transaction, _) = self.begin(pass).await?;
            let found = async || {
                let keys = store::api_keys_of(&transaction, pass.user).await?;
                keys.into_iter().find(|key| key.id == id).ok_or_else(|| ServiceError::not_found(&["apiKeyId"]))
            };
            // Locked before it is read: of two calls at once, the second finds it revoked.
            store::lock_rights(&transaction, pass.user).await?;
            let key = found().await?;
            if key.revoked_at.is_some() {
                return Ok(key);
            }
            store::revoke_api_key(&transaction, id, self.now()).await?;
            let revoked = found().await?;
            self.commit_person(transaction).await?;
            Ok(revoked)
        })
        .await
    }

    /// The caller's API keys, the newest first: active and recently ended ones.
    pub async fn api_keys(&self, caller: &Caller) -> ServiceResult<Vec<api_key::Model>> {
        Ok(store::api_keys_of(self.store.reader(), caller.pass.user).await?)
    }

    /// The pass of an API key, with its end; none for another kind of token.
    pub(in crate::service) async fn key_pass(&self, token: &str) -> ServiceResult<Option<(Pass, DateTime<Utc>)>> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let now = self.now();
        let row = store::api_key_by_hash(&self.store, &auth::digest(token)).await?;
        let row = row.filter(|row| is_active(row, now)).ok_or(ServiceError::Unauthenticated)?;
        if self.key_uses.is_due(row.id, now) {
            // In a task of its own: the answer does not wait for a write transaction.
            let (store, id) = (self.store.clone(), row.id);
            tokio::spawn(async move {
                if let Err(error) = store::record_api_key_use(&store, id, now).await {
                    tracing::debug!(%error, "the use of a key is not noted");
                }
            });
        }
        let login = Login::Key(row.id, KeyScopes::from_words(&row.scopes));
        Ok(Some((Pass::new(row.user_id, login), row.expires_at)))
    }

    /// Refuses an API key without a scope; sessions need none. `what`: the subject of the message.
    pub fn expect_scope(&self, pass: Pass, scope: KeyScope, what: &str) -> ServiceResult<()> {
        match pass.login {
            Login::Key(_, scopes) if !scopes.allow(scope) => Err(ServiceError::Forbidden(say!(
                "{what} is not open to this API key: a key with the scope {scope} could.",
                what,
                scope = scope.word()
            ))),
            _ => Ok(()),
        }
    }
}
