//! One-time codes (TOTP) beside the password.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::user_error::{UserError, split_user_errors};
use crate::auth::Secret;
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::context::sign_in_attempt::within_one_attempt;
use crate::graphql::error;
use crate::service::ServiceError;

/// One-time codes of the signed-in person.
#[derive(Default)]
pub(crate) struct TotpMutation;

/// A new authenticator.
#[derive(InputObject)]
struct BeginTotpInput {
    /// Your password.
    password: String,
}

/// The secret for the authenticator, or the errors in the input.
#[derive(SimpleObject, Default)]
struct BeginTotpPayload {
    /// The secret, in base32, to be typed into the authenticator. Null when refused.
    secret: Option<String>,
    /// The same as an `otpauth:` URI, to be scanned as a QR code. Null when refused.
    uri: Option<String>,
    /// Errors in the input; empty when it was begun.
    user_errors: Vec<UserError>,
}

/// Confirmation of an authenticator.
#[derive(InputObject)]
struct ConfirmTotpInput {
    /// The code it shows.
    code: String,
    /// Makes a retry harmless: for ten minutes the same key with the same code shows the same recovery codes again, until one is used.
    /// A new UUID for each confirmation does well.
    idempotency_key: Option<String>,
}

/// Recovery codes for a lost authenticator, or the errors in the input.
#[derive(SimpleObject, Default)]
struct ConfirmTotpPayload {
    /// Ten codes, each good once in the place of the authenticator's: shown this once, and in a retry. Null when refused.
    recovery_codes: Option<Vec<String>>,
    /// Errors in the input; empty when it was confirmed.
    user_errors: Vec<UserError>,
}

/// Removal of an authenticator.
#[derive(InputObject)]
struct DisableTotpInput {
    /// Your password.
    password: String,
    /// The code it shows, or a recovery code.
    code: String,
}

/// The result of the removal, or the errors in the input.
#[derive(SimpleObject)]
struct DisableTotpPayload {
    /// Errors in the input; empty when it was done.
    user_errors: Vec<UserError>,
}

/// One-time codes of the signed-in person.
#[Object]
impl TotpMutation {
    /// Begins to use an authenticator (TOTP, RFC 6238): codes are asked for once it is confirmed. Attempts are limited, one to an
    /// operation. Null only beside an error.
    async fn begin_totp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The authenticator.")] input: BeginTotpInput,
    ) -> Result<Option<BeginTotpPayload>> {
        let (caller, password) = (caller(context)?, Secret::new(input.password));
        let begun =
            within_one_attempt(context, service(context)?.begin_totp(caller, password, session(context)?.address))
                .await;
        Ok(Some(match split_user_errors(begun)? {
            Err(user_errors) => BeginTotpPayload { user_errors, ..Default::default() },
            Ok(totp) => {
                let uri = totp.uri().map_err(|fault| error::from_refused(ServiceError::Internal(fault.to_string())))?;
                BeginTotpPayload {
                    secret: Some(totp.secret().expose().to_owned()),
                    uri: Some(uri.expose().to_owned()),
                    user_errors: Vec::new(),
                }
            }
        }))
    }

    /// Confirms your authenticator by its first code: from here on signing in asks for one. Null only beside an error.
    async fn confirm_totp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The confirmation.")] input: ConfirmTotpInput,
    ) -> Result<Option<ConfirmTotpPayload>> {
        let (caller, code, key) = (caller(context)?, Secret::new(input.code), input.idempotency_key.as_deref());
        let confirmed = within_one_attempt(context, service(context)?.confirm_totp(caller, code, key)).await;
        Ok(Some(match split_user_errors(confirmed)? {
            Err(user_errors) => ConfirmTotpPayload { user_errors, ..Default::default() },
            Ok(codes) => ConfirmTotpPayload {
                recovery_codes: Some(codes.iter().map(|code| code.expose().to_owned()).collect()),
                user_errors: Vec::new(),
            },
        }))
    }

    /// Uses your authenticator no longer: signing in asks for your password only, and your recovery codes are good for nothing.
    /// Null only beside an error.
    async fn disable_totp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Proof of identity.")] input: DisableTotpInput,
    ) -> Result<Option<DisableTotpPayload>> {
        let (password, code) = (Secret::new(input.password), Secret::new(input.code));
        let caller = caller(context)?;
        let done = within_one_attempt(
            context,
            service(context)?.disable_totp(caller, password, code, session(context)?.address),
        )
        .await;
        Ok(Some(DisableTotpPayload { user_errors: split_user_errors(done)?.err().unwrap_or_default() }))
    }
}
