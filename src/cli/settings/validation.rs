//! Validation of the settings, beyond their types.

use super::declarations::Settings;
use super::{database, identity_provider};
use crate::http::AllowedOrigins;

/// Refuses combinations of settings that contradict each other, across all layers.
pub(super) fn validate_combination(settings: &Settings) -> Result<(), String> {
    if settings.documents_only && settings.registered_documents > 0 {
        return Err("`documents_only` runs the manifest's documents alone, and `registered_documents` lets clients add others: \
                    leave one of them out"
            .to_owned());
    }
    identity_provider::validate_combination(settings)
}

/// Refuses values of the right type that are out of bounds or malformed.
pub(super) fn validate(settings: &Settings) -> Result<(), String> {
    settings.validate_bounds()?;
    if settings.token_audience.trim().is_empty() {
        return Err("`token_audience` is empty: name whom access tokens are for, the same on every instance".to_owned());
    }
    if let Err(name) = AllowedOrigins::parse(&settings.cors_origins) {
        return Err(format!(
            "`cors_origins` has `{name}`: write each origin as browsers send it, such as https://app.example"
        ));
    }
    database::place(settings)?;
    identity_provider::validate(settings)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log);
    filter.map(|_| ()).map_err(|error| format!("`log` is no filter: {error}; write a level like `info`"))
}
