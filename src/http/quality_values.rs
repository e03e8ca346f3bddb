//! Quality values of `Accept` and `Accept-Language` headers (RFC 9110, section 12.4.2).

use axum::http::{HeaderMap, header};

use crate::language::Language;

/// One of the ranges that a header names.
pub(super) struct Range<'a> {
    pub(super) name: &'a str,
    /// In thousandths; what is no number is none.
    pub(super) quality: u16,
}

impl<'a> Range<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let quality =
            parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
        let quality = quality.map_or(1.0, |(_, value)| value.trim().parse().unwrap_or(0.0_f32));
        Some(Self { name, quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16 })
    }
}

/// What stands in a header's value, in its order.
pub(super) fn ranges_of(value: &str) -> impl Iterator<Item = Range<'_>> {
    value.split(',').filter_map(Range::of)
}

/// The language that is wanted most of those that are spoken.
pub(super) fn language(headers: &HeaderMap) -> Option<Language> {
    language_of(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// What a header `Accept-Language` (RFC 9110, section 12.5.4) wants most of what is spoken here; none where it wants neither, and
/// everything is told as it was written.
pub(super) fn language_of(header: &str) -> Option<Language> {
    let mut most: Option<(u16, Language)> = None;
    for range in ranges_of(header) {
        // A range of a region or script wants the language itself where that is all there is.
        let tag = range.name.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Some(language) = Language::from_tag(&tag) else { continue };
        if range.quality > most.map_or(0, |(quality, _)| quality) {
            most = Some((range.quality, language));
        }
    }
    most.map(|(_, language)| language)
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
            assert_eq!(language_of(header), wanted, "{header}");
        }
    }
}
