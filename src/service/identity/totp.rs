//! One-time codes (TOTP) as an optional second factor.

use std::net::IpAddr;

use crate::access::Caller;
use crate::auth::{self, KeyError, RECOVERY_CODES, Secret, Totp};
use crate::service::identity::sign_in::{too_many, wrong};
use crate::service::retry::with_retry;
use crate::service::{Answer, Refused, Service, UserErrorCode};
use crate::store::{self, Person, Transaction};

fn failed(error: KeyError) -> Refused {
    Refused::Internal(error.to_string())
}

/// For whom a secret is sealed.
fn context(person: &Person) -> Vec<u8> {
    [b"totp", &person.id.as_bytes()[..]].concat()
}

impl Service {
    /// Makes the secret of a new authenticator for the caller, who proves by their password that it is them. It asks for nothing
    /// until it is confirmed.
    pub async fn begin_totp(&self, caller: &Caller, password: Secret, address: Option<IpAddr>) -> Answer<Totp> {
        let proven = self.identify_again(caller, password, address).await?;
        with_retry(|| async {
            let (transaction, _) = self.begin(caller.pass).await?;
            let person = self.still(&transaction, &proven).await?;
            let before = store::totp_of(&transaction, person.id).await?;
            if before.is_some_and(|before| before.confirmed_at.is_some()) {
                let message = "An authenticator is in use already. Disable it first.";
                return Err(Refused::user(UserErrorCode::InvalidInput, &[], message));
            }
            let totp = Totp::new(&person.username).map_err(failed)?;
            let sealed = self.keys.seal(&context(&person), &totp.secret()).map_err(failed)?;
            store::begin_totp(&transaction, person.id, sealed).await?;
            self.commit_person(transaction).await?;
            Ok(totp)
        })
        .await
    }

    /// Confirms by its first code that the caller's authenticator has the secret: from here on it is asked for. Codes for the day
    /// that it is lost.
    pub async fn confirm_totp(&self, caller: &Caller, code: Secret) -> Answer<Vec<Secret>> {
        with_retry(|| async {
            let (transaction, caller) = self.begin(caller.pass).await?;
            let person = store::lock_person(&transaction, caller.pass.user).await?.ok_or(Refused::Unauthenticated)?;
            let row = store::totp_of(&transaction, person.id).await?.filter(|row| row.confirmed_at.is_none());
            let row = row.ok_or_else(|| {
                let message = "No authenticator waits to be confirmed. Begin with beginTotp.";
                Refused::user(UserErrorCode::InvalidInput, &[], message)
            })?;
            if !self.attempts.take_code(&person.username) {
                return Err(too_many());
            }
            let step = self.totp(&person, &row)?.step(&code, self.now()).ok_or_else(wrong_code)?;
            store::record_totp_step(&transaction, person.id, step, Some(self.now())).await?;
            let codes: Vec<Secret> =
                (0..RECOVERY_CODES).map(|_| auth::new_recovery_code()).collect::<Result<_, _>>().map_err(failed)?;
            let hashes = codes.iter().map(auth::recovery_digest).collect();
            store::add_recovery_codes(&transaction, person.id, hashes).await?;
            self.commit_person(transaction).await?;
            Ok(codes)
        })
        .await
    }

    /// Asks for no codes of the caller any longer, who proves by their password and a code that it is them.
    pub async fn disable_totp(
        &self,
        caller: &Caller,
        password: Secret,
        code: Secret,
        address: Option<IpAddr>,
    ) -> Answer<()> {
        let proven = self.identify_again(caller, password, address).await?;
        with_retry(|| async {
            let (transaction, _) = self.begin(caller.pass).await?;
            let person = self.still(&transaction, &proven).await?;
            self.expect_code(&transaction, &person, Some(&code)).await?;
            store::end_totp(&transaction, person.id).await?;
            self.commit_person(transaction).await
        })
        .await
    }

    /// Whether the caller is asked for codes.
    pub async fn has_totp(&self, caller: &Caller) -> Answer<bool> {
        let row = store::totp_of(self.store.reader(), caller.pass.user).await?;
        Ok(row.is_some_and(|row| row.confirmed_at.is_some()))
    }

    /// Refuses a person, whom nobody else changes meanwhile, without the code that they are asked for; it is used up.
    pub(in crate::service) async fn expect_code(
        &self,
        transaction: &Transaction,
        person: &Person,
        code: Option<&Secret>,
    ) -> Answer<()> {
        let row = store::totp_of(transaction, person.id).await?;
        let Some(row) = row.filter(|row| row.confirmed_at.is_some()) else { return Ok(()) };
        let code = code.ok_or_else(|| {
            let message = "Your authenticator's code is asked for: send it as totpCode, or one of your recovery codes.";
            Refused::user(UserErrorCode::TotpRequired, &["totpCode"], message)
        })?;
        // Only who knows the password comes so far: nobody else can use these attempts up.
        if !self.attempts.take_code(&person.username) {
            return Err(too_many());
        }
        match self.totp(person, &row)?.step(code, self.now()) {
            Some(step) if step > row.last_step => {
                Ok(store::record_totp_step(transaction, person.id, step, None).await?)
            }
            Some(_) => Err(wrong()),
            None => {
                let used = store::use_recovery_code(transaction, person.id, &auth::recovery_digest(code)).await?;
                used.then_some(()).ok_or_else(wrong)
            }
        }
    }

    fn totp(&self, person: &Person, row: &entity::totp::Model) -> Answer<Totp> {
        let secret = self.keys.unseal(&context(person), &row.sealed);
        let secret = secret.ok_or_else(|| Refused::Internal("an authenticator's secret does not open".to_owned()))?;
        Totp::from_secret(&secret, &person.username).map_err(failed)
    }
}

fn wrong_code() -> Refused {
    Refused::user(UserErrorCode::InvalidCredentials, &["code"], "The code is wrong, or its time is over.")
}
