//! Localization: Indonesian and English. Messages are written in English, SOP labels in Indonesian; translations are keyed by the
//! written text. Codes are the same in both.

mod text;
mod translations;

pub use text::{Text, ToText};
pub use translations::Translations;

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// Bahasa Indonesia.
    #[serde(rename = "id")]
    Indonesian,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }

    /// Parses a tag; none for an unsupported language.
    pub fn from_tag(tag: &str) -> Option<Self> {
        [Self::Indonesian, Self::English].into_iter().find(|language| language.tag() == tag)
    }
}
