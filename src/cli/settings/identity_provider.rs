//! The identity provider of the settings.

use super::declarations::Settings;
use crate::auth::{Issuer, Provider};
use crate::cli::program_clock::clock;

/// Refuses malformed values, each setting by itself.
pub(super) fn validate(settings: &Settings) -> Result<(), String> {
    if settings.oidc_claim.trim().is_empty() {
        return Err("`oidc_claim` is empty: name the claim that says a person's username".to_owned());
    }
    if !settings.oidc_issuer.is_empty() {
        Issuer::named(&settings.oidc_issuer).map_err(|what| format!("`oidc_issuer` {what}"))?;
    }
    Ok(())
}

/// Refuses an issuer without an audience, and the reverse.
pub(super) fn validate_combination(settings: &Settings) -> Result<(), String> {
    match (settings.oidc_issuer.is_empty(), settings.oidc_audience.trim().is_empty()) {
        (true, true) | (false, false) => Ok(()),
        (false, true) => Err(
            "`oidc_issuer` is set and `oidc_audience` is not: name whom its tokens are for, as they say it in `aud`"
                .to_owned(),
        ),
        (true, false) => {
            Err("`oidc_audience` is set and `oidc_issuer` is not: name the identity provider whose tokens are taken"
                .to_owned())
        }
    }
}

/// Returns the identity provider, if one is set.
pub(in crate::cli) fn provider(settings: &Settings) -> Result<Option<Provider>, String> {
    if settings.oidc_issuer.is_empty() {
        return Ok(None);
    }
    let issuer = Issuer::named(&settings.oidc_issuer).map_err(|what| format!("`oidc_issuer` {what}"))?;
    Provider::new(issuer, settings.oidc_audience.clone(), settings.oidc_claim.clone(), clock()).map(Some)
}
