//! Content negotiation: the media type of a response, and its status codes (GraphQL over HTTP
//! <https://graphql.github.io/graphql-over-http/draft/>, sections 6.1 and 6.4).

use axum::http::{HeaderMap, HeaderValue, header};

use super::quality_values::{QualityRange, parse_ranges};

/// A media type of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status code tells an executed operation from a rejected one.
    Graphql,
    /// `application/json`, the older type: 200 for every GraphQL response, also to a rejected operation.
    Json,
}

impl MediaType {
    /// Returns the client's preferred type; none if it accepts neither.
    ///
    /// Without a preference the type is plain JSON. The draft recommends the other one since 2025 for requests without
    /// `Accept`, but its own audits still ask for JSON, and so do older clients and most HTTP libraries, by sending
    /// nothing or `*/*`.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let ranges: Vec<QualityRange<'_>> = accept_ranges(headers).collect();
        if ranges.is_empty() {
            return Some(Self::Json);
        }
        let preference = |media: Self| {
            let fits = ranges.iter().enumerate().filter(|(_, range)| range.specificity(media).is_some());
            // The most specific matching range counts (RFC 9110, section 12.5.1).
            let (place, range) = fits.max_by_key(|(place, range)| (range.specificity(media), usize::MAX - place))?;
            let preference = (range.quality, range.specificity(media), usize::MAX - place);
            (range.quality > 0).then_some(preference)
        };
        match (preference(Self::Graphql), preference(Self::Json)) {
            (None, None) => None,
            (graphql, json) if graphql > json => Some(Self::Graphql),
            _ => Some(Self::Json),
        }
    }

    /// Value of `Content-Type`.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Graphql => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Graphql => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }
}

/// Returns true if the client names and accepts `text/event-stream`.
pub(super) fn accepts_event_stream(headers: &HeaderMap) -> bool {
    accept_ranges(headers).any(|range| range.quality > 0 && range.name.eq_ignore_ascii_case("text/event-stream"))
}

/// Ranges in `Accept`.
fn accept_ranges(headers: &HeaderMap) -> impl Iterator<Item = QualityRange<'_>> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(parse_ranges)
}

impl QualityRange<'_> {
    /// Specificity of a match; none without a match.
    fn specificity(&self, media: MediaType) -> Option<u8> {
        match self.name {
            "*/*" => Some(0),
            name if name.eq_ignore_ascii_case("application/*") => Some(1),
            name if name.eq_ignore_ascii_case(media.name()) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_media_type_is_chosen() {
        const GRAPHQL: Option<MediaType> = Some(MediaType::Graphql);
        const JSON: Option<MediaType> = Some(MediaType::Json);
        for (accept, expected) in [
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/json", JSON),
            ("Application/GraphQL-Response+JSON; charset=utf-8", GRAPHQL),
            ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
            ("application/json;q=0.9, application/graphql-response+json", GRAPHQL),
            ("application/graphql-response+json, application/json", GRAPHQL),
            ("application/json, application/graphql-response+json", JSON),
            ("application/json, application/graphql-response+json;q=0.5", JSON),
            ("*/*, application/graphql-response+json", GRAPHQL),
            ("application/json;q=0, */*", GRAPHQL),
            ("application/json;q=0, application/graphql-response+json;q=0, */*", None),
            ("text/html, */*;q=0.8", JSON),
            ("text/html", None),
            ("application/json; Q=0", None),
            ("application/json; q=nonsense", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(MediaType::negotiate(&headers), expected, "{accept}");
        }
        assert_eq!(MediaType::negotiate(&HeaderMap::new()), JSON);
    }
}
