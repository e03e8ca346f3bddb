//! Quality values of `Accept` and `Accept-Language` headers (RFC 9110, section 12.4.2).

use axum::http::{HeaderMap, header};

use crate::language::Language;

/// A range of a header, with its quality value.
pub(super) struct QualityRange<'a> {
    pub(super) name: &'a str,
    /// In thousandths; 0 if malformed.
    pub(super) quality: u16,
}

impl<'a> QualityRange<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let quality =
            parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
        let quality = quality.map_or(1.0, |(_, value)| value.trim().parse().unwrap_or(0.0_f32));
        Some(Self { name, quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16 })
    }
}

/// Ranges of a header value, in order.
pub(super) fn parse_ranges(value: &str) -> impl Iterator<Item = QualityRange<'_>> {
    value.split(',').filter_map(QualityRange::parse)
}

/// The supported language with the highest quality value.
pub(super) fn preferred_language(headers: &HeaderMap) -> Option<Language> {
    parse_preferred_language(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// Parses `Accept-Language` (RFC 9110, section 12.5.4). None without a supported language: messages then stay
/// untranslated.
pub(super) fn parse_preferred_language(header: &str) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    for range in parse_ranges(header) {
        // Regions and scripts fall back to the language itself.
        let tag = range.name.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Some(language) = Language::from_tag(&tag) else { continue };
        if range.quality > best.map_or(0, |(quality, _)| quality) {
            best = Some((range.quality, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_quality_value_is_preferred() {
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
            assert_eq!(parse_preferred_language(header), wanted, "{header}");
        }
    }
}
