//! The two languages that people are spoken to in. What is written is written in one of them — a message in English, an SOP's
//! label in Indonesian — and is told in the other to who wants that, by translations that the written text itself is the key of.
//! Codes are the same in both.

mod text;
mod translations;

pub use text::{Said, Text};
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
    pub fn of(tag: &str) -> Option<Self> {
        [Self::Indonesian, Self::English].into_iter().find(|language| language.tag() == tag)
    }

    /// What a header `Accept-Language` (RFC 9110, section 12.5.4) wants most of what is spoken here; none where it wants
    /// neither, and everything is told as it was written.
    pub fn wanted(header: &str) -> Option<Self> {
        let mut ranges = accept_language::parse_with_quality(header).into_iter().filter(|(_, quality)| *quality > 0.0);
        // A range of a region or script wants the language itself where that is all there is.
        ranges.find_map(|(range, _)| Self::of(&range.split('-').next()?.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_header_wants_most_is_told() {
        for (header, wanted) in [
            ("id", Some(Language::Indonesian)),
            ("id-ID,id;q=0.9,en;q=0.8", Some(Language::Indonesian)),
            ("en-GB, id;q=0.5", Some(Language::English)),
            ("fr, en;q=0.2, id;q=0.4", Some(Language::Indonesian)),
            ("en;q=0, id;q=0.1", Some(Language::Indonesian)),
            ("fr", None),
            ("*", None),
            ("", None),
            (";;,q=", None),
        ] {
            assert_eq!(Language::wanted(header), wanted, "{header}");
        }
    }
}
