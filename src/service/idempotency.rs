//! Idempotency keys: a repeated call with the same key and input gets the first call's result.
//!
//! Acts store the id of their result under the key. A new secret (a session's tokens, an API key, recovery codes) must not be stored;
//! it is derived from the key instead ([`Keys::derive_opaque`](crate::auth::Keys::derive_opaque)), so that the same key gives it again,
//! and is found by its digest, which is stored anyway. That needs no row of its own, and the database with the server's keys
//! still does not give it away.

#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use serde::Serialize;
use uuid::Uuid;

use super::{Service, ServiceError, ServiceResult, UserErrorCode};
use crate::access::Pass;
use crate::store::{self, StoredResult, Transaction};

/// For this long the same key gives the tokens of a session again. Short: until then a stolen request is as good as its answer.
pub(super) const TOKENS_REPEAT: TimeDelta = TimeDelta::seconds(60);

/// For this long the same key shows another secret again.
pub(super) const SECRET_REPEAT: TimeDelta = TimeDelta::minutes(10);

/// Validates an idempotency key.
pub(super) fn validate_key(key: Option<&str>) -> ServiceResult<Option<String>> {
    let key = key.map(str::trim).map(str::to_owned);
    // Taken as no key, a blank one would let the call act twice although its client believes it safe.
    if key.as_ref().is_some_and(|key| !(1..=200).contains(&key.chars().count())) {
        let message = "An idempotency key has 1 to 200 characters; leave it out to send none.";
        return Err(ServiceError::user(UserErrorCode::InvalidInput, &["idempotencyKey"], message));
    }
    Ok(key)
}

/// The error for the key of another input.
pub(super) fn key_reused() -> ServiceError {
    let message = "This key was sent before with another input. Use a new key for a new act.";
    ServiceError::user(UserErrorCode::IdempotencyKeyReused, &["idempotencyKey"], message)
}

/// A command with an idempotency key.
///
/// Its serialisation identifies its input: stored as a MAC beside the key, so that the same key with another input is refused.
/// Another serialisation in a new release makes the keys of the last seven days refuse their repetition.
pub(super) trait IdempotentCommand: Serialize + Sync {
    /// The mutation's name in the schema.
    const MUTATION: &'static str;

    /// The key sent by the client.
    fn idempotency_key(&self) -> Option<&str>;
}

/// Implements [`IdempotentCommand`] for commands with an optional key.
macro_rules! idempotent {
    ($($command:ident: $mutation:literal),+ $(,)?) => {
        $(impl $crate::service::idempotency::IdempotentCommand for $command {
            const MUTATION: &'static str = $mutation;

            fn idempotency_key(&self) -> Option<&str> {
                self.idempotency_key.as_deref()
            }
        })+
    };
}

/// Serialises commands as arrays of their fields, without the idempotency key. A field missing here does not compile.
macro_rules! serialize_as_array {
    ($($command:ident { $($field:ident: $value:expr),+ $(,)? })+) => {
        $(impl serde::Serialize for $command {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field),+, idempotency_key: _ } = self;
                serde::Serialize::serialize(&($($value),+), serializer)
            }
        })+
    };
}

pub(super) use {idempotent, serialize_as_array};

/// The idempotency key of a call, with the MAC of its input.
pub(super) struct IdempotencyKey {
    mutation: &'static str,
    key: Option<String>,
    input: [u8; 32],
}

impl Service {
    /// Validates a command's idempotency key, and identifies its input by a MAC: a secret in it is not stored.
    pub(super) fn idempotency_key<C: IdempotentCommand>(
        &self,
        pass: Pass,
        command: &C,
    ) -> ServiceResult<IdempotencyKey> {
        let key = validate_key(command.idempotency_key())?;
        let input = serde_json::to_vec(command)?;
        let acting_as = pass.acting_as.map(Uuid::into_bytes);
        let parts = [b"input", &*input].into_iter().chain(acting_as.as_ref().map(<[u8; 16]>::as_slice));
        Ok(IdempotencyKey { mutation: C::MUTATION, key, input: self.store.mac(&parts.collect::<Vec<_>>()) })
    }

    /// Returns the result of an earlier call with this key.
    pub(super) async fn recall(
        &self,
        transaction: &Transaction,
        user: Uuid,
        key: &IdempotencyKey,
    ) -> ServiceResult<Option<Uuid>> {
        let Some(text) = &key.key else { return Ok(None) };
        match store::recall(transaction, user, key.mutation, text, &key.input, self.now()).await? {
            StoredResult::New => Ok(None),
            StoredResult::Done(result) => Ok(Some(result)),
            StoredResult::Other => Err(key_reused()),
        }
    }

    /// Stores the result of this call under its key.
    pub(super) async fn remember(
        &self,
        transaction: &Transaction,
        user: Uuid,
        key: &IdempotencyKey,
        result: Uuid,
    ) -> ServiceResult<()> {
        let Some(text) = &key.key else { return Ok(()) };
        Ok(store::remember(transaction, user, key.mutation, text, &key.input, (result, self.now())).await?)
    }
}
