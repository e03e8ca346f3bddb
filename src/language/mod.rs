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
        let mut most: Option<(u16, Self)> = None;
        for range in header.split(',') {
            let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
            // A range of a region or script wants the language itself where that is all there is.
            let tag = range.split('-').next().unwrap_or_default().trim().to_ascii_lowercase();
            let Some(language) = Self::of(&tag) else { continue };
            let quality =
                parameters.trim().strip_prefix(['q', 'Q']).and_then(|value| value.trim_start().strip_prefix('='));
            let quality = quality.map_or(1.0, |value| value.trim().parse().unwrap_or(0.0_f32));
            // In thousandths, as far as they are told; what is no number is none.
            let quality = (quality.clamp(0.0, 1.0) * 1000.0) as u16;
            if quality > most.map_or(0, |(quality, _)| quality) {
                most = Some((quality, language));
            }
        }
        most.map(|(_, language)| language)
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
            ("en;q=nan, id;q=0.001, en;q=-1, en;q=inf", Some(Language::English)),
            ("en;q=nan, id;q=0.001", Some(Language::Indonesian)),
            ("id ; q = 0.3 , EN-gb;Q=0.2", Some(Language::Indonesian)),
        ] {
            assert_eq!(Language::wanted(header), wanted, "{header}");
        }
    }
}
