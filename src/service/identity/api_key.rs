//! API keys: created by a signed-in person for scripts, limited by scopes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entity::api_key;
use uuid::Uuid;

use crate::access::{Caller, KeyScope, KeyScopes, Login, Pass};
use crate::auth::{self, Secret};
use crate::say;
use crate::service::retry::with_retry;
use crate::service::validation::Faults;
use crate::service::{Answer, Refused, Service, UserErrorCode};
use crate::store;

/// What every key begins with: whoever finds one knows what it is.
const PREFIX: &str = "dsp_";

/// How long a key may last.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// How many keys a person may have that let in.
const MOST: usize = 20;

/// For how long a key that has ended stays in the list.
pub(in crate::service) const LISTED: TimeDelta = TimeDelta::days(90);

/// How often the use of a key is noted.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// A key to be made.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct CreateApiKey {
    pub name: String,
    pub scopes: KeyScopes,
    pub expires_at: DateTime<Utc>,
}

/// When each key's use was noted last by this server.
#[derive(Debug, Default)]
pub(in crate::service) struct Noted(Mutex<HashMap<Uuid, DateTime<Utc>>>);

impl Noted {
    /// Whether it is to be noted now.
    fn is_due(&self, id: Uuid, now: DateTime<Utc>) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|_, at| now - *at < NOTED);
        if noted.contains_key(&id) {
            return false;
        }
        noted.insert(id, now);
        true
    }
}

/// Whether it lets in.
fn is_living(key: &api_key::Model, now: DateTime<Utc>) -> bool {
    key.revoked_at.is_none() && now < key.expires_at
}

impl Service {
    /// Makes a key of the caller's: the key itself, told once, and what is kept of it.
    pub async fn create_api_key(&self, pass: Pass, command: CreateApiKey) -> Answer<(Secret, api_key::Model)> {
        if pass.login == Login::Provider {
            let message = "A key would outlast your identity provider's word: sign in by password to make one.";
            return Err(Refused::Forbidden(message.into()));
        }
        let mut faults = Faults::default();
        let name = faults.line(&["name"], &command.name);
        let now = self.now();
        if command.scopes == KeyScopes::default() {
            faults.invalid(&["scopes"], "A key without a scope opens nothing: choose one or more.");
        }
        if command.expires_at <= now || now + LONGEST < command.expires_at {
            faults.invalid(&["expiresAt"], "A key ends in the future, at most 366 days ahead.");
        }
        faults.settle()?;
        let failed = |error: auth::KeyError| Refused::Internal(error.to_string());
        let text = auth::new_opaque(PREFIX).map_err(failed)?;
        let row = api_key::Model {
            id: store::new_id(now),
            user_id: pass.user,
            name,
            hash: auth::digest(text.expose()).to_vec(),
            scopes: command.scopes.words(),
            created_at: now,
            expires_at: command.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        with_retry(|| self.add_api_key(pass, row.clone())).await?;
        Ok((text, row))
    }

    async fn add_api_key(&self, pass: Pass, row: api_key::Model) -> Answer<()> {
        let (transaction, _) = self.begin(pass).await?;
        // Two at once are counted one after the other.
        store::lock_person(&transaction, pass.user).await?;
        let keys = store::api_keys_of(&transaction, pass.user).await?;
        let living: Vec<_> = keys.iter().filter(|key| is_living(key, row.created_at)).collect();
        if living.iter().any(|key| key.name == row.name) {
            let message = "You have a key of this name. Choose another, or revoke that one first.";
            return Err(Refused::user(UserErrorCode::NameTaken, &["name"], message));
        }
        if living.len() >= MOST {
            let message = say!("You have {most} keys, which is the most. Revoke one that is not needed.", most = MOST);
            return Err(Refused::user(UserErrorCode::InvalidInput, &[], message));
        }
        store::add_api_key(&transaction, row).await?;
        self.commit_person(transaction).await
    }

    /// Revokes a key of the caller's: it lets nobody in from here on. A second time changes nothing.
    pub async fn revoke_api_key(&self, pass: Pass, id: Uuid) -> Answer<api_key::Model> {
        with_retry(|| async {
            let (transaction, _) = self.begin(pass).await?;
            let found = async || {
                let keys = store::api_keys_of(&transaction, pass.user).await?;
                keys.into_iter().find(|key| key.id == id).ok_or_else(|| Refused::not_found(&["apiKeyId"]))
            };
            found().await?;
            store::lock_rights(&transaction, pass.user).await?;
            store::revoke_api_key(&transaction, id, self.now()).await?;
            let revoked = found().await?;
            self.commit_person(transaction).await?;
            Ok(revoked)
        })
        .await
    }

    /// The caller's keys, the newest first: those that let in, and those that ended not long ago.
    pub async fn api_keys(&self, caller: &Caller) -> Answer<Vec<api_key::Model>> {
        Ok(store::api_keys_of(self.store.reader(), caller.pass.user).await?)
    }

    /// Whom a key lets in, and until when; none for what is no key.
    pub(in crate::service) async fn key_pass(&self, token: &str) -> Answer<Option<(Pass, DateTime<Utc>)>> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let now = self.now();
        let row = store::api_key_by_hash(&self.store, &auth::digest(token)).await?;
        let row = row.filter(|row| is_living(row, now)).ok_or(Refused::Unauthenticated)?;
        if self.noted.is_due(row.id, now) {
            // Beside the answer, which does not wait for a writer's place.
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

    /// Refuses an API key that does not open this; whoever signed in needs none. `what`: for the one who is refused.
    pub fn expect_scope(&self, pass: Pass, scope: KeyScope, what: &str) -> Answer<()> {
        match pass.login {
            Login::Key(_, scopes) if !scopes.allow(scope) => Err(Refused::Forbidden(say!(
                "{what} is not open to this API key: a key with the scope {scope} could.",
                what,
                scope = scope.word()
            ))),
            _ => Ok(()),
        }
    }
}
