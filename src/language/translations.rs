//! Translations, by what is written.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Texts in another language, each by the text that is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Translations(BTreeMap<String, String>);

impl Translations {
    /// Reads a TOML table of texts.
    pub fn read(toml: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(toml).map(Self)
    }

    /// A text in the other language; itself where it is not translated.
    pub fn translate<'a>(&'a self, written: &'a str) -> &'a str {
        self.0.get(written).map_or(written, String::as_str)
    }

    /// Whether a text is translated.
    pub fn has(&self, written: &str) -> bool {
        self.0.contains_key(written)
    }

    /// Every text with its translation.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(written, told)| (written.as_str(), told.as_str()))
    }
}
