//! The two languages that people are spoken to in. What is written is written in one of them — a message in English, an SOP's
//! label in Indonesian — and is told in the other to who wants that, by translations that the written text itself is the key of.
//! Codes are the same in both.

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

    /// The language of a tag; none for one that is not spoken here.
    pub fn from_tag(tag: &str) -> Option<Self> {
        [Self::Indonesian, Self::English].into_iter().find(|language| language.tag() == tag)
    }
}
