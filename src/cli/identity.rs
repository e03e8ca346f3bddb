//! The identity provider named by the settings.

use super::Settings;
use crate::auth::{Issuer, Provider};

/// What is wrong with a setting of it by itself.
pub(super) fn judge(settings: &Settings) -> Result<(), String> {
    if settings.oidc_claim.trim().is_empty() {
        return Err("`oidc_claim` is empty: name the claim that says a person's username".to_owned());
    }
    if !settings.oidc_issuer.is_empty() {
        Issuer::named(&settings.oidc_issuer).map_err(|what| format!("`oidc_issuer` {what}"))?;
    }
    Ok(())
}

/// What is wrong with all of them together.
pub(super) fn judge_together(settings: &Settings) -> Result<(), String> {
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

/// The identity provider whose tokens are taken, if one is.
pub(super) fn provider(settings: &Settings) -> Result<Option<Provider>, String> {
    if settings.oidc_issuer.is_empty() {
        return Ok(None);
    }
    let issuer = Issuer::named(&settings.oidc_issuer).map_err(|what| format!("`oidc_issuer` {what}"))?;
    Provider::new(issuer, settings.oidc_audience.clone(), settings.oidc_claim.clone(), super::clock()).map(Some)
}
