//! Translation tables, keyed by the written text.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Translations, keyed by the written text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Translations(BTreeMap<String, String>);

impl Translations {
    /// Reads a TOML table of texts.
    pub fn read(toml: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(toml).map(Self)
    }

    /// Returns a text's translation, or the text itself.
    pub fn translate<'a>(&'a self, written: &'a str) -> &'a str {
        self.0.get(written).map_or(written, String::as_str)
    }

    /// Returns true if there is a translation.
    pub fn has(&self, written: &str) -> bool {
        self.0.contains_key(written)
    }

    /// Every text with its translation.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(written, translated)| (written.as_str(), translated.as_str()))
    }
}
