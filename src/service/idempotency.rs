//! Idempotency keys: the same key with the same input acts once, and is answered with what the first call did.

use serde::Serialize;
use uuid::Uuid;

use super::requests::command::IdempotentCommand;
use super::{Answer, Refused, Service, UserErrorCode};
use crate::access::Pass;
use crate::store::{self, StoredResult, Transaction};

/// A caller's key for a mutation, with what identifies its input.
pub(super) struct Key {
    mutation: &'static str,
    key: Option<String>,
    input: [u8; 32],
}

impl Service {
    /// The idempotency key of a command.
    pub(super) fn command_key<C: IdempotentCommand>(&self, pass: Pass, command: &C) -> Answer<Key> {
        self.key(pass, C::MUTATION, command.idempotency_key(), command)
    }

    /// The key of an input. What identifies the input is a MAC, so that a secret in it is not kept.
    pub(super) fn key(
        &self,
        pass: Pass,
        mutation: &'static str,
        key: Option<&str>,
        input: &impl Serialize,
    ) -> Answer<Key> {
        let key = key.map(str::trim).map(str::to_owned);
        // A blank key would be no key, and what its sender believes to be safe would act twice.
        if key.as_ref().is_some_and(|key| !(1..=200).contains(&key.chars().count())) {
            let message = "An idempotency key has 1 to 200 characters; leave it out to send none.";
            return Err(Refused::user(UserErrorCode::InvalidInput, &["idempotencyKey"], message));
        }
        let input = serde_json::to_vec(input).map_err(|error| Refused::Internal(error.to_string()))?;
        let acting_as = pass.acting_as.map(Uuid::into_bytes);
        let parts = [b"input", &*input].into_iter().chain(acting_as.as_ref().map(<[u8; 16]>::as_slice));
        Ok(Key { mutation, key, input: self.store.mac(&parts.collect::<Vec<_>>()) })
    }

    /// Returns what an earlier call with this key did.
    pub(super) async fn recall(&self, transaction: &Transaction, user: Uuid, key: &Key) -> Answer<Option<Uuid>> {
        let Some(text) = &key.key else { return Ok(None) };
        match store::recall(transaction, user, key.mutation, text, &key.input, self.now()).await? {
            StoredResult::New => Ok(None),
            StoredResult::Done(result) => Ok(Some(result)),
            StoredResult::Other => Err(Refused::user(
                UserErrorCode::IdempotencyKeyReused,
                &["idempotencyKey"],
                "This key was sent before with another input. Use a new key for a new act.",
            )),
        }
    }

    /// Remembers what this call did.
    pub(super) async fn remember(&self, transaction: &Transaction, user: Uuid, key: &Key, result: Uuid) -> Answer<()> {
        let Some(text) = &key.key else { return Ok(()) };
        Ok(store::remember(transaction, user, key.mutation, text, &key.input, (result, self.now())).await?)
    }
}
