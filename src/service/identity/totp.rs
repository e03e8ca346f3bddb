//! One-time codes (TOTP) as an optional second factor.

use std::net::IpAddr;

use crate::access::Caller;
use crate::auth::{self, KeyError, RECOVERY_CODES, Secret, Totp};
use crate::service::idempotency::{SECRET_REPEAT, validate_key};
use crate::service::identity::sign_in::{invalid_credentials, too_many_attempts};
use crate::service::retry::with_retry;
use crate::service::{Service, ServiceError, ServiceResult, UserErrorCode};
use crate::store::{self, Person, Transaction};

/// The associated data of a sealed secret.
fn sealing_context(person: &Person) -> Vec<u8> {
    [b"totp", &person.id.as_bytes()[..]].concat()
}

impl Service {
    /// Creates an authenticator's secret for the caller, after a check of the password. Sign-in needs no code until it
    /// is confirmed.
    pub async fn begin_totp(&self, caller: &Caller, password: Secret, address: Option<IpAddr>) -> ServiceResult<Totp> {
        let proven = self.identify_again(caller, password, address).await?;
        with_retry(&self.store, || async {
            let (transaction, _) = self.begin(caller.pass).await?;
            let person = self.lock_identified(&transaction, &proven).await?;
            let before = store::totp_of(&transaction, person.id).await?;
            if before.is_some_and(|before| before.confirmed_at.is_some()) {
                let message = "An authenticator is in use already. Disable it first.";
                return Err(ServiceError::user(UserErrorCode::InvalidInput, &[], message));
            }
            let totp = Totp::new(self.store.random(), &person.username)?;
            let sealed = self.keys.seal(self.store.random(), &sealing_context(&person), &totp.secret())?;
            store::begin_totp(&transaction, person.id, sealed).await?;
            self.commit_person(transaction).await?;
            Ok(totp)
        })
        .await
    }

    /// Confirms the caller's authenticator by its first code; sign-in needs codes from here on. Returns recovery codes. The same
    /// idempotency key shows them again for a while.
    pub async fn confirm_totp(
        &self,
        caller: &Caller,
        code: Secret,
        idempotency_key: Option<&str>,
    ) -> ServiceResult<Vec<Secret>> {
        let key = validate_key(idempotency_key)?;
        with_retry(&self.store, || async {
            let (transaction, caller) = self.begin(caller.pass).await?;
            let person =
                store::lock_person(&transaction, caller.pass.user).await?.ok_or(ServiceError::Unauthenticated)?;
            let row = store::totp_of(&transaction, person.id).await?.ok_or_else(|| {
                let message = "No authenticator waits to be confirmed. Begin with beginTotp.";
                ServiceError::user(UserErrorCode::InvalidInput, &[], message)
            })?;
            let codes = self.recovery_codes(&row, &code, key.as_deref())?;
            let hashes: Vec<_> = codes.iter().map(auth::recovery_digest).collect();
            if let Some(at) = row.confirmed_at {
                let shown = self.now() - at < SECRET_REPEAT
                    && store::has_recovery_codes(&transaction, person.id, &hashes).await?;
                return shown.then_some(codes).ok_or_else(|| {
                    let message =
                        "The authenticator is confirmed. If its recovery codes are lost, disable it and begin again.";
                    ServiceError::user(UserErrorCode::InvalidInput, &[], message)
                });
            }
            if !self.attempts.take_code(&person.username) {
                return Err(too_many_attempts());
            }
            let step = self.totp(&person, &row)?.step(&code, self.now()).ok_or_else(invalid_code)?;
            store::record_totp_step(&transaction, person.id, step, Some(self.now())).await?;
            store::add_recovery_codes(&transaction, person.id, hashes).await?;
            self.commit_person(transaction).await?;
            Ok(codes)
        })
        .await
    }

    /// The recovery codes of an authenticator: those of its confirming code and an idempotency key, or random ones without a key.
    fn recovery_codes(
        &self,
        row: &entity::totp::Model,
        code: &Secret,
        key: Option<&str>,
    ) -> ServiceResult<Vec<Secret>> {
        let numbers = (0..RECOVERY_CODES).map(usize::to_be_bytes);
        let Some(key) = key else {
            return Ok(numbers
                .map(|_| auth::new_recovery_code(self.store.random()))
                .collect::<Result<_, KeyError>>()?);
        };
        // Sealed with a random nonce, so another authenticator of the person has other codes.
        let of = |number: [u8; 8]| {
            let parts = [&b"recovery code"[..], &row.sealed, code.expose().as_bytes(), key.as_bytes(), &number];
            self.keys.derive_recovery_code(&parts)
        };
        Ok(numbers.map(of).collect())
    }

    /// Removes the caller's authenticator, after a check of the password and a code.
    pub async fn disable_totp(
        &self,
        caller: &Caller,
        password: Secret,
        code: Secret,
        address: Option<IpAddr>,
    ) -> ServiceResult<()> {
        let proven = self.identify_again(caller, password, address).await?;
        with_retry(&self.store, || async {
            let (transaction, _) = self.begin(caller.pass).await?;
            let person = self.lock_identified(&transaction, &proven).await?;
            self.expect_code(&transaction, &person, Some(&code)).await?;
            store::end_totp(&transaction, person.id).await?;
            self.commit_person(transaction).await
        })
        .await
    }

    /// Whether the caller signs in with codes.
    pub async fn has_totp(&self, caller: &Caller) -> ServiceResult<bool> {
        let row = store::totp_of(self.store.reader(), caller.pass.user).await?;
        Ok(row.is_some_and(|row| row.confirmed_at.is_some()))
    }

    /// Refuses a locked person without a valid code, if they need one. The code is used up.
    pub(in crate::service) async fn expect_code(
        &self,
        transaction: &Transaction,
        person: &Person,
        code: Option<&Secret>,
    ) -> ServiceResult<()> {
        let row = store::totp_of(transaction, person.id).await?;
        let Some(row) = row.filter(|row| row.confirmed_at.is_some()) else { return Ok(()) };
        let code = code.ok_or_else(|| {
            let message = "Your authenticator's code is asked for: send it as totpCode, or one of your recovery codes.";
            ServiceError::user(UserErrorCode::TotpRequired, &["totpCode"], message)
        })?;
        // Only after the right password: other people cannot use these attempts up.
        if !self.attempts.take_code(&person.username) {
            return Err(too_many_attempts());
        }
        match self.totp(person, &row)?.step(code, self.now()) {
            Some(step) if step > row.last_step => {
                Ok(store::record_totp_step(transaction, person.id, step, None).await?)
            }
            Some(_) => {
                // Told after the right password, of a code good for nothing any more.
                let message = "This code was used already. Wait for the next one.";
                Err(ServiceError::user(UserErrorCode::InvalidCredentials, &[], message))
            }
            None => {
                let used = store::use_recovery_code(transaction, person.id, &auth::recovery_digest(code)).await?;
                used.then_some(()).ok_or_else(invalid_credentials)
            }
        }
    }

    fn totp(&self, person: &Person, row: &entity::totp::Model) -> ServiceResult<Totp> {
        let secret = self.keys.unseal(&sealing_context(person), &row.sealed);
        let secret =
            secret.ok_or_else(|| ServiceError::Internal("an authenticator's secret does not open".to_owned()))?;
        Ok(Totp::from_secret(&secret, &person.username)?)
    }
}

fn invalid_code() -> ServiceError {
    ServiceError::user(UserErrorCode::InvalidCredentials, &["code"], "The code is wrong, or its time is over.")
}
